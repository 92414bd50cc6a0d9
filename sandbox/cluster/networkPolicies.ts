/** What kube-router, which enforces network policies, needs of the machine and leaves in its kernel. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { attempt, run } from "../../operations/exec";
import { layout } from "./layout";

/** Upstream gives its chains, and its rules in the built-in ones, these names and no others. */
const ownChain = /^-N (KUBE-(?:ROUTER|POD-FW|NWPLCY)-\S+)$/;
const ownRule = /^-A (?:INPUT|FORWARD|OUTPUT) .*(?:kube-router netpol|comply to network policies)/;
const ownSet = /^(?:KUBE-(?:SRC|DST)-|TMP-[A-Z2-7]{16}$)/;

/**
 * Puts iptables where kube-router finds it: the legacy one, whose tables are apart from those that Docker, ufw and the
 * machine's administrator keep in nftables.
 */
export function linkIptables(): void {
    mkdirSync(layout.iptables, { recursive: true });
    for (const command of ["iptables", "iptables-save", "iptables-restore"]) {
        const link = join(layout.iptables, command);
        // Never taken away again: a kube-router that runs would find none for a moment, and end.
        if (!existsSync(link)) symlinkSync("/usr/sbin/xtables-legacy-multi", link);
    }
}

/** Why this machine's kernel cannot enforce network policies; undefined where it can. */
export async function lackForPolicies(): Promise<string | undefined> {
    for (const [command, ...args] of [
        ["iptables-legacy", "-w", "-S"],
        ["ipset", "list", "-n"],
    ] as const) {
        const { code, stderr } = await attempt(command, args).catch((error: unknown) => ({
            code: 1,
            stderr: String(error),
        }));
        if (code !== 0) return stderr.trim().split("\n")[0];
    }
    return undefined;
}

/** Whether a kube-router has its chains on this machine. */
export async function hasPolicies(): Promise<boolean> {
    return (await rules()).some((rule) => ownRule.test(rule));
}

/** Removes chains and sets; other rules of the same table stay. */
export async function removePolicies(): Promise<void> {
    const all = await rules();
    const chains = all.flatMap((rule) => ownChain.exec(rule)?.[1] ?? []);
    if (chains.length === 0) return;
    const steps = [
        ...all.filter((rule) => ownRule.test(rule)).map((rule) => rule.replace("-A", "-D")),
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
    ];
    await run("iptables-legacy-restore", ["--wait", "--noflush"], {
        input: ["*filter", ...steps, "COMMIT", ""].join("\n"),
    });
    const sets = (await run("ipset", ["list", "-n"])).split("\n").filter((name) => ownSet.test(name));
    for (const set of sets) await run("ipset", ["destroy", set]);
}

/** The filter table's chains and rules; none where nobody has made one, which a look by iptables would do. */
async function rules(): Promise<string[]> {
    const tables = "/proc/net/ip_tables_names";
    if (!existsSync(tables) || !readFileSync(tables, "utf8").split("\n").includes("filter")) return [];
    const { code, stdout } = await attempt("iptables-legacy", ["-w", "-S"]).catch(() => ({ code: 1, stdout: "" }));
    return code === 0 ? stdout.split("\n") : [];
}
