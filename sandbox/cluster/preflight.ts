import { existsSync, readFileSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { cacheDir, stateDir } from "../paths";
import { overlap, prefixLength } from "./addressRange";
import { SandboxError } from "../errors";
import { attempt } from "../../operations/exec";
import { layout } from "./layout";
import { requireNoOtherNode } from "./host";
import { type Chain, chainsThatDrop, hasBridge, hasProxyTables } from "./network";
import { hasPolicies } from "./networkPolicies";
import { bridge, podNetwork, serviceNetwork } from "./settings";

const gibibyte = 1024 ** 3;

/** What a machine needs. The cache's share is for Go's own caches while it builds. */
const needs = { memory: 3 * gibibyte, stateDisk: 3 * gibibyte, cacheDisk: 8 * gibibyte };

/** What the checks look at; tests hand in machines of their own. */
export interface Machine {
    platform: string;
    uid: number;
    memory: number;
    freeDisk: (path: string) => number;
}

const thisMachine: Machine = {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    memory: totalmem(),
    freeDisk: (path) => {
        const { bavail, bsize } = statfsSync(existing(path));
        return bavail * bsize;
    },
};

/** Refuses a machine that cannot run the sandbox at all, or a user who may not. Changes nothing. */
export function requireAdministrator({ platform, uid } = thisMachine): void {
    if (platform !== "linux") throw new SandboxError(`the sandbox needs Linux; this is ${platform}`);
    if (uid !== 0) throw new SandboxError("the sandbox belongs to root; run this with sudo");
}

/** Refuses a machine that is too small. */
export function requireResources(
    { isNew, isBuilt }: { isNew: boolean; isBuilt: boolean },
    machine = thisMachine,
): void {
    const { memory, freeDisk } = machine;
    if (memory < needs.memory) throw tooLittle("memory", "", memory, needs.memory);
    if (isNew && freeDisk(stateDir) < needs.stateDisk)
        throw tooLittle("free disk", stateDir, freeDisk(stateDir), needs.stateDisk);
    if (isBuilt || freeDisk(cacheDir()) >= needs.cacheDisk) return;
    throw tooLittle("free disk to build the binaries", cacheDir(), freeDisk(cacheDir()), needs.cacheDisk);
}

/** Refuses to share address ranges or kube-proxy's tables with something else on the machine. */
export async function requireFreeNetwork(): Promise<void> {
    const { stdout } = await attempt("ip", ["-4", "-json", "route", "show", "table", "all"]);
    requireFreeRanges(JSON.parse(stdout || "[]") as Route[], resolvers());
    requireForwarding(await chainsThatDrop());
    requireNoOtherNode();
    if (existsSync(layout.hostRecord)) return;
    if (await hasBridge())
        throw new SandboxError(`there is already an interface ${bridge} that the sandbox did not make`);
    if (await hasProxyTables()) {
        throw new SandboxError(
            "a kube-proxy in nftables mode already keeps its tables on this machine; two of them would undo each other's rules",
        );
    }
    if (await hasPolicies()) {
        throw new SandboxError(
            "a kube-router already keeps its chains in iptables-legacy on this machine; two of them would undo each other's rules",
        );
    }
}

export interface Route {
    dst: string;
    dev?: string;
}

/** Refuses a firewall that would keep pods from each other, as Docker's and ufw's do until they are told otherwise. */
export function requireForwarding(dropping: Chain[]): void {
    const [chain] = dropping;
    if (!chain) return;
    throw new SandboxError(
        `the firewall drops what it forwards (chain ${chain.name} of table ${chain.family} ${chain.table}), so pods could not reach each other; ` +
            `allow it by: iptables -I FORWARD -i ${bridge} -j ACCEPT; iptables -I FORWARD -o ${bridge} -j ACCEPT`,
    );
}

/** Routes to more addresses than this stand for everything, as a VPN's 0.0.0.0/1 does: they are nobody's network. */
const widestNetwork = 8;

/** Refuses routes and name servers inside the sandbox's address ranges. */
export function requireFreeRanges(routes: Route[], nameServers: string[]): void {
    const networks = routes.filter(({ dst }) => dst !== "default" && prefixLength(dst) >= widestNetwork);
    const others = networks.filter(({ dev }) => dev !== bridge);
    for (const range of [podNetwork, serviceNetwork]) {
        const route = others.find(({ dst }) => overlap(dst, range));
        if (route) {
            const device = route.dev ? ` of ${route.dev}` : "";
            throw new SandboxError(`the sandbox needs ${range}, but the route ${route.dst}${device} already covers it`);
        }
        const server = nameServers.find((address) => overlap(address, range));
        if (server) throw new SandboxError(`the sandbox needs ${range}, but the name server ${server} is in it`);
    }
}

function resolvers(): string[] {
    const text = existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "";
    return [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map(([, address = ""]) => address);
}

function tooLittle(what: string, where: string, found: number, needed: number): SandboxError {
    const amount = (bytes: number) => `${(bytes / gibibyte).toFixed(1)} GiB`;
    const place = where ? ` at ${where}` : "";
    return new SandboxError(`the sandbox needs ${amount(needed)} ${what}${place}; there is ${amount(found)}`);
}

function existing(path: string): string {
    return existsSync(path) ? path : existing(dirname(path));
}
