import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { processesInCgroups } from "./cgroups";

/** What a Kubernetes node runs: a second one on the same network would undo its rules and take its sockets. */
const programs = new Set(["kubelet", "kube-proxy", "kube-router", "k3s", "k3s-server", "k3s-agent", "kubelite"]);

/** The processes of other Kubernetes nodes on this machine. One with a network of its own, such as kind's, is no neighbour. */
export function otherNodes(): string[] {
    const own = new Set(processesInCgroups().map(String));
    return readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid) && !own.has(pid))
        .flatMap((pid) => {
            try {
                const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
                return programs.has(name) && network(pid) === network("self") ? [`${name} (pid ${pid})`] : [];
            } catch {
                // It has ended meanwhile.
                return [];
            }
        });
}

function network(pid: string): string {
    return readlinkSync(`/proc/${pid}/ns/net`);
}
