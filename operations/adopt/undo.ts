/** Brings back what an adoption took over. Run again, one that was cut off goes on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../errors";
import { Pulumi } from "../pulumi";
import { type System } from "../system";
import { CopyPod } from "./copyPod";
import { release } from "./handOver";
import { getAll, type LiveObject, type Reference } from "./objects";
import * as opening from "./opening";
import { keyOf, selectedBy } from "./plan";
import { isQueue, quieten } from "./quiet";
import * as record from "./record";

const print = (line: string) => process.stdout.write(`${line}\n`);

/** What is changed first comes first. What is not named here comes between. */
const ORDER = ["ConfigMap", "Service", "Deployment", "other", "CronJob"];

const rank = ({ kind }: { readonly kind: string }) => ORDER.indexOf(ORDER.includes(kind) ? kind : "other");

/** What outlives everything. */
export const STAYS = /^(Namespace|PersistentVolumeClaim)$/;

/** @throws OperatorError where there is nothing to undo */
export async function undo(system: System): Promise<void> {
    const { kubectl, settings, stack, root } = system;
    const adoption = await record.find(system);
    if (!adoption) throw new OperatorError("there is nothing to undo: no adoption waits to be confirmed");
    const current = await currentOf(system, [...adoption.objects, ...adoption.made]);
    const untouched = adoption.objects.filter((object) => isUntouched(object, current.get(keyOf(object))));
    await pause(
        system,
        [...current].filter(([key]) => !untouched.map(keyOf).includes(key)).map(([, object]) => object),
    );

    if (adoption.source) await copyBack(system, adoption.source);

    await opening.open(system);
    const labels = JSON.stringify({ metadata: { labels: adoption.namespaceLabels } });
    await kubectl.run(["patch", "namespace", settings.namespace, "--type=merge", "-p", labels]);
    const objects = adoption.objects
        .filter((object) => object.kind !== "Job" && !untouched.includes(object))
        .sort((one, other) => rank(one) - rank(other));
    for (const object of objects) {
        const now = current.get(keyOf(object));
        if (
            object.kind === "Deployment" &&
            now &&
            JSON.stringify(selectedBy(now)) !== JSON.stringify(selectedBy(object))
        ) {
            await release(system, object.metadata.name, object);
            current.delete(keyOf(object));
        }
    }
    // The pages first; the queue and the schedule once everything else is as it was.
    const late = objects.filter((object) => isQueue(object) || object.kind === "CronJob");
    for (const object of objects.filter((one) => !late.includes(one))) await restore(system, object, current);
    print("The old objects serve again.");
    await remove(system, adoption);
    for (const object of late) await restore(system, object, current);

    await importState(new Pulumi(root, stack), adoption.state);
    await opening.close(system);
    await record.forget(system);
    print("Undone. What db-init migrated in the database stays as it is, and so do claims that were made.");
}

/** Whether an object has never been changed. Not all kinds tell: these are written again as they were. */
function isUntouched({ metadata }: LiveObject, now: LiveObject | undefined): boolean {
    const { uid, generation } = now?.metadata ?? {};
    return uid === metadata.uid && generation !== undefined && generation === metadata.generation;
}

/** The stack's engines and its queue. Those of before go on where they have never stopped. */
async function pause(system: System, objects: readonly LiveObject[]): Promise<void> {
    const cronJobs = objects.filter(({ kind }) => kind === "CronJob");
    const queues = objects.filter(isQueue);
    if (cronJobs.length + queues.length === 0) return;
    print("The engine and the job queue pause.");
    await quieten(system, cronJobs, queues);
}

/** Nothing may write meanwhile: the queue has stopped, and the pages only read. */
async function copyBack(system: System, source: record.Source): Promise<void> {
    const pod = await CopyPod.start(system, source);
    print(`Files that changed since: ${await pod.copy("back")}`);
    await pod.remove();
}

/** Removes what was made, and lets go of what stays: a later adoption is to find it nobody's. */
async function remove({ kubectl }: System, { made, objects }: record.Adoption): Promise<void> {
    const gone = [...made.filter(({ kind }) => !STAYS.test(kind)), ...objects.filter(({ kind }) => kind === "Job")];
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: gone });
    await kubectl.run(["delete", "--ignore-not-found", "-f", "-"], { input });
    for (const { kind, metadata } of made.filter((one) => STAYS.test(one.kind))) {
        const patch = JSON.stringify({ metadata: { managedFields: [{}] } });
        await kubectl.try(["patch", kind, metadata.name, "-n", metadata.namespace ?? "", "--type=merge", "-p", patch]);
    }
}

/** The objects as they are now, by their keys. */
async function currentOf({ kubectl }: System, references: readonly Reference[]): Promise<Map<string, LiveObject>> {
    return new Map((await getAll(kubectl, references)).map((object) => [keyOf(object), object]));
}

/** One object as it was, whose fields are whose they were. */
async function restore(
    { kubectl }: System,
    object: LiveObject,
    current: ReadonlyMap<string, LiveObject>,
): Promise<void> {
    const { kind, metadata } = object;
    const { name, namespace = "", labels = {}, annotations = {} } = metadata;
    // Fields that were nobody's become so by one empty entry: none at all would leave them Pulumi's.
    const managedFields = metadata.managedFields?.length ? metadata.managedFields : [{}];
    const now = current.get(keyOf(object));
    if (STAYS.test(kind)) {
        if (!now || kind === "Namespace") return;
        const set = Object.keys(now.metadata.labels ?? {}).map((key) => [key, labels[key] ?? null] as const);
        const patch = { metadata: { labels: { ...Object.fromEntries(set), ...labels }, managedFields } };
        await kubectl.run(["patch", kind, name, "-n", namespace, "--type=merge", "-p", JSON.stringify(patch)]);
        return;
    }
    const manifest = {
        ...object,
        status: undefined,
        metadata: { name, namespace, labels, annotations, ...(now && { managedFields }) },
    };
    await kubectl.run([now ? "replace" : "create", "-f", "-"], { input: JSON.stringify(manifest) });
    if (kind !== "Deployment") return;
    await kubectl.run(["rollout", "status", `deployment/${name}`, "-n", namespace, "--timeout=600s"], { timeout: 660 });
}

async function importState(pulumi: Pulumi, state: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-undo-"));
    const file = join(folder, "state.json");
    try {
        writeFileSync(file, state);
        await pulumi.run({}, "stack", "import", "--file", file);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
