/** The ways in which engines are started. */
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../operations/wait";
import { ENGINE, podUids, processesOf, runningIn } from "./processes";
import { type System } from "./system";

/** An engine that is under way. */
export interface Engine {
    /** Waits for its end; fails, with what it said last, where it did not succeed. */
    ended(): Promise<void>;
}

/** Seconds until an engine has to be under way, and to have ended: the machine may have other things to do. */
const START_LIMIT = 300;
const END_LIMIT = 1800;

interface Job {
    readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { readonly kind: string }[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

let runs = 0;

/** As an operator does: a Job from the CronJob. */
async function byHand(system: System): Promise<Engine> {
    const name = `bots-engine-manual-${++runs}`;
    await system.kubectl("create", "job", name, "--from=cronjob/bots-engine");
    return { ended: () => jobEnded(system, name) };
}

/** As time does: the CronJob is let loose until it has made a Job, at once or at the next minute. */
async function bySchedule(system: System): Promise<Engine> {
    const suspend = (value: boolean) =>
        system.kubectl("patch", "cronjob/bots-engine", "-p", JSON.stringify({ spec: { suspend: value } }));
    const made = async () => {
        const { items } = await system.read<{ items: Job[] }>("jobs", "-l", "component=engine");
        return items.filter(({ metadata }) => metadata.ownerReferences?.length && /-\d{8}$/.test(metadata.name));
    };
    const before = new Set((await made()).map(({ metadata }) => metadata.name));
    let name: string | undefined;
    await suspend(false);
    try {
        const isMade = async () => {
            name = (await made()).map(({ metadata }) => metadata.name).find((each) => !before.has(each));
            return name !== undefined;
        };
        await waitUntil("the schedule to start an engine", isMade, { timeout: START_LIMIT });
    } finally {
        await suspend(true);
    }
    return { ended: () => jobEnded(system, name ?? "") };
}

/** As people do who have a shell: in a pod that runs. Arguments are those of the image's `engine`. */
export function byExec(system: System, ...args: string[]): Promise<Engine> {
    const command = ["exec", "deployment/bots-webserver", "-c", "webserver", "--", "/entrypoint.sh", "engine"];
    const result = system.tryKubectl(...command, ...(args.length > 0 ? args : ["--new"]));
    const ended = async () => {
        const { code, stdout, stderr } = await result;
        if (code !== 0) throw new Error(`the engine ended with ${code}: ${lastLines(stdout + stderr)}`);
    };
    return Promise.resolve({ ended });
}

/** As the pages and the directory monitor do: by the job queue, which tells nobody how it ended. */
async function byQueue(system: System): Promise<Engine> {
    const isRunning = async () => (await processesOf(system, "jobqueue", ENGINE)).length > 0;
    const call = `
import os, xmlrpc.client
config = f"/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config"
print(xmlrpc.client.ServerProxy("http://localhost:28082").addjob(["bots-engine", f"-c{config}", "--new"], 5))`;
    const answer = await system.kubectl(
        "exec",
        "deployment/bots-jobqueue",
        "-c",
        "jobqueue",
        "--",
        "python",
        "-c",
        call,
    );
    if (answer.trim() !== "0") throw new Error(`the job queue answered ${answer}`);
    await waitUntil("the job queue to start an engine", isRunning, { timeout: START_LIMIT });
    const ended = () =>
        waitUntil("the job queue's engine to end", async () => !(await isRunning()), {
            timeout: END_LIMIT,
            interval: 500,
        });
    return { ended };
}

/** The ways, those first that take longest from the call to the engine: so that two of them meet. */
export const WAYS = { schedule: bySchedule, queue: byQueue, hand: byHand, exec: (system: System) => byExec(system) };

/** A way to start engines. */
export type Way = keyof typeof WAYS;

/** All pairs of different ways, and the one that people make by pressing a key twice. The schedule has a turn a minute. */
export const PAIRS: readonly (readonly [Way, Way])[] = [
    ["schedule", "queue"],
    ["queue", "hand"],
    ["schedule", "hand"],
    ["queue", "exec"],
    ["schedule", "exec"],
    ["hand", "exec"],
    ["hand", "hand"],
];

/** Starts two engines at once and waits for both. Returns whether they met: whether both were there at one time. */
export async function runTogether(system: System, [first, second]: readonly [Way, Way]): Promise<boolean> {
    const engines = [await WAYS[first](system), await WAYS[second](system)];
    const ended = Promise.all(engines.map((engine) => engine.ended()));
    const run = { isOver: false };
    const over = () => (run.isOver = true);
    void ended.then(over, over);
    let most = 0;
    while (!run.isOver) {
        most = Math.max(most, runningIn(await podUids(system), ENGINE).length);
        await Promise.race([sleep(250), ended]);
    }
    await ended;
    return most > 1;
}

async function jobEnded(system: System, name: string): Promise<void> {
    let outcome: string | undefined;
    const hasEnded = async () => {
        const { status } = await system.read<Job>(`job/${name}`);
        outcome = status.conditions?.find((one) => one.status === "True" && /^(Complete|Failed)$/.test(one.type))?.type;
        return outcome !== undefined;
    };
    await waitUntil(`the engine's job ${name} to end`, hasEnded, { timeout: END_LIMIT, interval: 500 });
    if (outcome === "Complete") return;
    const { stdout } = await system.tryKubectl("logs", `job/${name}`, "--all-pods", "--tail=20");
    throw new Error(`the engine's job ${name} failed: ${lastLines(stdout)}`);
}

function lastLines(text: string): string {
    return text.trim().split("\n").slice(-40).join("\n");
}
