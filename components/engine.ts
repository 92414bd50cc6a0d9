/** The engine: it translates what has come in, on a schedule. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { databaseWait } from "./databaseWait";
import { labels } from "./labels";
import { ownership } from "./owners";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime } from "./podTemplate";
import { startingDeadline } from "./startingDeadline";

/** The inputs of {@link Engine}. */
export interface EngineArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Cron schedule. Source: spec, every five minutes. */
    readonly schedule: string;
    /** IANA time zone of the schedule. */
    readonly timeZone: string;
    /** Options of bots-engine. Source: spec, `--new`. */
    readonly arguments: readonly string[];
    /** Ids of the routes to run; all active routes where empty. */
    readonly routes: readonly string[];
    /** Seconds after which a run is ended: under Forbid, one that hangs would block every later one. */
    readonly deadlineSeconds: number;
    /** Stop scheduling. */
    readonly suspend: boolean;
    /** Requests and limits. Source: spec, 200m/512Mi and 2000m/2Gi. */
    readonly resources: Resources;
}

/** CronJob `bots-engine`. */
export class Engine extends pulumi.ComponentResource {
    /** The CronJob. */
    readonly cronJob: k8s.batch.v1.CronJob;

    constructor(name: string, args: EngineArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Engine", name, {}, opts);
        const { runtime } = args;
        const metadata = { name: "bots-engine", namespace: runtime.namespace, labels: labels("engine") };
        this.cronJob = new k8s.batch.v1.CronJob(
            name,
            {
                metadata: { ...metadata, annotations: ownership("CronJob/bots-engine", runtime.sharings).annotations },
                spec: {
                    schedule: args.schedule,
                    timeZone: args.timeZone,
                    suspend: args.suspend,
                    concurrencyPolicy: "Forbid",
                    startingDeadlineSeconds: startingDeadline(args.schedule),
                    successfulJobsHistoryLimit: 3,
                    failedJobsHistoryLimit: 1,
                    jobTemplate: {
                        metadata: { labels: labels("engine") },
                        spec: {
                            ttlSecondsAfterFinished: 600,
                            activeDeadlineSeconds: args.deadlineSeconds,
                            backoffLimit: 2,
                            podFailurePolicy: {
                                rules: [
                                    // 2: it ran, with errors in the data; 3: another engine is at work. Neither is mended by a retry;
                                    // 69, it lost the engine lock, is: the next pod recovers what this one left.
                                    {
                                        action: "FailJob",
                                        onExitCodes: { containerName: "engine", operator: "In", values: [2, 3] },
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
                                initContainers: [databaseWait(runtime, args.resources)],
                                containers: [
                                    botsContainer(runtime, {
                                        name: "engine",
                                        // Route ids are positional: bots-engine knows no --routeid.
                                        args: ["engine", ...args.arguments, ...args.routes],
                                        resources: args.resources,
                                        // A run that waited in vain for another engine ends with 0: a Job is complete or failed, nothing
                                        // between, and a failed one alerts or, retried, only waits again. The next tick comes anyway.
                                        env: [{ name: "ENGINE_BUSY_OK", value: "true" }],
                                    }),
                                ],
                            }),
                        },
                    },
                },
            },
            { parent: this, dependsOn: opts.dependsOn },
        );
        this.registerOutputs({});
    }
}
