/** What an engine, its pod, its database and its node can suffer in the middle of a run. */
import assert from "node:assert/strict";
import { waitUntil } from "../../operations/wait";
import { drain, open } from "./drain";
import { byExec, type Engine, WAYS } from "./engines";
import { ENGINE, processesOf } from "./processes";
import { type System } from "./system";

/** A way to lose a run. */
export interface Loss {
    /** What is lost, for people. */
    readonly title: string;
    /** Starts the run that is going to suffer. */
    readonly start: (system: System) => Promise<Engine>;
    /** Strikes. */
    readonly strike: (system: System) => Promise<void>;
    /** Brings what is needed for the next run, and has it run: a new one, or the Job's own next pod. */
    readonly next: (system: System, struck: Engine) => Promise<void>;
}

/** Kills processes as the kernel does. */
async function kill(system: System, component: string, command: RegExp): Promise<void> {
    const pids = await processesOf(system, component, command);
    assert.ok(pids.length > 0, `no process of ${component} matches ${String(command)}`);
    // A database's first process is its oldest: the others die with it.
    process.kill(Math.min(...pids), "SIGKILL");
}

async function runAgain(system: System, struck: Engine): Promise<void> {
    // It was struck: how it ended is no matter.
    await struck.ended().catch(() => undefined);
    await system.ready();
    await (await byExec(system)).ended();
}

const ofJob = (_: System, struck: Engine) => struck.ended();

/** The ways. */
export const LOSSES: readonly Loss[] = [
    {
        title: "kill -9 of the engine",
        start: (system) => byExec(system),
        strike: (system) => kill(system, "webserver", ENGINE),
        next: runAgain,
    },
    {
        title: "its pod deleted by force",
        start: WAYS.hand,
        strike: async (system) => {
            // The engine may be at work before its pod counts as running.
            const notOver = "--field-selector=status.phase!=Succeeded,status.phase!=Failed";
            const [pod] = (await system.kubectl("get", "pods", "-l", "component=engine", notOver, "-o", "name"))
                .trim()
                .split("\n");
            assert.ok(pod, "no pod of an engine is there");
            await system.kubectl("delete", pod, "--force", "--grace-period=0");
        },
        next: ofJob,
    },
    {
        title: "kill -9 of the database",
        start: (system) => byExec(system),
        strike: (system) => kill(system, "database", system.databaseServer),
        next: async (system, struck) => {
            await struck.ended().catch(() => undefined);
            // Kubernetes starts a container that ended again and again ever later, but that of a new pod at once.
            await system.kubectl("delete", "pod", "bots-db-0");
            await runAgain(system, struck);
        },
    },
    {
        title: "its node drained",
        start: WAYS.hand,
        strike: async (system) => {
            try {
                await drain(system.home, "app=bots-edi");
            } finally {
                await open();
            }
            await system.ready();
        },
        next: ofJob,
    },
];

/** Waits until a run has come as far as a share of its files, or is over. Returns whether it is under way. */
export async function reaches(files: number, progress: () => number, struck: Engine): Promise<boolean> {
    let isOver = false;
    const over = () => (isOver = true);
    void struck.ended().then(over, over);
    await waitUntil("the run to come so far", () => isOver || progress() >= files, { timeout: 1800, interval: 20 });
    return !isOver;
}
