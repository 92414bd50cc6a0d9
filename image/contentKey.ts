import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** A short hash over texts and over every file (path, mode and content) of the folders: the same inputs give the same key. */
export function contentKey(texts: string[], folders: string[]): string {
    const hash = createHash("sha256");
    for (const text of texts) hash.update(`${text.length}:${text}`);
    for (const folder of folders) {
        for (const file of filesOf(folder)) {
            const content = readFileSync(file);
            const executable = (statSync(file).mode & 0o100) !== 0;
            hash.update(`${relative(folder, file)}:${executable ? "x" : "-"}:${content.length}:`).update(content);
        }
    }
    return hash.digest("hex").slice(0, 16);
}

function filesOf(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
}
