import { setTimeout as sleep } from "node:timers/promises";

import type { Client, KubeObject } from "./client";
import { failedContainers, podTrouble, readiness } from "./readiness";
import { getAt, isObject, text } from "./values";

export interface Wait {
    client: Client;
    timeoutMs: number;
    signal: AbortSignal;
    /** Told when the reason changes, and every ten seconds. */
    progress: (reason: string, seconds: number) => void;
}

const pollMs = 300;
const progressMs = 10_000;

/** Waits until the object is of use and returns it as it is then. Throws with the reason when it fails or time is up. */
export async function waitUntilReady(object: KubeObject, wait: Wait): Promise<KubeObject> {
    const evidence = new JobEvidence(wait.client);
    const reporter = new Reporter(wait);
    let lastTrouble = "";
    for (;;) {
        const live = await wait.client.read(object);
        if (!live) throw new Error("it was deleted while it was awaited");
        const found = await readiness(live, surroundings(live, wait.client));
        if (found.state === "ready") return live;
        if (live.kind === "Job") await evidence.collect(live);
        const { reason } = found;
        if (found.state === "failed") {
            // By now the pods may be gone, and their troubles with them.
            const cause = evidence.lastLog || lastTrouble || (await trouble(live, wait.client));
            throw new Error(cause === reason ? reason : `${reason}\n${cause}`.trimEnd());
        }
        await reporter.tick(async () => {
            lastTrouble = (await trouble(live, wait.client)) || lastTrouble;
            return lastTrouble ? `${reason}; ${lastTrouble}` : reason;
        });
    }
}

/** Waits until the object is gone. */
export async function waitUntilGone(object: KubeObject, wait: Wait): Promise<void> {
    const reporter = new Reporter(wait);
    for (;;) {
        const live = await wait.client.read(object);
        // Another object of the same name is not the one that was deleted.
        if (!live || (object.metadata.uid && live.metadata.uid !== object.metadata.uid)) return;
        const { finalizers } = live.metadata;
        const held =
            Array.isArray(finalizers) && finalizers.length > 0 ? `, held by ${finalizers.map(text).join(", ")}` : "";
        await reporter.tick(() => Promise.resolve(`being deleted${held}`));
    }
}

/** Keeps the pace of polling, the time limit, and the progress lines. */
class Reporter {
    private readonly begun = Date.now();
    private explained = Date.now();
    private reported = Date.now();
    private reason: string | undefined;

    constructor(private readonly wait: Wait) {}

    async tick(explain: () => Promise<string>): Promise<void> {
        const now = Date.now();
        const late = now - this.begun >= this.wait.timeoutMs;
        // The first second is silent: most waits end there.
        if (late || now - this.explained >= (this.reason === undefined ? 1000 : 2000)) {
            this.explained = now;
            const reason = await explain();
            if (late) throw new Error(`not done after ${Math.round(this.wait.timeoutMs / 1000)} s: ${reason}`);
            if (reason !== this.reason || now - this.reported >= progressMs) {
                this.reason = reason;
                this.reported = now;
                this.wait.progress(shortened(reason), Math.round((now - this.begun) / 1000));
            }
        }
        await sleep(pollMs, undefined, { signal: this.wait.signal });
    }
}

/** The runtime's words about an image fill a screen; what matters comes first. */
function shortened(reason: string): string {
    return reason.length > 200 ? `${reason.slice(0, 200)}…` : reason;
}

function surroundings(object: KubeObject, client: Client) {
    const namespace = text(object.metadata.namespace);
    return {
        bindsOnFirstUse: async (): Promise<boolean> => {
            const name = getAt(object, ["spec", "storageClassName"]);
            if (typeof name !== "string" || !name) return false;
            const found = await client.read({
                apiVersion: "storage.k8s.io/v1",
                kind: "StorageClass",
                metadata: { name },
            });
            return found?.volumeBindingMode === "WaitForFirstConsumer";
        },
        hasEndpoints: async (): Promise<boolean> => {
            const labelSelector = `kubernetes.io/service-name=${object.metadata.name}`;
            const slices = await client.list("discovery.k8s.io/v1", "EndpointSlice", namespace, { labelSelector });
            const endpoints = slices.flatMap(({ endpoints: list }) => (Array.isArray(list) ? list : []));
            return endpoints.some((endpoint) => getAt(endpoint, ["conditions", "ready"]) === true);
        },
    };
}

/** What stands in the way: a pod's trouble, or the newest warning about the object. */
async function trouble(object: KubeObject, client: Client): Promise<string> {
    const found = (await podsOf(object, client)).map(podTrouble).find(Boolean);
    return found ?? (await latestWarning(object, client));
}

async function podsOf(object: KubeObject, client: Client): Promise<KubeObject[]> {
    const labels = getAt(object, ["spec", "selector", "matchLabels"]);
    if (!isObject(labels)) return [];
    const labelSelector = Object.entries(labels)
        .map(([key, value]) => `${key}=${text(value)}`)
        .join(",");
    const pods = await client.list("v1", "Pod", text(object.metadata.namespace), { labelSelector });
    return pods.sort((a, b) => created(b).localeCompare(created(a)));
}

function created(object: KubeObject): string {
    return text(object.metadata.creationTimestamp);
}

async function latestWarning(object: KubeObject, client: Client): Promise<string> {
    const fieldSelector = `involvedObject.uid=${text(object.metadata.uid)},type=Warning`;
    const events = await client.list("v1", "Event", text(object.metadata.namespace), { fieldSelector });
    const newest = events.at(-1);
    return newest ? [newest.reason, newest.message].filter(Boolean).map(text).join(": ") : "";
}

/** A failed Job's pods are removed with their logs, so the last failure's log is kept while the Job runs. */
class JobEvidence {
    lastLog = "";
    private readonly seen = new Set<string>();

    constructor(private readonly client: Client) {}

    async collect(job: KubeObject): Promise<void> {
        for (const pod of await podsOf(job, this.client)) {
            for (const { container, previous, restarts } of failedContainers(pod)) {
                const attempt = `${pod.metadata.name}/${container}/${restarts}/${String(previous)}`;
                if (this.seen.has(attempt)) continue;
                const log = await this.client.logs(
                    text(pod.metadata.namespace),
                    pod.metadata.name,
                    container,
                    previous,
                );
                if (!log.trim()) continue;
                this.seen.add(attempt);
                this.lastLog = `the last lines of ${pod.metadata.name}/${container}:\n${log.trim().replace(/^/gm, "    ")}`;
            }
        }
    }
}
