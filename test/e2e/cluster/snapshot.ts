import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { attempt, run } from "../../../operations/exec";
import { cacheDir } from "../../../sandbox/paths";

export interface Snapshot {
    processes: string[];
    mounts: string[];
    interfaces: string[];
    addresses: string[];
    routes: string[];
    firewall: string[];
    cgroups: string[];
    files: string[];
    settings: Record<string, string>;
}

/** Where Kubernetes' and containerd's defaults would show if a component wrote outside the sandbox's own places. */
const traces = /bots-edi|kube|containerd|runc|\bcri\b|cni|etcd|coredns|local-path/;

const folders = [
    "/etc",
    "/run",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/usr/libexec",
    "/usr/lib/cni",
    "/opt/cni",
    "/opt/containerd",
];

/** Kernel settings that Kubernetes components are known to change. */
const settings = [
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/** What the sandbox could leave on a machine. Other programs' processes, files and groups come and go and are not looked at. */
export async function snapshot(): Promise<Snapshot> {
    return {
        processes: processes(),
        mounts: readFileSync("/proc/self/mounts", "utf8").split("\n").sort(),
        interfaces: await lines("ip", ["-brief", "link"]),
        addresses: await lines("ip", ["-brief", "address"]),
        routes: await lines("ip", ["route", "show", "table", "all"]),
        firewall: await firewall(),
        cgroups: tree("/sys/fs/cgroup").filter((path) => traces.test(path)),
        files: folders.flatMap(tree).filter((path) => traces.test(path)),
        settings: Object.fromEntries(
            settings
                .map((name) => join("/proc/sys", name))
                .filter((path) => existsSync(path))
                .map((path) => [path, readFileSync(path, "utf8").trim()]),
        ),
    };
}

/** Processes of the sandbox's own programs and those in its groups. */
function processes(): string[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
            try {
                const program = readlinkSync(`/proc/${pid}/exe`);
                const isOwn =
                    program.startsWith(cacheDir()) || traces.test(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
                return isOwn ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
            } catch {
                // It has ended meanwhile.
                return [];
            }
        });
}

async function firewall(): Promise<string[]> {
    const nft = await lines("nft", ["list", "ruleset"]);
    const legacy = await Promise.all(
        ["iptables-legacy-save", "ip6tables-legacy-save"].map(async (command) => {
            const isThere = (await attempt("which", [command])).code === 0;
            // Rules, chains of one's own and policies that drop: an empty table that was looked at once is no trace.
            return isThere ? (await lines(command, [])).filter((line) => /^(-|:\S+ (?!ACCEPT))/.test(line)) : [];
        }),
    );
    const sets = (await attempt("which", ["ipset"])).code === 0 ? await lines("ipset", ["list", "-n"]) : [];
    return [...nft, ...legacy.flat(), ...sets];
}

async function lines(command: string, args: string[]): Promise<string[]> {
    return (await run(command, args)).trimEnd().split("\n");
}

function tree(folder: string): string[] {
    if (!existsSync(folder)) return [];
    // A folder may vanish while it is read.
    const entries = (() => {
        try {
            return readdirSync(folder, { withFileTypes: true });
        } catch {
            return [];
        }
    })();
    return entries.flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? [path, ...tree(path)] : [path];
    });
}
