import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt } from "./exec";
import { layout } from "./layout";

/** What the machine was like before the sandbox first changed it. */
interface HostRecord {
    sysctls: Record<string, string>;
    /** Shared folders that did not exist. */
    absentFolders: string[];
}

/** Set by the sandbox (first two) or by its kubelet (the rest), which insists on its own values. */
const sysctls: Record<string, string | undefined> = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    "vm/overcommit_memory": undefined,
    "vm/panic_on_oom": undefined,
    "kernel/panic": undefined,
    "kernel/panic_on_oops": undefined,
    "kernel/keys/root_maxkeys": undefined,
    "kernel/keys/root_maxbytes": undefined,
};

/** Where every kubelet puts a socket and a checkpoint, whatever its root folder is. */
const devicePlugins = "/var/lib/kubelet/device-plugins";

/** Folders that containerd, its CNI library and the kubelet make at fixed places; parents before children. */
const sharedFolders = [
    "/run/containerd",
    "/run/containerd/s",
    "/var/lib/cni",
    "/var/lib/cni/results",
    "/var/log/containers",
    "/var/lib/kubelet",
    devicePlugins,
];

/** Records the machine as it is, once, and sets what pods need to reach each other. */
export async function prepareHost(): Promise<void> {
    if (!existsSync("/proc/sys/net/bridge")) await attempt("modprobe", ["br_netfilter"]);
    if (!existsSync(layout.hostRecord)) {
        const record: HostRecord = {
            sysctls: Object.fromEntries(
                Object.keys(sysctls)
                    .filter(exists)
                    .map((name) => [name, read(name)]),
            ),
            absentFolders: sharedFolders.filter((folder) => !existsSync(folder)),
        };
        mkdirSync(dirname(layout.hostRecord), { recursive: true });
        writeFileSync(layout.hostRecord, JSON.stringify(record, undefined, 2));
    }
    for (const [name, value] of Object.entries(sysctls)) if (value !== undefined) write(name, value);
}

/** Puts the recorded settings back and removes the shared folders that are empty and were not there before. */
export function restoreHost(): void {
    if (!existsSync(layout.hostRecord)) return;
    const { sysctls: before, absentFolders } = JSON.parse(readFileSync(layout.hostRecord, "utf8")) as HostRecord;
    for (const [name, value] of Object.entries(before)) write(name, value);
    if (absentFolders.includes(devicePlugins)) rmSync(devicePlugins, { recursive: true, force: true });
    for (const folder of absentFolders.reverse()) {
        if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
    }
}

function path(name: string): string {
    return join("/proc/sys", name);
}

function exists(name: string): boolean {
    return existsSync(path(name));
}

function read(name: string): string {
    return readFileSync(path(name), "utf8").trim();
}

function write(name: string, value: string): void {
    if (exists(name) && read(name) !== value) writeFileSync(path(name), value);
}
