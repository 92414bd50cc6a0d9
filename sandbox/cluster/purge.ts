import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runDir, stateDir } from "../paths";
import { groups, processesInCgroups, removeCgroups } from "./cgroups";
import { stopEverything } from "./down";
import { SandboxError } from "../errors";
import { restoreHost } from "./host";
import { cache, layout } from "./layout";
import { withLock } from "../lock";
import { mounts, mountsBelow, unmountBelow } from "./mounts";
import { hasBridge, removeNetwork } from "./network";
import { requireAdministrator } from "./preflight";
import { bridge } from "./settings";
import { Steps } from "../steps";

const ownFolders = [stateDir, runDir];

/** Takes the sandbox off the machine. The cache stays unless `withCache`; the next `up` begins a new cluster. */
export async function purge({ withCache }: { withCache: boolean }): Promise<void> {
    requireAdministrator();
    const steps = new Steps();
    await withLock(layout.lock, async () => {
        await stopEverything(steps);
        await steps.step("mounts", async () => `unmounted ${await unmountBelow(ownFolders)}`);
        await steps.step("bridge and firewall", removeNetwork);
        await steps.step("cgroups", removeCgroups);
        await steps.step("files and kernel settings", removeFiles);
        if (withCache) await steps.step("cache", removeCache);
        await steps.step("nothing is left", requireNothingLeft);
    });
    steps.end(withCache ? "the sandbox and its cache are gone" : "the sandbox is gone; its cache is kept");
}

async function removeFiles(): Promise<void> {
    for (const socket of shimSockets()) rmSync(socket, { force: true });
    for (const file of strayFiles()) rmSync(file, { force: true });
    await restoreHost();
    // A folder that still holds a mount could be a volume's: removing it would remove what is mounted there.
    if (mountsBelow(ownFolders).length > 0) throw new SandboxError(`something is still mounted below ${stateDir}`);
    // A disk of the machine's administrator is emptied and stays where it is mounted.
    const doomed = ownFolders.flatMap((folder) => (mounts().includes(folder) ? entries(folder) : [folder]));
    for (const path of [...doomed, layout.lock]) rmSync(path, { recursive: true, force: true });
}

function removeCache(): void {
    for (const folder of Object.values(cache)) rmSync(folder(), { recursive: true, force: true });
}

async function requireNothingLeft(): Promise<void> {
    const left = [
        ...processesInCgroups().map((pid) => `process ${pid}`),
        ...mountsBelow(ownFolders),
        ...((await hasBridge()) ? [bridge] : []),
        ...groups(),
        ...ownFolders.filter((folder) => existsSync(folder) && !mounts().includes(folder)),
    ];
    if (left.length > 0) throw new SandboxError(`purge left behind: ${left.join(", ")}`);
}

/** Sockets that containerd's shims make outside its folders, as their records name them. */
function shimSockets(): string[] {
    const tasks = join(layout.containerdState, "io.containerd.runtime.v2.task", "k8s.io");
    if (!existsSync(tasks)) return [];
    return readdirSync(tasks)
        .map((id) => join(tasks, id, "address"))
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, "utf8").trim().replace("unix://", ""));
}

/** Files at places that cannot be configured: the kubelet's links to logs and the CNI library's records. */
function strayFiles(): string[] {
    const links = entries("/var/log/containers").filter(
        (path) => lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(layout.podLogs),
    );
    // These are named by container; what they hold names the sandbox's folder of network namespaces.
    const results = entries("/var/lib/cni/results").filter((path) => readFileSync(path, "utf8").includes(`${runDir}/`));
    return [...links, ...results];
}

function entries(folder: string): string[] {
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
