import { ApiError, type Client, type KubeObject } from "./client";
import { type Change, diff } from "./diff";
import type { Comparison, Driver, Made } from "./driver";
import { expand, parsePath } from "./paths";
import { parseDuration, type Registration } from "./registration";
import type { Entry } from "./state";
import { getAt, hasUnknown, isObject, type JsonObject, revealObject, setAt, text } from "./values";
import { waitUntilGone, waitUntilReady } from "./waiting";

const fieldManager = "bots-edi-sandbox";
const minuteMs = 60_000;

/** How a Kubernetes provider of the program wants its objects handled, and where. */
export interface Cluster {
    client: Client;
    /** For objects that name none. */
    namespace: string;
    configMapMutable: boolean;
    secretMutable: boolean;
    signal: AbortSignal;
    print: (line: string) => void;
}

/** Kubernetes objects by server-side apply, and Patch resources, which own only the fields that they name. */
export class KubernetesDriver implements Driver {
    constructor(private readonly cluster: Cluster) {}

    needsReplacement(old: Entry, next: Registration, changes: readonly Change[]): boolean {
        if (this.key(old) !== this.key(next)) return true;
        const touches = (...keys: string[]): boolean => changes.some(({ path }) => keys.includes(String(path[0])));
        if (next.type === "kubernetes:core/v1:ConfigMap")
            return !this.cluster.configMapMutable && touches("data", "binaryData", "immutable");
        if (next.type === "kubernetes:core/v1:Secret")
            return touches("type") || (!this.cluster.secretMutable && touches("data", "stringData", "immutable"));
        return false;
    }

    collides(old: Entry, next: Registration): boolean {
        return this.key(old) === this.key(next);
    }

    async foresee(next: Registration): Promise<JsonObject> {
        const inputs = revealObject(next.inputs);
        // What is not known yet cannot be shown to the server.
        if (hasUnknown(inputs)) return inputs;
        const object = await this.toObject(next);
        await this.checkBeforeCreate(object, next);
        try {
            return comparable(await this.apply(object, next, true));
        } catch (error) {
            // Its namespace or its kind's definition may be made by this very update.
            if (error instanceof ApiError && error.code === 404) return inputs;
            throw error;
        }
    }

    async compare(old: Entry, next: Registration): Promise<Comparison> {
        const inputs = revealObject(next.inputs);
        if (hasUnknown(inputs))
            return { can: "update", changes: diff(revealObject(old.inputs), inputs), outputs: inputs };
        const object = await this.toObject(next);
        const live = await this.cluster.client.read(object);
        if (!live) return { can: "nothing", reason: vanished(object) };
        try {
            const result = await this.apply(keepIgnored(object, live, next), next, true);
            const outputs = comparable(result);
            return { can: "update", changes: diff(comparable(live), outputs), outputs };
        } catch (error) {
            if (isImmutable(error)) return { can: "replace" };
            throw error;
        }
    }

    async create(next: Registration, adopt: boolean): Promise<Made> {
        const object = await this.toObject(next);
        if (adopt) await this.waitWhileTerminating(object);
        else await this.checkBeforeCreate(object, next);
        try {
            return made(await this.apply(object, next, false));
        } catch (error) {
            if (!adopt || !isImmutable(error)) throw error;
            await this.removeObject(object, next.timeoutsMs.delete);
            return made(await this.apply(object, next, false));
        }
    }

    async update(_old: Entry, next: Registration): Promise<Made> {
        const object = await this.toObject(next);
        const live = await this.cluster.client.read(object);
        if (!live) throw new Error(vanished(object));
        return made(await this.apply(keepIgnored(object, live, next), next, false));
    }

    async settle(result: Made, next: Registration, timeoutMs: number | undefined): Promise<JsonObject> {
        const object = result.outputs as KubeObject;
        const annotations = annotationsOf(object);
        if (isPatch(next.type) || annotations["pulumi.com/skipAwait"] === "true") return object;
        const annotated = parseDuration(secondsOf(annotations["pulumi.com/timeoutSeconds"]));
        const usual = (object.kind === "PersistentVolumeClaim" ? 5 : 10) * minuteMs;
        const live = await waitUntilReady(object, this.wait(object, "waiting", timeoutMs ?? annotated ?? usual));
        return withoutOwners(live);
    }

    async exists(entry: Entry): Promise<boolean> {
        return (await this.cluster.client.read(await this.toObject(entry))) !== undefined;
    }

