import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../../operations/exec";

const prefix = "bots-edi-image-test-";

/**
 * What the image tests make on this machine: one folder and one network namespace with nothing but a loopback,
 * so that no port meets another program's and no traffic leaves. Both carry the process id in their name.
 */
export interface Machine {
    name: string;
    folder: string;
    namespacePath: string;
}

/** Removes the machines of processes that died without doing so. */
export async function removeDeadMachines(): Promise<void> {
    const names = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
    for (const name of names.filter((name) => !existsSync(`/proc/${name.slice(prefix.length)}`))) {
        await removeMachine(name);
    }
}

/** Makes the machine of this process. */
export async function makeMachine(): Promise<Machine> {
    await removeDeadMachines();
    const name = `${prefix}${process.pid}`;
    const folder = join(tmpdir(), name);
    mkdirSync(folder);
    await run("ip", ["netns", "add", name]);
    await run("ip", ["-n", name, "link", "set", "lo", "up"]);
    return { name, folder, namespacePath: `/run/netns/${name}` };
}

/** Ends every process of the machine and removes all that it made on this one. */
export async function removeMachine(name: string): Promise<void> {
    if (existsSync(`/run/netns/${name}`)) {
        const pids = (await run("ip", ["netns", "pids", name])).split("\n").filter((pid) => pid !== "");
        for (const pid of pids) process.kill(Number(pid), "SIGKILL");
        await run("ip", ["netns", "delete", name]);
    }
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
    for (const cgroup of cgroupsOf(name)) await removeCgroup(cgroup);
}

/** The containers' cgroups that a killed run left: runc removes its own. On cgroup v1 there is one for each controller. */
function cgroupsOf(name: string): string[] {
    const root = "/sys/fs/cgroup";
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [root, ...folders.map((entry) => join(root, entry.name))].flatMap((folder) =>
        readdirSync(folder)
            .filter((entry) => entry.startsWith(`${name}-`))
            .map((entry) => join(folder, entry)),
    );
}

/** A cgroup can be removed when the last killed process has left it. */
async function removeCgroup(folder: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        try {
            rmdirSync(folder);
            return;
        } catch (error) {
            if (attempt === 50) throw error;
            await sleep(100);
        }
    }
}

/** GET from inside the network namespace: the status code, 0 where nothing answers in time, and the seconds it took. */
export async function get(machine: Machine, url: string): Promise<{ status: number; body: string; seconds: number }> {
    const script = `
        const start = Date.now();
        fetch(process.argv[1], { signal: AbortSignal.timeout(20000), redirect: "manual" })
            .then(async (response) => ({ status: response.status, body: await response.text() }))
            .catch((error) => ({ status: 0, body: String(error.cause ?? error) }))
            .then((answer) => console.log(JSON.stringify({ ...answer, seconds: (Date.now() - start) / 1000 })));`;
    const answer = await run("ip", ["netns", "exec", machine.name, process.execPath, "-e", script, url]);
    return JSON.parse(answer) as { status: number; body: string; seconds: number };
}
