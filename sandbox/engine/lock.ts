import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

interface Holder {
    pid: number;
    /** The kernel's start time of the process: tells it from a later one with the same pid. */
    started: string;
    since: string;
}

/**
 * Takes the lock or throws, naming the process that holds it. A lock whose process is gone is taken over.
 * Returns what releases it.
 */
export function lock(file: string): () => void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const mine: Holder = { pid: process.pid, started: startTime(process.pid) ?? "", since: new Date().toISOString() };
    const own = `${file}.${process.pid}`;
    writeFileSync(own, JSON.stringify(mine), { mode: 0o600 });
    try {
        // A link appears with its whole content or not at all, and fails where one is already.
        while (!tryLink(own, file)) {
            const holder = readHolder(file);
            if (holder && isAlive(holder))
                throw new Error(
                    `another run holds ${file}: process ${holder.pid}, since ${holder.since}; wait for it or stop it`,
                );
            if (holder) discard(file, holder);
        }
    } finally {
        rmSync(own, { force: true });
    }
    return () => {
        if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
    };
}

function tryLink(from: string, to: string): boolean {
    try {
        linkSync(from, to);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw error;
    }
}

function readHolder(file: string): Holder | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as Holder;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new Error(`${file} is not a lock file: remove it if no other run is under way`, { cause: error });
    }
}

/** Removes a stale lock; if another run has taken it over meanwhile, that one's lock is put back. */
function discard(file: string, stale: Holder): void {
    const aside = `${file}.${process.pid}.stale`;
    try {
        renameSync(file, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
    }
    const moved = readHolder(aside);
    if (moved && (moved.pid !== stale.pid || moved.started !== stale.started)) tryLink(aside, file);
    rmSync(aside, { force: true });
}

function isAlive(holder: Holder): boolean {
    return startTime(holder.pid) === holder.started;
}

/** Field 22 of /proc/PID/stat, counted after the command's name, which may hold spaces; undefined for a dead process. */
function startTime(pid: number): string | undefined {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return fields[0] === "Z" ? undefined : fields[19];
    } catch {
        return undefined;
    }
}
