/** When and how the engine runs: by the schedule of the specification, and by those that a stack adds. */
import { INT32_MAX } from "../formats";
import type { Checked } from "./schema";
import { startingDeadline } from "./startingDeadline";

/** One schedule of the engine, with its defaults. */
export interface EngineSchedule {
    /** Name of its CronJob: `bots-engine` (spec), or `bots-engine-NAME` of a further one. */
    readonly cronJob: string;
    /** Where the settings hold it. */
    readonly path: readonly string[];
    /** Cron schedule. */
    readonly schedule: string;
    /** IANA time zone of the schedule. */
    readonly timeZone: string;
    /** Options of bots-engine. */
    readonly arguments: readonly string[];
    /** Ids of the routes to run; all active routes where empty. */
    readonly routes: readonly string[];
    /** Seconds after which a run is ended: under Forbid, one that hangs would block every later one. */
    readonly deadlineSeconds: number;
    /** Seconds that a run may start late. */
    readonly startingDeadlineSeconds: number;
    /** Seconds that a Job is kept once it has ended, unless the CronJob's history is full before. */
    readonly ttlSecondsAfterFinished: number;
    /** Stop scheduling. */
    readonly suspend: boolean;
}

/** Source: spec. */
const LEAST_TTL = 600;

/** All schedules of the engine, the specification's first. */
export function engineSchedules({ engine, timeZone }: Pick<Checked, "engine" | "timeZone">): EngineSchedule[] {
    const complete = (cronJob: string, path: string[], own: Omit<Checked["engine"]["schedules"][number], "name">) => ({
        cronJob,
        path,
        schedule: own.schedule,
        timeZone: own.timeZone ?? timeZone,
        arguments: own.arguments,
        routes: own.routes,
        deadlineSeconds: own.deadlineSeconds,
        startingDeadlineSeconds: own.startingDeadlineSeconds ?? startingDeadline(own.schedule),
        // A failed run is seen until the next one has had all its time, however rarely the schedule comes.
        ttlSecondsAfterFinished: Math.min(
            INT32_MAX,
            Math.max(LEAST_TTL, startingDeadline(own.schedule) + own.deadlineSeconds),
        ),
        suspend: own.suspend,
    });
    return [
        complete("bots-engine", ["engine"], engine),
        ...engine.schedules.map((own, index) =>
            complete(`bots-engine-${own.name}`, ["engine", "schedules", String(index)], own),
        ),
    ];
}
