import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../errors";
import { attempt, lastLine, run } from "../../operations/exec";
import { cache } from "./layout";
import { withLock } from "../lock";
import { makeWhole } from "../makeWhole";

/**
 * Unpacked into the cache and never installed: installing would start a containerd service of the system, or replace
 * the one that Docker brought.
 */
const unpacked = ["containerd", "runc", "containernetworking-plugins", "busybox-static"];

/** Where a package is unpacked that not every cluster needs. */
export function packageFolder(name: string): string {
    return folder([name]);
}

/** Commands that are installed where they are missing, by their package. None of them brings a running service. */
const installed: Record<string, string> = {
    ip: "iproute2",
    ipset: "ipset",
    "iptables-legacy": "iptables",
    nft: "nftables",
    openssl: "openssl",
    tar: "tar",
};

/** Seconds that apt may take: the mirror can be slow, and an unattended upgrade can hold its lock for minutes. */
const aptLimit = 1800;
const patient = ["-o", "DPkg::Lock::Timeout=600"];

/** Commands and CNI plugins out of the unpacked packages. */
export function packaged(path: "usr/bin" | "usr/sbin" | "usr/lib/cni"): string {
    return join(folder(), path);
}

/** The shell and tools of the cluster's own images, in one static file. Newer releases keep every command below /usr. */
export function busybox(): string {
    const [merged, plain] = ["usr/bin/busybox", "bin/busybox"].map((path) => join(folder(), path)) as [string, string];
    return existsSync(merged) ? merged : plain;
}

/** Which of the needed packages, and of the others that a caller names, would have to be installed. */
export async function missingPackages(others: readonly string[] = []): Promise<string[]> {
    const commands = await Promise.all(
        Object.entries(installed).map(async ([command, name]) => ({ name, ...(await attempt("which", [command])) })),
    );
    const states = await Promise.all(others.map(async (name) => ({ name, ...(await attempt("dpkg", ["-s", name])) })));
    return [...commands, ...states].filter(({ code }) => code !== 0).map(({ name }) => name);
}

/**
 * Installs what is missing and unpacks the rest into the cache. Returns what it did, or undefined if nothing was to do.
 *
 * @param others - packages to install beside the cluster's own
 * @param separate - packages to unpack, each into its {@link packageFolder}
 */
export async function providePackages(
    others: readonly string[] = [],
    separate: readonly string[] = [],
): Promise<string | undefined> {
    const missing = await missingPackages(others);
    const sets = [unpacked, ...separate.map((name) => [name])].filter((names) => !existsSync(folder(names)));
    if (missing.length === 0 && sets.length === 0) return undefined;
    await requireApt();
    await run("apt-get", [...patient, "update", "-qq"], { timeout: aptLimit });
    if (missing.length > 0) {
        const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
        // Nothing of the machine's own may go for it.
        const install = ["install", "-qq", "--no-remove", "--no-install-recommends", ...missing];
        await run("apt-get", [...patient, ...install], { env, timeout: aptLimit });
    }
    for (const names of sets) await withLock(`${folder(names)}.lock`, () => unpack(names));
    return [
        ...(missing.length > 0 ? [`installed ${missing.join(", ")}`] : []),
        ...(sets.length > 0 ? [`unpacked ${sets.flat().join(", ")}`] : []),
    ].join("; ");
}

async function unpack(names: readonly string[]): Promise<void> {
    if (existsSync(folder(names))) return;
    await makeWhole(folder(names), async (scratch) => {
        // apt's own unprivileged user cannot write into the cache folder; signatures are checked all the same.
        const download = ["-qq", "-o", "APT::Sandbox::User=root", "download", ...names];
        const { code, stderr } = await attempt("apt-get", download, { cwd: scratch });
        if (code !== 0) {
            const why = /^E: .*$/m.exec(stderr)?.[0] ?? lastLine(stderr);
            const todo = "see to the network and to /etc/apt/sources.list, and run again";
            throw new SandboxError(`apt-get does not get ${names.join(", ")} (${why}); ${todo}`);
        }
        for (const file of readdirSync(scratch).filter((name) => name.endsWith(".deb"))) {
            await run("dpkg-deb", ["--extract", join(scratch, file), scratch]);
            rmSync(join(scratch, file));
        }
        return scratch;
    });
}

async function requireApt(): Promise<void> {
    const { code } = await attempt("which", ["apt-get"]);
    if (code === 0) return;
    throw new SandboxError("the sandbox takes its packages from Debian or Ubuntu; this machine has no apt-get");
}

function folder(names: readonly string[] = unpacked): string {
    const key = createHash("sha256").update(names.join(" ")).digest("hex").slice(0, 12);
    return join(cache.packages(), `${release()}-${key}`);
}

/** Distribution and release, as `debian-12`: packages of one do not fit the libraries of another. */
function release(): string {
    const text = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
    const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(text)?.[1] ?? "unknown";
    return `${value("ID")}-${value("VERSION_ID")}-${process.arch}`;
}
