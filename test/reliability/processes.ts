/** The processes of a system's pods, as this machine sees them. */
import { readdirSync, readFileSync } from "node:fs";
import { type System } from "./system";

interface Pods {
    readonly items: readonly { readonly metadata: { readonly uid: string; readonly name: string } }[];
}

/** Bots' engine itself, not what waits for it. */
export const ENGINE = /python3?\S* \S*bots-engine /;

/** Ids of the processes whose command line matches, in pods of a component. */
export async function processesOf(system: System, component: string, command: RegExp): Promise<number[]> {
    const { items } = await system.read<Pods>("pods", "-l", `component=${component}`);
    return runningIn(
        items.map(({ metadata }) => metadata.uid),
        command,
    );
}

/** The uids of all pods of a system. */
export async function podUids(system: System): Promise<string[]> {
    const { items } = await system.read<Pods>("pods");
    return items.map(({ metadata }) => metadata.uid);
}

/** Ids of the processes whose command line matches, in these pods. */
export function runningIn(uids: readonly string[], command: RegExp): number[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => {
            try {
                if (!command.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "))) return false;
                const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8");
                return uids.some((uid) => cgroup.includes(uid));
            } catch {
                return false; // ended meanwhile
            }
        })
        .map(Number);
}