    async remove(entry: Entry): Promise<void> {
        const object = await this.toObject(entry);
        if (!isPatch(entry.type)) {
            await this.removeObject(object, entry.deleteTimeoutMs);
            return;
        }
        const { apiVersion, kind, metadata } = object;
        const { name, namespace } = metadata;
        const bare = { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } };
        // Applying nothing gives up every field that this manager owned.
        if (await this.cluster.client.read(bare))
            await this.cluster.client.apply(bare, { manager: managerOf(entry), force: false });
    }

    private async removeObject(object: KubeObject, timeoutMs: number | undefined): Promise<void> {
        const live = await this.cluster.client.read(object);
        if (!live) return;
        await this.cluster.client.delete(live);
        await waitUntilGone(live, this.wait(live, "deleting", timeoutMs ?? 10 * minuteMs));
    }

    private async waitWhileTerminating(object: KubeObject): Promise<void> {
        const live = await this.cluster.client.read(object);
        if (live?.metadata.deletionTimestamp) await waitUntilGone(live, this.wait(live, "deleting", 10 * minuteMs));
    }

    /** A Patch needs the object that it patches, everything else a free name. */
    private async checkBeforeCreate(object: KubeObject, next: Registration): Promise<void> {
        const exists = (await this.cluster.client.read(object)) !== undefined;
        if (isPatch(next.type) && !exists)
            throw new Error(`${describe(object)} was not found: a Patch changes what is there already`);
        if (isPatch(next.type) || !exists) return;
        throw new Error(
            `${describe(object)} exists already and is not in the state of this stack: delete it, or give '${next.name}' another name`,
        );
    }

    private apply(object: KubeObject, next: Registration, dryRun: boolean): Promise<KubeObject> {
        const force = annotationsOf(object)["pulumi.com/patchForce"] === "true";
        return this.cluster.client.apply(object, { manager: managerOf(next), force, dryRun });
    }

    private wait(object: KubeObject, what: string, timeoutMs: number) {
        const { client, signal, print } = this.cluster;
        const progress = (reason: string, seconds: number): void => {
            print(`  ${describe(object)}: ${what} for ${seconds} s: ${reason}`);
        };
        return { client, signal, timeoutMs, progress };
    }

    /** What tells an object from every other: kind, namespace and name. */
    private key({ inputs }: Entry | Registration): string {
        const { apiVersion, kind, metadata } = revealObject(inputs);
        const { name = "", namespace = this.cluster.namespace } = isObject(metadata) ? metadata : {};
        const group = text(apiVersion).split("/").slice(0, -1).join();
        return JSON.stringify([group, kind, namespace, name]);
    }

    private async toObject({ type, name, inputs }: Entry | Registration): Promise<KubeObject> {
        const object = revealObject(inputs);
        const { apiVersion, kind, metadata } = object;
        if (typeof apiVersion !== "string" || typeof kind !== "string" || type.endsWith("List"))
            throw new Error(
                `${type} '${name}' is no single Kubernetes object: deploy this program with the Pulumi CLI`,
            );
        if (!isObject(metadata) || typeof metadata.name !== "string")
            throw new Error(
                `${type} '${name}': metadata.name: expected a fixed name: names chosen by Pulumi need the Pulumi CLI`,
            );
        const wanted = { ...object, apiVersion, kind, metadata: { ...metadata, name: metadata.name } } as KubeObject;
        if (metadata.namespace !== undefined) return wanted;
        const namespaced = await this.cluster.client.isNamespaced(apiVersion, kind);
        return namespaced ? { ...wanted, metadata: { ...wanted.metadata, namespace: this.cluster.namespace } } : wanted;
    }
}

function isPatch(type: string): boolean {
    return type.endsWith("Patch");
}

/** A Patch has a manager of its own: else it would give up what the object's own resource manages. */
function managerOf({ type, name }: Entry | Registration): string {
    return isPatch(type) ? `${fieldManager}-patch-${name}` : fieldManager;
}

function made(object: KubeObject): Made {
    const { name, namespace } = object.metadata;
    return { id: typeof namespace === "string" ? `${namespace}/${name}` : name, outputs: withoutOwners(object) };
}

function describe({ kind, metadata }: KubeObject): string {
    const { name, namespace } = metadata;
    return typeof namespace === "string" ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

function vanished(object: KubeObject): string {
    return `${describe(object)} was not found in the cluster, which the state says it has: forget it by npm run sandbox:engine -- up --stack STACK --refresh, or give it replaceOnChanges: ["*"] if it comes and goes (a Job with a TTL)`;
}

/** The server's words for "not in place", for every field that it complains about. */
function isImmutable(error: unknown): boolean {
    const words =
        /immutable|updates to .*forbidden|may not be (changed|updated)|cannot (be changed|change)|may not change/i;
    if (!(error instanceof ApiError) || error.code !== 422) return false;
    const complaints = error.causes.length > 0 ? error.causes : [error.message];
    return complaints.every((complaint) => words.test(complaint));
}

/** Fields under ignoreChanges are sent as they are on the server, whoever set them, so that nobody is in conflict. */
function keepIgnored(object: KubeObject, live: KubeObject, next: Registration): KubeObject {
    const paths = next.ignoreChanges.flatMap((pattern) => expand(parsePath(pattern), live));
    const present = paths.filter((path) => getAt(object, path.slice(0, -1)) !== undefined);
    return present.reduce<JsonObject>((kept, path) => setAt(kept, path, getAt(live, path)), object) as KubeObject;
}

function withoutOwners(object: KubeObject): KubeObject {
    return setAt(object, ["metadata", "managedFields"], undefined) as KubeObject;
}

/** What only the server decides, and a dry run invents: no part of a difference, and unknown in a preview. */
const serverOwned = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"];

function comparable(object: KubeObject): JsonObject {
    const bare = setAt(object, ["status"], undefined);
    return serverOwned.reduce((rest, key) => setAt(rest, ["metadata", key], undefined), bare);
}

function annotationsOf(object: KubeObject): JsonObject {
    const { annotations } = object.metadata;
    return isObject(annotations) ? annotations : {};
}

function secondsOf(value: unknown): string | undefined {
    return typeof value === "string" || typeof value === "number" ? `${value}s` : undefined;
}
