import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SandboxError } from "../errors";
import { attempt, run } from "./exec";
import { cache } from "./layout";
import { withLock } from "../lock";

/** The oldest Go that the pinned modules accept. */
const goNeeded = [1, 26] as const;

interface GoModule {
    /** Folder under binaries/ whose go.mod names the commands and pins every source by its sum. */
    name: string;
    /** The module whose version names the build. */
    source: string;
    commands: string[];
    /** Values that the linker writes into the commands, by variable. */
    variables: (version: string) => Record<string, string>;
}

const modules: GoModule[] = [
    {
        name: "kubernetes",
        source: "k8s.io/kubernetes",
        commands: ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"],
        variables: (version) => {
            const [major = "", minor = ""] = version.slice(1).split(".");
            // Clients parse the server's version; without these it is a placeholder that kubectl refuses.
            return {
                "k8s.io/component-base/version.gitVersion": version,
                "k8s.io/component-base/version.gitMajor": major,
                "k8s.io/component-base/version.gitMinor": minor,
                "k8s.io/client-go/pkg/version.gitVersion": version,
            };
        },
    },
    { name: "etcd", source: "go.etcd.io/etcd/server/v3", commands: ["etcd"], variables: () => ({}) },
    { name: "coredns", source: "github.com/coredns/coredns", commands: ["coredns"], variables: () => ({}) },
    {
        name: "local-path",
        source: "github.com/rancher/local-path-provisioner",
        commands: ["local-path-provisioner"],
        variables: (version) => ({ "main.VERSION": version }),
    },
    {
        name: "kube-router",
        source: "github.com/cloudnativelabs/kube-router/v2",
        commands: ["kube-router"],
        variables: (version) => ({ "github.com/cloudnativelabs/kube-router/v2/pkg/version.Version": version }),
    },
];

/** Go names a command after its folder, which for etcd is "server". */
const renamed: Record<string, string> = { etcd: "server" };

export type Binary =
    | "kube-apiserver"
    | "kube-controller-manager"
    | "kube-proxy"
    | "kube-router"
    | "kube-scheduler"
    | "kubectl"
    | "kubelet"
    | "etcd"
    | "coredns"
    | "local-path-provisioner";

/** Where a built command is, or will be once `buildBinaries` has run. */
export function binaryPath(binary: Binary): string {
    const module = modules.find(({ commands }) => commands.includes(binary));
    if (!module) throw new Error(`no Go module has the command ${binary}`);
    return join(folderOf(module), binary);
}

/** The version of the pinned Kubernetes, as `v1.35.4`. */
export function kubernetesVersion(): string {
    return versionOf(moduleOf("kubernetes"));
}

/** What the cache does not hold yet, by name and version. */
export function unbuilt(): string[] {
    return modules.filter((module) => !isBuilt(module)).map(title);
}

/** Builds what the cache does not hold yet, all modules or the named ones. Returns what was built. */
export async function buildBinaries({
    only = modules.map(({ name }) => name),
    note = () => undefined,
}: { only?: string[]; note?: (line: string) => void } = {}): Promise<string[]> {
    const built: string[] = [];
    for (const module of only.map(moduleOf)) {
        if (isBuilt(module)) continue;
        await requireGo();
        await withLock(
            `${folderOf(module)}.lock`,
            async () => {
                if (isBuilt(module)) return;
                note(`building ${title(module)} from its Go module`);
                await build(module);
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

function moduleOf(name: string): GoModule {
    const module = modules.find((candidate) => candidate.name === name);
    if (!module) throw new Error(`no Go module is named ${name}`);
    return module;
}

function title(module: GoModule): string {
    return `${module.name} ${versionOf(module)}`;
}

function isBuilt(module: GoModule): boolean {
    return module.commands.every((command) => existsSync(join(folderOf(module), command)));
}

async function build(module: GoModule): Promise<void> {
    const target = folderOf(module);
    discardPartialBuilds(target);
    // Renamed at the end, so that a build that was cut short is never taken for a whole one.
    const partial = mkdtempSync(`${target}.partial-`);
    try {
        await run("go", ["build", ...buildFlags(module), "-o", `${partial}/`, "tool"], {
            cwd: sourceFolder(module),
            env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
            timeout: 3600,
        });
        for (const command of module.commands) {
            const original = renamed[command];
            if (original) renameSync(join(partial, original), join(partial, command));
            if (!existsSync(join(partial, command))) throw new Error(`go build of ${module.name} made no ${command}`);
        }
        rmSync(target, { recursive: true, force: true });
        renameSync(partial, target);
    } finally {
        rmSync(partial, { recursive: true, force: true });
    }
}

/** What a killed build left behind; the lock is held, so nobody works in it. */
function discardPartialBuilds(target: string): void {
    for (const entry of readdirSync(dirname(target))) {
        const path = join(dirname(target), entry);
        if (path.startsWith(`${target}.partial-`)) rmSync(path, { recursive: true, force: true });
    }
}

function buildFlags(module: GoModule): string[] {
    const variables = Object.entries(module.variables(versionOf(module))).map(([name, value]) => `-X ${name}=${value}`);
    return ["-trimpath", "-buildvcs=false", "-ldflags", ["-s", "-w", ...variables].join(" ")];
}

/** name-version-key: the key changes with any pinned source and with the way of building. */
function folderOf(module: GoModule): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(sourceFolder(module), file)));
    const key = hash
        .update(JSON.stringify(buildFlags(module)))
        .digest("hex")
        .slice(0, 12);
    return join(cache.binaries(), `${module.name}-${versionOf(module)}-${key}`);
}

function versionOf(module: GoModule): string {
    const text = readFileSync(join(sourceFolder(module), "go.mod"), "utf8");
    const line = text.split("\n").find((candidate) => candidate.trim().startsWith(`${module.source} v`));
    const version = line?.trim().split(" ")[1];
    if (!version) throw new Error(`${module.name}/go.mod does not require ${module.source}`);
    return version;
}

function sourceFolder(module: GoModule): string {
    return join(__dirname, "binaries", module.name);
}

async function requireGo(): Promise<void> {
    const wanted = goNeeded.join(".");
    const { code, stdout } = await attempt("go", ["env", "GOVERSION"]).catch(() => ({ code: 1, stdout: "" }));
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
    if (code === 0 && Number(major) === goNeeded[0] && Number(minor) >= goNeeded[1]) return;
    const found = stdout.trim() || "none";
    throw new SandboxError(`building the cluster needs Go ${wanted} or newer on the PATH; found ${found}`);
}
