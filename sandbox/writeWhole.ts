import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SandboxError } from "./errors";

/**
 * Writes a file for its owner only. A reader sees the old content or the new one, never a part, and so it is after a crash or
 * on a full disk: it is written beside the file, synced, then renamed over it.
 *
 * @throws SandboxError that names the file, where it cannot be written
 */
export function writeWhole(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const beside = `${file}.new`;
    try {
        sync(beside, "w", text);
        renameSync(beside, file);
        sync(dirname(file), "r");
    } catch (error) {
        // The system's own message of a full disk does not say which.
        throw new SandboxError(`${file} cannot be written: ${(error as Error).message}`);
    }
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
