/** The engine: it translates what has come in, on schedules. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { EngineSchedule } from "../settings/engineSchedules";
import { migrationsWait } from "./databaseWait";
import { labels } from "./labels";
import { ownership } from "./owners";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime } from "./podTemplate";

/** The inputs of {@link Engine}. */
export interface EngineArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** When and how it runs: a CronJob each. Source: spec, `bots-engine`, every five minutes, `--new`. */
    readonly schedules: readonly EngineSchedule[];
    /** Requests and limits. Source: spec, 200m/512Mi and 2000m/2Gi. */
    readonly resources: Resources;
}

/** CronJob `bots-engine`, and `bots-engine-NAME` for each further schedule. */
export class Engine extends pulumi.ComponentResource {
    /** The CronJobs. */
    readonly cronJobs: k8s.batch.v1.CronJob[];

    constructor(name: string, args: EngineArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Engine", name, {}, opts);
        this.cronJobs = args.schedules.map(
            (schedule) =>
                new k8s.batch.v1.CronJob(schedule.cronJob.replace("bots-engine", name), cronJob(schedule, args), {
                    parent: this,
                    dependsOn: opts.dependsOn,
                }),
        );
        this.registerOutputs({});
    }
}

function cronJob(schedule: EngineSchedule, { runtime, resources }: EngineArgs): k8s.batch.v1.CronJobArgs {
    return {
        metadata: {
            name: schedule.cronJob,
            namespace: runtime.namespace,
            labels: labels("engine"),
            annotations: ownership("CronJob/bots-engine", runtime.sharings).annotations,
        },
        spec: {
            schedule: schedule.schedule,
            timeZone: schedule.timeZone,
            suspend: schedule.suspend,
            concurrencyPolicy: "Forbid",
            startingDeadlineSeconds: schedule.startingDeadlineSeconds,
            successfulJobsHistoryLimit: 3,
            failedJobsHistoryLimit: 1,
            jobTemplate: {
                metadata: { labels: labels("engine") },
                spec: {
                    ttlSecondsAfterFinished: schedule.ttlSecondsAfterFinished,
                    activeDeadlineSeconds: schedule.deadlineSeconds,
                    backoffLimit: 2,
                    podFailurePolicy: {
                        rules: [
                            // 2: it ran, with errors in the data; 3: another engine is at work; 78: it was given a route that
                            // there is not; 126, 127: the image has no bots-engine. None is mended by a retry; 69, it lost
                            // the engine lock, is: the next pod recovers what this one left.
                            {
                                action: "FailJob",
                                onExitCodes: {
                                    containerName: "engine",
                                    operator: "In",
                                    values: [2, 3, 78, 126, 127],
                                },
                            },
                            // A drained node is no failure of the run.
                            {
                                action: "Ignore",
                                onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
                            },
                        ],
                    },
                    template: botsPodTemplate(runtime, "engine", {
                        // A podFailurePolicy allows no other.
                        restartPolicy: "Never",
                        initContainers: [migrationsWait(runtime)],
                        containers: [
                            botsContainer(runtime, {
                                name: "engine",
                                // Route ids are positional: bots-engine knows no --routeid.
                                args: ["engine", ...schedule.arguments, ...schedule.routes],
                                resources,
                                env: [
                                    { name: "ENGINE_SCHEDULE", value: schedule.cronJob },
                                    // A run that waited in vain for another engine ends with 0: a Job is complete or failed,
                                    // nothing between, and a failed one alerts or, retried, only waits again. The next tick
                                    // comes anyway.
                                    { name: "ENGINE_BUSY_OK", value: "true" },
                                ],
                            }),
                        ],
                    }),
                },
            },
        },
    };
}
