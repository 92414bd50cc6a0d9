import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../errors";
import { writeWhole } from "../writeWhole";
import { controllers, restoreControllers } from "./cgroups";
import { attempt } from "../../operations/exec";
import { layout } from "./layout";
import { otherNodes } from "./otherNodes";

/** What the machine was like before the sandbox first changed it. */
interface HostRecord {
    sysctls: Record<string, string>;
    /** Shared folders that did not exist. */
    absentFolders: string[];
    /** The controllers that the root of cgroup v2 handed down; with cgroup v1 there are none. */
    controllers: string;
    /** Whether the kernel passed bridged packets to the firewall at all: without it Services of the bridge do not answer. */
    filtersBridges: boolean;
}

const bridgeFilter = "/proc/sys/net/bridge";

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

/** Refuses a machine with another Kubernetes node, whose kubelet and kube-proxy the sandbox's own would disturb. */
export function requireNoOtherNode(): void {
    const traces = existsSync(layout.hostRecord) || !existsSync(devicePlugins) ? [] : readdirSync(devicePlugins);
    const found = [...otherNodes(), ...traces.map((file) => join(devicePlugins, file))];
    if (found.length === 0) return;
    throw new SandboxError(
        `this machine is a Kubernetes node already: ${found.join(", ")}; the sandbox needs a machine without one`,
    );
}

/** Records the machine as it is, once, and sets what pods need to reach each other. */
export async function prepareHost(): Promise<void> {
    if (!existsSync(layout.hostRecord)) {
        const record: HostRecord = {
            sysctls: Object.fromEntries(
                Object.keys(sysctls)
                    .filter(exists)
                    .map((name) => [name, read(name)]),
            ),
            absentFolders: sharedFolders.filter((folder) => !existsSync(folder)),
            controllers: controllers(),
            filtersBridges: existsSync(bridgeFilter),
        };
        writeWhole(layout.hostRecord, JSON.stringify(record, undefined, 2));
    }
    if (!existsSync(bridgeFilter)) {
        const { code, stderr } = await attempt("modprobe", ["br_netfilter"]);
        if (code !== 0) throw new SandboxError(`the kernel module br_netfilter cannot be loaded: ${stderr.trim()}`);
    }
    for (const [name, value] of Object.entries(sysctls)) if (value !== undefined) write(name, value);
}

/** Puts the recorded settings back and removes the shared folders that are empty and were not there before. */
export async function restoreHost(): Promise<void> {
    if (!existsSync(layout.hostRecord)) return;
    const record = JSON.parse(readFileSync(layout.hostRecord, "utf8")) as HostRecord;
    const { sysctls: before, absentFolders, controllers: handedDown, filtersBridges } = record;
    for (const [name, value] of Object.entries(before)) write(name, value);
    restoreControllers(handedDown);
    if (!filtersBridges) await attempt("modprobe", ["--remove", "br_netfilter"]);
    if (absentFolders.includes(devicePlugins) && otherNodes().length === 0)
        rmSync(devicePlugins, { recursive: true, force: true });
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
