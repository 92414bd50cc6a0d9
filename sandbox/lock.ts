import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SandboxError } from "./errors";

/** Milliseconds after which a caller that has to wait is told so. */
const patience = 500;

export interface LockOptions {
    /** Seconds until it gives up; default 1800. */
    timeout?: number;
    /** Called once if somebody else holds the lock. */
    onWait?: () => void;
}

/**
 * Runs `work` while nobody else on the machine holds the lock of the same file.
 * The kernel frees the lock when this process ends, however it ends; the file stays.
 */
export async function withLock<T>(
    file: string,
    work: () => Promise<T>,
    { timeout = 1800, onWait }: LockOptions = {},
): Promise<T> {
    mkdirSync(dirname(file), { recursive: true });
    // flock's command lives as long as our end of its pipe is open.
    const args = ["--exclusive", "--timeout", `${timeout}`, file, "sh", "-c", "echo held; exec cat"];
    // A group of its own: at Ctrl-C the lock is held until the work has come to its end.
    const holder = spawn("flock", args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
    const ended = once(holder, "close");
    const waiting = setTimeout(() => onWait?.(), patience);
    const isHeld = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
    clearTimeout(waiting);
    if (!isHeld) {
        const other = readFileSync(file, "utf8");
        throw new SandboxError(
            `gave up after ${timeout} s: process ${other} holds the lock ${file}; wait for it or stop it`,
        );
    }
    writeFileSync(file, `${process.pid}`);
    try {
        return await work();
    } finally {
        holder.stdin.end();
        await ended;
    }
}
