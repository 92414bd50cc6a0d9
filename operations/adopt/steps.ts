/** The steps of an adoption. */
import { type Job, outcomeOf } from "../job";
import { type System } from "../system";
import { waitUntil } from "../wait";
import { giveFieldsToKubectl } from "./fields";
import { release } from "./handOver";
import * as opening from "./opening";
import { type Found, type Plan, titleOf, type Way } from "./plan";
import { type Work } from "./prepare";
import { isQueue, quieten } from "./quiet";
import { importKept, upToInit, upWhole } from "./takeOver";
import { STAYS } from "./undo";

const print = (line: string) => process.stdout.write(`${line}\n`);

const ways = ({ found }: Plan, way: Way) => found.filter((one) => one.way === way);

/** Everything up to db-init: nothing that runs is touched. `claims`: further ones, made since the plan was. */
export async function begin(system: System, { plan, pulumi }: Work, claims: readonly Found[] = []): Promise<void> {
    await opening.open(system);
    await importKept(pulumi, [...ways(plan, "keep"), ...claims]);
    for (const { live } of ways(plan, "make anew")) await removeJob(system, live);
    print("Everything up to db-init is made; what runs goes on.");
    await upToInit(pulumi);
}

/** Once db-init has completed, and nothing writes: the rest of the stack, and what it replaces goes. */
export async function finish(system: System, { plan, pulumi }: Work): Promise<void> {
    const { kubectl, settings } = system;
    for (const { live } of ways(plan, "keep")) if (!STAYS.test(live.kind)) await giveFieldsToKubectl(system, live);
    for (const { live, resource } of ways(plan, "hand over"))
        await release(system, live.metadata.name, resource.manifest);
    await upWhole(pulumi);
    for (const { kind, metadata } of plan.removed) {
        await kubectl.run(["delete", kind, metadata.name, "-n", metadata.namespace ?? settings.namespace]);
    }
    await opening.close(system);
}

/** No engine runs any more, and nothing is left that starts one. */
export async function pause(system: System, { plan: { found } }: Work): Promise<void> {
    const objects = (those: readonly Found[]) => those.map(({ live }) => live);
    const schedules = found.filter(({ live }) => live.kind === "CronJob");
    const queues = found.filter(({ resource }) => isQueue(resource.manifest));
    await quieten(system, objects(schedules), objects(queues));
}

/** Waits for the end of a Job, and removes it. */
async function removeJob({ kubectl, settings }: System, live: Found["live"]): Promise<void> {
    const of = ["job", live.metadata.name, "-n", settings.namespace];
    const hasEnded = async () => outcomeOf(await kubectl.get<Job>(...of)) !== undefined;
    await waitUntil(`${titleOf(live)} to end`, hasEnded, {
        timeout: settings.databaseInit.deadlineSeconds + 60,
        interval: 1000,
    });
    await kubectl.run(["delete", ...of]);
}
