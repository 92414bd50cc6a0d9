import { sandboxName } from "../paths";
import { attempt, run } from "../../operations/exec";
import { removePolicies } from "./networkPolicies";
import { bridge, nodeAddress, podNetwork, serviceNetwork } from "./settings";

/** Tables that kube-proxy makes; upstream gives them this name and no other. */
const proxyTables = ["ip kube-proxy", "ip6 kube-proxy"];

/** Our own table: what pods send to the world outside leaves with the machine's address. */
const ownTable = `ip ${sandboxName}`;

const prefix = podNetwork.split("/")[1] ?? "";

/** Makes the bridge with the node's address, the route to Services, and the table that lets pods reach the outside. */
export async function makeNetwork(): Promise<void> {
    if (!(await hasBridge())) await run("ip", ["link", "add", bridge, "type", "bridge"]);
    await run("ip", ["address", "replace", `${nodeAddress}/${prefix}`, "dev", bridge]);
    await run("ip", ["link", "set", bridge, "up"]);
    // A machine without a default route would refuse to send to a Service before kube-proxy could redirect it.
    await run("ip", ["route", "replace", serviceNetwork, "dev", bridge]);
    const rules = [
        `table ${ownTable}`,
        `delete table ${ownTable}`,
        `table ${ownTable} {`,
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat; policy accept;",
        `    ip saddr ${podNetwork} ip daddr != ${podNetwork} oifname != "${bridge}" masquerade`,
        "  }",
        "}",
    ];
    await run("nft", ["-f", "-"], { input: rules.join("\n") });
}

/** Removes bridge and tables. Pods' interfaces went with their network namespaces. */
export async function removeNetwork(): Promise<void> {
    if (await hasBridge()) await run("ip", ["link", "delete", bridge]);
    await removePolicies();
    for (const table of await tables()) {
        if (table === ownTable || proxyTables.includes(table))
            await run("nft", ["delete", "table", ...table.split(" ")]);
    }
}

export async function hasBridge(): Promise<boolean> {
    return (await attempt("ip", ["link", "show", bridge])).code === 0;
}

/** Whether a kube-proxy in nftables mode has its tables on this machine. */
export async function hasProxyTables(): Promise<boolean> {
    return (await tables()).some((table) => proxyTables.includes(table));
}

/** A chain that nft lists; only those that hook into a packet's way have a hook and a policy. */
export interface Chain {
    family: string;
    table: string;
    name: string;
    hook?: string;
    policy?: string;
}

/** The chains of this machine that drop whatever is forwarded and is not allowed by name, and do not name the bridge. */
export async function chainsThatDrop(): Promise<Chain[]> {
    const { stdout } = await attempt("nft", ["--json", "list", "chains"]);
    const listed = JSON.parse(stdout || "{}") as { nftables?: { chain?: Chain }[] };
    const chains = (listed.nftables ?? []).flatMap(({ chain }) => chain ?? []);
    const dropping = chains.filter(({ hook, policy }) => hook === "forward" && policy === "drop");
    const texts = dropping.map(({ family, table, name }) => attempt("nft", ["list", "chain", family, table, name]));
    const rules = await Promise.all(texts);
    return dropping.filter((_, index) => !rules[index]?.stdout.includes(`"${bridge}"`));
}

async function tables(): Promise<string[]> {
    const { code, stdout } = await attempt("nft", ["list", "tables"]).catch(() => ({ code: 1, stdout: "" }));
    return code === 0 ? stdout.split("\n").map((line) => line.replace(/^table /, "")) : [];
}
