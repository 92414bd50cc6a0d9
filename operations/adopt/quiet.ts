/** Stops what writes orders: no two systems may read one inbox. */
import { CLAIMS } from "../../components/podTemplate";
import { type Manifest } from "../manifests";
import { type System } from "../system";
import { waitUntil } from "../wait";
import { stop } from "./handOver";

interface Pod {
    readonly metadata: {
        readonly name: string;
        readonly deletionTimestamp?: string;
        readonly ownerReferences?: readonly { readonly kind: string }[];
    };
    readonly spec: {
        readonly nodeName: string;
        readonly containers: readonly { readonly name: string }[];
        readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
    };
    readonly status: { readonly phase: string };
}

/** Whether an engine runs in a container, whoever started it. Its own command line does not match. */
const FIND_ENGINE = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q '[b]ots-engine'";

/** The pods that are at work on a claim. */
export async function podsOn({ kubectl, settings }: System, claim: string): Promise<Pod[]> {
    const { items } = await kubectl.get<{ items: Pod[] }>("pods", "-n", settings.namespace);
    return items.filter(
        ({ spec, status }) =>
            !/Succeeded|Failed/.test(status.phase) &&
            spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim),
    );
}

/** The engine that runs on a claim, by its pod: a Job's, or one that somebody started in another. */
async function engineOn(system: System, claim: string): Promise<string | undefined> {
    for (const { metadata, spec } of await podsOn(system, claim)) {
        if (metadata.ownerReferences?.some(({ kind }) => kind === "Job")) return metadata.name;
        for (const { name } of spec.containers) {
            const exec = ["exec", metadata.name, "-n", system.settings.namespace, "-c", name, "--"];
            if ((await system.kubectl.try([...exec, "sh", "-c", FIND_ENGINE])).code === 0) return metadata.name;
        }
    }
    return undefined;
}

/** Waits until no engine runs on a claim. */
export async function waitForEngines(system: System, claim: string): Promise<void> {
    const answer = async () => {
        const pod = await engineOn(system, claim);
        return pod === undefined ? true : `pod ${pod} is at work`;
    };
    const timeout = system.settings.engine.deadlineSeconds + 60;
    await waitUntil("the engine's run to end", answer, { timeout, interval: 1000 });
}

/** Whether a Deployment is a job queue: of these there is one at a time. */
export function isQueue({ kind, spec }: Manifest): boolean {
    return kind === "Deployment" && (spec as { strategy?: { type?: string } }).strategy?.type === "Recreate";
}

/** Suspends the schedules and stops the queues. No engine runs afterwards, and nothing is left that starts one. */
export async function quieten(
    system: System,
    cronJobs: readonly Manifest[],
    queues: readonly Manifest[],
): Promise<void> {
    for (const cronJob of cronJobs) await suspend(system, cronJob);
    await waitForEngines(system, CLAIMS.data);
    for (const { metadata } of queues) await stop(system, metadata.name);
    await waitForEngines(system, CLAIMS.data);
}

async function suspend({ kubectl }: System, { metadata }: Manifest): Promise<void> {
    const of = ["cronjob", metadata.name, "-n", metadata.namespace ?? ""];
    await kubectl.run(["patch", ...of, "-p", JSON.stringify({ spec: { suspend: true } })]);
}
