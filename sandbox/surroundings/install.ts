/** Puts parts of the surroundings into the cluster, and takes them out. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { lastLine } from "../../operations/exec";
import { provideImages } from "../cluster/images";
import { kubectl, tryKubectl } from "../cluster/kubectl";
import { SandboxError } from "../errors";
import { forward, requirePort, stopForward } from "../forward";
import { type GoModule } from "../goModules";
import { stateDir } from "../paths";
import { type Steps } from "../steps";
import { writeWhole } from "../writeWhole";
import { type Part } from "./part";
import { parts } from "./parts";

/** A file for each part that is there; it goes with the cluster's state. */
const records = join(stateDir, "surroundings");

/** Seconds until what was applied has to work. */
const LIMIT = 120;

/** The parts that are there. */
export function installed(): Part[] {
    const names = existsSync(records) ? readdirSync(records) : [];
    return parts.filter(({ name }) => names.includes(name));
}

/** Those that are there and those that are wanted. */
export function withInstalled(wanted: readonly Part[]): Part[] {
    const there = installed();
    return parts.filter((part) => wanted.includes(part) || there.includes(part));
}

/** What has to be built for them. */
export function modulesOf(wanted: readonly Part[]): GoModule[] {
    return wanted.flatMap(({ modules }) => modules);
}

/** What has to be unpacked for them. */
export function packagesOf(wanted: readonly Part[]): string[] {
    return wanted.flatMap(({ packages = [] }) => packages);
}

/** Fails where a port of theirs is somebody else's. */
export async function requirePorts(wanted: readonly Part[]): Promise<void> {
    for (const each of wanted.flatMap(({ forwards = [] }) => forwards)) await requirePort(each);
}

/** The settings that the stack has with the parts that are there. */
export function stackSettings(): Record<string, string> {
    return Object.assign({}, ...installed().map(({ settings }) => settings)) as Record<string, string>;
}

/** Puts parts into the cluster, or brings them up to date: all of them first, then waits until each works. */
export async function install(wanted: readonly Part[], steps: Steps): Promise<void> {
    const applied = new Map<Part, Manifest[]>();
    for (const part of wanted) {
        await steps.step(`${part.name} applied`, async () => {
            await provideImages(part.images());
            // Before it is there: what is there in part can be removed, too.
            writeWhole(join(records, part.name), "");
            const objects = documents(await part.manifests());
            await apply(objects);
            applied.set(part, objects);
        });
    }
    for (const [part, objects] of applied) {
        await steps.step(`${part.name} works`, async () => {
            await waitFor(objects);
            for (const each of part.forwards ?? []) await forward(each);
        });
    }
}

/** Puts into the stack's namespace what parts have for it. */
export async function equipStack(): Promise<void> {
    for (const { forStack } of installed()) if (forStack) await apply(documents(forStack()));
}

/** Takes a part out of the cluster. */
export async function remove(part: Part): Promise<void> {
    for (const each of part.forwards ?? []) await stopForward(each);
    const text = await part.manifests();
    const kinds = documents(text).filter(isKind);
    if (kinds.length > 0) {
        // While what lets go of them still runs: their finalizers wait for it.
        const names = kinds.map(({ metadata }) => metadata.name).join();
        await tryKubectl(["delete", names, "--all", "--all-namespaces", `--timeout=${LIMIT}s`]);
    }
    await kubectl(["delete", "--ignore-not-found", "-f", "-"], { input: text });
    rmSync(join(records, part.name), { force: true });
}

/** Kinds come before their objects: kubectl looks a kind up once. */
async function apply(all: readonly Manifest[]): Promise<void> {
    const command = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    const kinds = all.filter(isKind);
    const objects = all.filter((object) => !isKind(object));
    const listed = (items: readonly Manifest[]) => ({
        input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    });
    if (kinds.length > 0) {
        await kubectl(command, listed(kinds));
        await kubectl(["wait", "--for=condition=Established", "-f", "-"], listed(kinds));
    }
    await kubectl(command, listed(objects));
}

/** What tells that an object works, by kind. */
const READY: Readonly<Record<string, (name: string) => string[]>> = {
    APIService: (name) => ["wait", "--for=condition=Available", `apiservice/${name}`],
    EventSource: (name) => ["wait", "--for=condition=Deployed", `eventsource/${name}`],
    Prometheus: (name) => ["wait", "--for=condition=Available", `prometheus/${name}`],
    Deployment: (name) => ["rollout", "status", `deployment/${name}`],
    StatefulSet: (name) => ["rollout", "status", `statefulset/${name}`],
};

interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

function isKind({ kind }: Manifest): boolean {
    return kind === "CustomResourceDefinition";
}

function documents(text: string): Manifest[] {
    return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

async function waitFor(objects: readonly Manifest[]): Promise<void> {
    for (const { kind, metadata } of objects) {
        const command = READY[kind]?.(metadata.name);
        if (command === undefined) continue;
        const namespace = metadata.namespace === undefined ? [] : ["-n", metadata.namespace];
        const { code, stderr } = await tryKubectl([...command, ...namespace, `--timeout=${LIMIT}s`]);
        if (code === 0) continue;
        const look = `npm run sandbox:cluster -- kubectl describe ${kind.toLowerCase()} ${metadata.name} ${namespace.join(" ")}`;
        throw new SandboxError(
            `${kind} ${metadata.name} does not work (${lastLine(stderr)}); look at it with: ${look}`,
        );
    }
}
