/** Runs the engine once, now. */
import { type Job, runJob } from "./job";
import { type System } from "./system";

/** Which run it is. */
export interface EngineOptions {
    /** Id of the one route to run. Default: those of the schedule. */
    readonly routeid?: string;
    /** Is given the log as it comes. */
    readonly onOutput?: (text: string) => void;
}

/**
 * Runs the engine as the CronJob would, and returns what it said. It waits by itself for one that runs already.
 *
 * @throws OperatorError where the run failed, as where there is no such route
 */
export async function runEngine(system: System, { routeid, onOutput }: EngineOptions = {}): Promise<string> {
    return runJob(system, {
        cronJob: "bots-engine",
        limit: system.settings.engine.deadlineSeconds + 60,
        onOutput,
        // bots-engine takes route ids as plain words.
        ...(routeid !== undefined && { args: (scheduled) => [...scheduled, routeid] }),
    });
}

/** The engine's Jobs that are still there, the newest last. */
export async function engineJobs({ kubectl, settings }: System): Promise<Job[]> {
    const byAge = "--sort-by=.metadata.creationTimestamp";
    const list = ["jobs", "-n", settings.namespace, "-l", "component=engine", byAge];
    return (await kubectl.get<{ items: Job[] }>(...list)).items;
}
