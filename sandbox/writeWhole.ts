import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file for its owner only. A reader sees the old content or the new one, never a part, and so it is after a crash or
 * on a full disk: it is written beside the file, synced, then renamed over it.
 */
export function writeWhole(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const beside = `${file}.new`;
    sync(beside, "w", text);
    renameSync(beside, file);
    sync(dirname(file), "r");
}

function sync(path: string, flags: string, text?: string): void {
    const descriptor = openSync(path, flags, 0o600);
    try {
        if (text !== undefined) writeFileSync(descriptor, text);
        fsyncSync(descriptor);
    } finally {
        closeSync(descriptor);
    }
}
