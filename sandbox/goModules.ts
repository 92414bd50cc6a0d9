/** Commands built from Go modules into the cache, each module once. */
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { SandboxError } from "./errors";
import { attempt, lastLine, run } from "../operations/exec";
import { withLock } from "./lock";
import { makeWhole } from "./makeWhole";
import { cacheDir } from "./paths";

/** The oldest Go that the pinned modules accept. */
const goNeeded = [1, 26] as const;

/** Seconds that one build may take. */
const LIMIT = 3600;

/** The folder of a module that holds packages of others as they are built here: what a module lacks, and less than it has. */
const REPLACED = "_vendored";

export interface GoModule {
    /** The folder whose go.mod names the commands and pins every source by its sum; its name is the build's. */
    folder: string;
    /** The module whose version names the build. */
    source: string;
    commands: readonly string[];
    /** What Go calls a command after the folder that it is built from, where that is another name. */
    renamed?: Readonly<Record<string, string>>;
    /** Values that the linker writes into the commands, by variable. */
    variables?: (version: string) => Record<string, string>;
}

/** The folder of a module's commands, there once it has been built. */
export function builtFolder(module: GoModule): string {
    // name-version-key: the key changes with any source, pinned or written here, and with the way of building.
    const hash = createHash("sha256");
    const files = readdirSync(module.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
    );
    for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) hash.update(readFileSync(path));
    const key = hash
        .update(JSON.stringify(buildFlags(module)))
        .digest("hex")
        .slice(0, 12);
    return join(cacheDir(), "binaries", `${basename(module.folder)}-${versionOf(module)}-${key}`);
}

/** The version of the module's {@link GoModule.source}, as its go.mod pins it. */
export function versionOf({ folder, source }: GoModule): string {
    const text = readFileSync(join(folder, "go.mod"), "utf8");
    const version = new RegExp(`^(?:require)?\\s*${source} (v\\S+)`, "m").exec(text)?.[1];
    if (version === undefined) throw new Error(`${folder}/go.mod does not require ${source}`);
    return version;
}

/** Where Go has the sources of the module's {@link GoModule.source}, downloaded if they are not there. */
export async function sourceFolder({ folder, source }: Pick<GoModule, "folder" | "source">): Promise<string> {
    const { stdout, stderr } = await attempt("go", ["mod", "download", "-json", source], { cwd: folder });
    const { Dir, Error: fault = stderr } = JSON.parse(stdout || "{}") as { Dir?: string; Error?: string };
    if (Dir === undefined) throw new SandboxError(`${source} cannot be downloaded: ${lastLine(fault)}`);
    return Dir;
}

/** Name and version, for people. */
export function title(module: GoModule): string {
    return `${basename(module.folder)} ${versionOf(module)}`;
}

/** Whether the cache holds all of a module's commands. */
export function isBuilt(module: GoModule): boolean {
    const folder = builtFolder(module);
    return module.commands.every((command) => existsSync(join(folder, command)));
}

/**
 * Builds those of the modules that the cache does not hold, one after the other.
 *
 * @param note - is told when a build begins and when it has ended
 * @returns the titles of what was built
 * @throws SandboxError where Go is missing or too old, or a build fails: its last lines
 */
export async function buildModules(modules: readonly GoModule[], note: (line: string) => void): Promise<string[]> {
    const built: string[] = [];
    for (const module of modules.filter((candidate) => !isBuilt(candidate))) {
        await requireGo();
        await withLock(
            `${builtFolder(module)}.lock`,
            async () => {
                if (isBuilt(module)) return;
                const begin = Date.now();
                note(`${title(module)}: building from its Go module`);
                await build(module).catch((error: unknown) => {
                    const words = error instanceof Error ? error.message : String(error);
                    throw new SandboxError(`${title(module)} cannot be built: ${words}`);
                });
                note(`${title(module)}: built in ${Math.round((Date.now() - begin) / 1000)} s`);
                built.push(title(module));
            },
            {
                onWait: () => {
                    note(`another process builds ${title(module)}; waiting for it`);
                },
            },
        );
    }
    return built;
}

function build(module: GoModule): Promise<void> {
    return makeWhole(builtFolder(module), async (scratch) => {
        const folder = join(scratch, "commands");
        mkdirSync(folder);
        const go = { cwd: module.folder, env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" }, timeout: LIMIT };
        if (existsSync(join(module.folder, REPLACED))) {
            go.cwd = join(scratch, "source");
            cpSync(module.folder, go.cwd, { recursive: true });
            // In spite of what a module lacks: the build tells what is missing then.
            await run("go", ["mod", "vendor", "-e"], go);
            replaceVendored(go.cwd);
        }
        await run("go", ["build", ...buildFlags(module), "-o", `${folder}/`, wanted(module)], go);
        for (const command of module.commands) {
            const original = module.renamed?.[command];
            if (original !== undefined) renameSync(join(folder, original), join(folder, command));
            if (!existsSync(join(folder, command))) throw new Error(`go build of ${title(module)} made no ${command}`);
        }
        return folder;
    });
}

/** Puts each folder that we have of a vendored package in the place of its namesake. */
function replaceVendored(source: string): void {
    const ours = readdirSync(join(source, REPLACED), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
    );
    const target = (folder: string) => join(source, "vendor", relative(join(source, REPLACED), folder));
    for (const folder of new Set(ours.map(({ parentPath }) => target(parentPath)))) {
        mkdirSync(folder, { recursive: true });
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
            if (entry.isFile()) rmSync(join(folder, entry.name));
        }
    }
    for (const { parentPath, name } of ours) copyFileSync(join(parentPath, name), join(target(parentPath), name));
}

/** The commands that go.mod names, or the module's own where it has a main of ours. */
function wanted({ folder }: GoModule): string {
    return existsSync(join(folder, "main.go")) ? "." : "tool";
}

function buildFlags(module: GoModule): string[] {
    const variables = Object.entries(module.variables?.(versionOf(module)) ?? {});
    const linker = ["-s", "-w", ...variables.map(([name, value]) => `-X ${name}=${value}`)];
    // Debugging data is left out of the commands, so it need not be compiled: a seventh of the time.
    return ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags", linker.join(" ")];
}

async function requireGo(): Promise<void> {
    const { code, stdout } = await attempt("go", ["env", "GOVERSION"]).catch(() => ({ code: 1, stdout: "" }));
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
    if (code === 0 && Number(major) === goNeeded[0] && Number(minor) >= goNeeded[1]) return;
    const found = stdout.trim() || "none";
    throw new SandboxError(
        `building from Go modules needs Go ${goNeeded.join(".")} or newer on the PATH; found ${found}`,
    );
}
