import { readFileSync } from "node:fs";
import { attempt, run } from "../../operations/exec";

/** Where something is mounted, in the order in which it was. */
export function mounts(table = readFileSync("/proc/self/mountinfo", "utf8")): string[] {
    return table
        .split("\n")
        .flatMap((line) => line.split(" ").slice(4, 5))
        .map((path) => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}

/** What is mounted below the folders. What is mounted at one of them, a disk for the sandbox say, is not of its making. */
export function mountsBelow(folders: readonly string[], table?: string): string[] {
    return mounts(table).filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
}

/** Takes away everything that is mounted below the folders, the last mounted first. */
export async function unmountBelow(folders: readonly string[]): Promise<number> {
    let count = 0;
    // Looked up anew each time: taking one mount away may take its copies away too.
    for (let last = mountsBelow(folders).at(-1); last !== undefined; last = mountsBelow(folders).at(-1)) {
        // A mount that something outside still holds is detached now and vanishes when that something lets go.
        if ((await attempt("umount", [last])).code !== 0) await run("umount", ["--lazy", last]);
        count++;
    }
    return count;
}
