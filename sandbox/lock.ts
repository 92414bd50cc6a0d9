import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
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
 * The kernel frees the lock when this process ends, however it ends; `work` may remove the file.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
    const descriptor = await acquire(file, options);
    try {
        return await work();
    } finally {
        closeSync(descriptor);
    }
}

async function acquire(file: string, { timeout = 1800, onWait }: LockOptions): Promise<number> {
    mkdirSync(dirname(file), { recursive: true });
    for (;;) {
        const descriptor = openSync(file, "a+", 0o644);
        const waiting = setTimeout(() => onWait?.(), patience);
        const isHeld = await lock(descriptor, timeout).finally(() => {
            clearTimeout(waiting);
        });
        if (!isHeld) {
            closeSync(descriptor);
            const holder = readFileSync(file, "utf8");
            throw new SandboxError(
                `gave up after ${timeout} s: process ${holder} holds the lock ${file}; wait for it or stop it`,
            );
        }
        if (statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino) {
            ftruncateSync(descriptor);
            writeSync(descriptor, `${process.pid}`);
            return descriptor;
        }
        // Its last holder has removed the file: who comes now would lock another one.
        closeSync(descriptor);
    }
}

/** Node has no flock(2) of its own; the lock belongs to the open file, so it outlives the command that takes it. */
async function lock(descriptor: number, timeout: number): Promise<boolean> {
    const flock = spawn("flock", ["--exclusive", "--timeout", `${timeout}`, "3"], {
        stdio: ["ignore", "ignore", "inherit", descriptor],
    });
    const [code] = (await once(flock, "close").catch((error: unknown) => {
        throw new SandboxError(`the command flock (package util-linux) is needed: ${String(error)}`);
    })) as [number | null];
    return code === 0;
}
