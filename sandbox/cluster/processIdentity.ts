import { existsSync, readFileSync } from "node:fs";

/** A process that cannot be mistaken for another one that got the same pid later. */
export interface ProcessIdentity {
    pid: number;
    /** Clock ticks between the boot and the start of the process. */
    startTime: string;
    bootId: string;
}

/** Who runs under a pid now; undefined if nobody does, or only a dead process that waits for its parent. */
export function identify(pid: number): ProcessIdentity | undefined {
    let stat: string;
    try {
        stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    } catch {
        return undefined;
    }
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTime] = [fields[0], fields[19]];
    if (state === "Z" || state === "X" || startTime === undefined) return undefined;
    return { pid, startTime, bootId: bootId() };
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
    const now = identify(identity.pid);
    return now?.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** Reads a process record; undefined if there is none or it is not whole. */
export function readIdentity(file: string): ProcessIdentity | undefined {
    if (!existsSync(file)) return undefined;
    try {
        const { pid, startTime, bootId } = JSON.parse(readFileSync(file, "utf8")) as Partial<ProcessIdentity>;
        return pid && startTime && bootId ? { pid, startTime, bootId } : undefined;
    } catch {
        return undefined;
    }
}

function bootId(): string {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
