/** Which Pulumi CLI runs, and where it finds its plugins. */
import {
    accessSync,
    constants,
    copyFileSync,
    existsSync,
    linkSync,
    renameSync,
    rmSync,
    statSync,
    utimesSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { SandboxError } from "../errors";
import { attempt, lastLine } from "../../operations/exec";
import { buildModules, builtFolder, type GoModule, isBuilt, versionOf } from "../goModules";
import { cli, kubernetesProvider } from "./binaries";
import { placePlugins } from "./placePlugins";

/** The folder of the CLI and plugins of this checkout: below node_modules, whose packages the plugins use. */
const OWN = join(__dirname, "..", "..", "node_modules", ".cache", "bots-edi-pulumi");

/** The major version that the SDK works with. */
const MAJOR = 3;

/** A Pulumi CLI that can be run. */
export interface PulumiCli {
    /** As `3.248.0`. */
    readonly version: string;
    /** Version and origin, for people. */
    readonly title: string;
    /** Its file. */
    readonly command: string;
    /** The folder with the CLI as `bin/pulumi`, its plugins beside it; undefined for the one on the PATH. */
    readonly root?: string;
    /** What it needs in its environment beside that of this process. */
    readonly env: Readonly<Record<string, string>>;
}

/** The Go modules that still have to be built before a CLI can run: none where one is on the PATH. */
export async function missingModules(): Promise<GoModule[]> {
    if ((await installed()) !== undefined) return [];
    return [cli, kubernetesProvider].filter((module) => !isBuilt(module));
}

/**
 * The CLI on the PATH; where there is none, that of this repository, built if need be.
 *
 * @param note - is told what is built
 * @throws SandboxError where the one on the PATH does not run or has another major version, or where a build fails
 */
export async function providePulumi(note: (line: string) => void): Promise<PulumiCli> {
    const found = await installed();
    if (found !== undefined) return found;
    await buildModules([cli, kubernetesProvider], note);
    const bin = join(OWN, "bin");
    await placePlugins(bin);
    for (const module of [cli, kubernetesProvider]) {
        for (const command of module.commands) place(join(builtFolder(module), command), join(bin, command));
    }
    const version = versionOf(cli).slice(1);
    return {
        version,
        title: `Pulumi ${version}, built from its Go module`,
        command: join(bin, "pulumi"),
        root: OWN,
        env: {
            PATH: [bin, process.env.PATH].join(delimiter),
            // What it does not find in that folder it would try to download.
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        },
    };
}

/** The CLI on the PATH, where there is one. */
async function installed(): Promise<PulumiCli | undefined> {
    const command = (process.env.PATH ?? "")
        .split(delimiter)
        .map((folder) => join(folder, "pulumi"))
        .find(isExecutable);
    if (command === undefined) return undefined;
    let version = versions.get(command);
    if (version === undefined) versions.set(command, (version = await versionOfCli(command)));
    return { version, title: `Pulumi ${version}, on the PATH`, command, env: {} };
}

/** What the commands that were asked for their version have said. */
const versions = new Map<string, string>();

function isExecutable(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}

async function versionOfCli(command: string): Promise<string> {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { code, stdout, stderr } = await attempt(command, ["version"], { env, timeout: 60 }).catch(
        (error: unknown) => ({ code: 1, stdout: "", stderr: String(error) }),
    );
    const version = /^v?(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
    if (code !== 0 || version === undefined) {
        const words = lastLine(stderr.trim() || stdout);
        throw new SandboxError(`${command} does not tell its version (${words}): mend it, or take it off the PATH`);
    }
    if (Number.parseInt(version) === MAJOR) return version;
    throw new SandboxError(
        `${command} is Pulumi ${version}; takes version ${MAJOR}: install that, or take it off the PATH`,
    );
}

/** Puts a built command beside the plugins, where the CLI looks first: a link, or a copy where the cache is another file system. */
function place(source: string, target: string): void {
    const identity = (file: string) => {
        const { size, mtimeMs } = statSync(file);
        return `${size} ${mtimeMs}`;
    };
    if (existsSync(target) && identity(target) === identity(source)) return;
    const beside = `${target}.${process.pid}`;
    rmSync(beside, { force: true });
    try {
        linkSync(source, beside);
    } catch {
        copyFileSync(source, beside);
        const { atime, mtime } = statSync(source);
        utimesSync(beside, atime, mtime);
    }
    renameSync(beside, target);
}
