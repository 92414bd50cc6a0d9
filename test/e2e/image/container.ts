import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../operations/exec";
import { packaged } from "../../../sandbox/cluster/packages";
import type { Machine } from "./machine";
import type { UnpackedImage } from "./unpackedImage";

/** How a container is started: what a pod of the program gives it. */
export interface ContainerOptions {
    image: UnpackedImage;
    /** In place of the image's entrypoint and command. */
    command?: string[];
    environment?: Record<string, string>;
    /** Folders and files of this machine, by their path in the container. */
    volumes?: Record<string, string>;
    /** Folders of its own that end with it, beside /tmp: a pod's emptyDirs. */
    temporary?: string[];
}

/** A command's end: its exit code (NaN where runc itself was killed) and what it printed on both streams. */
export interface Outcome {
    code: number;
    output: string;
}

/** The sandbox's own, since a machine need not have one installed. */
const runc = join(packaged("usr/sbin"), "runc");

let started = 0;

/**
 * A container under runc, restricted as the program's pods are: the image's uid, read-only root file system,
 * no capabilities, no new privileges, and /tmp of its own. Only the network is the test machine's loopback.
 */
export class Container {
    readonly ended: Promise<Outcome>;

    private readonly process: ChildProcess;
    private readonly said: () => string;

    private constructor(
        private readonly name: string,
        private readonly state: string,
        bundle: string,
    ) {
        this.process = spawn(runc, ["--root", state, "run", "--bundle", bundle, name], {
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.said = collect(this.process);
        this.ended = outcome(this.process, this.said);
    }

    /** Starts a container; it ends with the machine at the latest. */
    static start(machine: Machine, options: ContainerOptions): Container {
        const name = `${machine.name}-${++started}`;
        const bundle = join(machine.folder, "bundles", name);
        mkdirSync(bundle, { recursive: true });
        const hosts = join(bundle, "hosts");
        writeFileSync(hosts, "127.0.0.1 localhost container\n");
        const volumes = { "/etc/hosts": hosts, ...options.volumes };
        const specified = specification(machine, name, { ...options, volumes });
        writeFileSync(join(bundle, "config.json"), JSON.stringify(specified));
        return new Container(name, join(machine.folder, "runc"), bundle);
    }

    /** What it has printed so far. */
    get log(): string {
        return this.said();
    }

    get running(): boolean {
        return this.process.exitCode === null && this.process.signalCode === null;
    }

    /** Runs a command in the running container, as its user. */
    async exec(...command: string[]): Promise<Outcome> {
        const child = spawn(runc, ["--root", this.state, "exec", this.name, ...command]);
        return outcome(child, collect(child));
    }

    /** Sends SIGTERM to its first process, as the kubelet does, and waits for the end; the seconds that it took. */
    async terminate(): Promise<Outcome & { seconds: number }> {
        const start = Date.now();
        await run(runc, ["--root", this.state, "kill", this.name, "TERM"]);
        return { ...(await this.ended), seconds: (Date.now() - start) / 1000 };
    }

    /** Ends it with SIGKILL, unless it has ended. */
    async kill(): Promise<void> {
        if (!this.running) return;
        await run(runc, ["--root", this.state, "kill", this.name, "KILL"]).catch(() => this.process.kill("SIGTERM"));
        await this.ended;
    }
}

/** Collects what a process prints; the function that it returns tells it. */
function collect({ stdout, stderr }: ChildProcess): () => string {
    let output = "";
    for (const stream of [stdout, stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    return () => output;
}

async function outcome(child: ChildProcess, said: () => string): Promise<Outcome> {
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? Number.NaN, output: said() };
}

function specification(machine: Machine, name: string, options: ContainerOptions): object {
    const { image, command = [...image.entrypoint, ...image.command], environment = {}, volumes = {} } = options;
    const temporary = ["/tmp", ...(options.temporary ?? [])].map((destination) => ({
        destination,
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "nodev", `uid=${image.uid}`, `gid=${image.gid}`],
    }));
    const binds = Object.entries(volumes).map(([destination, source]) => ({
        destination,
        type: "bind",
        source,
        options: ["rbind", "rw"],
    }));
    const nothing: string[] = [];
    return {
        ociVersion: "1.0.2",
        hostname: "container",
        root: { path: image.rootfs, readonly: true },
        process: {
            user: { uid: image.uid, gid: image.gid },
            args: command,
            cwd: "/",
            env: Object.entries({ ...image.environment, ...environment }).map(([key, value]) => `${key}=${value}`),
            capabilities: { bounding: nothing, effective: nothing, permitted: nothing, ambient: nothing },
            noNewPrivileges: true,
        },
        mounts: [
            { destination: "/proc", type: "proc", source: "proc" },
            { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
            { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "nodev", "mode=1777"] },
            ...binds,
            ...temporary,
        ],
        linux: {
            cgroupsPath: `/${name}`,
            namespaces: [
                { type: "pid" },
                { type: "ipc" },
                { type: "uts" },
                { type: "mount" },
                { type: "network", path: machine.namespacePath },
            ],
        },
    };
}
