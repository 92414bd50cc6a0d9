import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Makes a file or a folder whole or not at all: `work` gets an empty folder beside the target, and returns what becomes the
 * target by one rename. Whoever calls holds a lock: what is there of others is left over from makers that were killed.
 */
export async function makeWhole(target: string, work: (scratch: string) => Promise<string>): Promise<void> {
    const [folder, prefix] = [dirname(target), `${basename(target)}.partial-`];
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).filter((each) => each.startsWith(prefix))) {
        rmSync(join(folder, name), { recursive: true, force: true });
    }
    const scratch = mkdtempSync(join(folder, prefix));
    try {
        const made = await work(scratch);
        rmSync(target, { recursive: true, force: true });
        renameSync(made, target);
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}
