/** The job queue: it starts the engine for what the pages and the directory monitor ask for. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { migrationsWait } from "./databaseWait";
import { labels, selector, SKIP_AWAIT, WAIT_FOR_ROLLOUT } from "./labels";
import { ownership } from "./owners";
import { PartOptions, rolloutTimeouts } from "./part";
import { Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime, healthCheck } from "./podTemplate";

/** Name of the Deployment (spec) and of the Service. */
export const JOBQUEUE = "bots-jobqueue";

/** Where the pages reach the queue: config/queue_gateway.py listens there, and takes what only webservers can sign. */
export const GATEWAY_PORT = 28083;

/** The inputs of {@link JobQueue}. */
export interface JobQueueArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Seconds that the new pod may take to become ready, once the old one has ended. */
    readonly deadlineSeconds: number;
    /** Whether a second container watches directories. */
    readonly monitorsDirectories: boolean;
    /** Requests and limits of each container. Source: spec, 100m/256Mi and 500m/512Mi. */
    readonly resources: Resources;
}

/** Seconds that a job which runs has to finish (spec); the new pod comes after them. */
const GRACE_SECONDS = 60;

/** The queue listens on localhost of its own pod only, so its port is dialled from inside; the gateway's too. */
const DIAL = `exec 3<>/dev/tcp/127.0.0.1/28082 4<>/dev/tcp/127.0.0.1/${GATEWAY_PORT}`;

/** The image's live check starts a process of its own and would pass with the queue gone, so the queue is dialled too. */
const ALIVE = `${healthCheck("live").join(" ")} && ${DIAL}`;

const bash = (script: string) => ({ exec: { command: ["/bin/bash", "-c", script] } });

/** Deployment and Service `bots-jobqueue`: exactly one pod, since the queue is in its memory. */
export class JobQueue extends pulumi.ComponentResource {
    /** The Deployment. */
    readonly deployment: k8s.apps.v1.Deployment;

    constructor(name: string, args: JobQueueArgs, opts: PartOptions = {}) {
        super("bots-edi:index:JobQueue", name, {}, opts);
        const { runtime, resources } = args;
        const child = { parent: this, dependsOn: opts.dependsOn };
        const metadata = { name: JOBQUEUE, namespace: runtime.namespace, labels: labels("jobqueue") };
        // It dials the queue on localhost, so it lives in the queue's pod.
        const monitor = botsContainer(runtime, { name: "dirmonitor", args: ["dirmonitor"], resources });

        const { annotations } = ownership("Deployment/bots-jobqueue", runtime.sharings);
        this.deployment = new k8s.apps.v1.Deployment(
            name,
            {
                metadata: { ...metadata, annotations: { ...WAIT_FOR_ROLLOUT, ...annotations } },
                spec: {
                    progressDeadlineSeconds: args.deadlineSeconds,
                    replicas: 1,
                    strategy: { type: "Recreate" },
                    selector: { matchLabels: selector("jobqueue") },
                    template: botsPodTemplate(runtime, "jobqueue", {
                        terminationGracePeriodSeconds: GRACE_SECONDS,
                        initContainers: [migrationsWait(runtime)],
                        containers: [
                            botsContainer(runtime, {
                                name: "jobqueue",
                                args: ["jobqueueserver"],
                                ports: [{ name: "gateway", containerPort: GATEWAY_PORT, protocol: "TCP" }],
                                resources,
                                // Costs nothing, so it may ask often: an update waits for it.
                                startupProbe: {
                                    ...bash(DIAL),
                                    periodSeconds: 2,
                                    timeoutSeconds: 5,
                                    failureThreshold: 75,
                                },
                                // Each check starts Python and Django: seconds of CPU, so neither often nor in a hurry.
                                livenessProbe: {
                                    ...bash(ALIVE),
                                    periodSeconds: 60,
                                    timeoutSeconds: 30,
                                    failureThreshold: 3,
                                },
                                readinessProbe: {
                                    exec: { command: healthCheck("ready") },
                                    periodSeconds: 60,
                                    timeoutSeconds: 30,
                                    failureThreshold: 2,
                                },
                            }),
                            ...(args.monitorsDirectories ? [monitor] : []),
                        ],
                    }),
                },
            },
            { ...child, ...rolloutTimeouts(args.deadlineSeconds + GRACE_SECONDS, 1) },
        );
        new k8s.core.v1.Service(
            name,
            {
                metadata: { ...metadata, annotations: SKIP_AWAIT },
                spec: {
                    type: "ClusterIP",
                    selector: selector("jobqueue"),
                    ports: [{ name: "gateway", port: GATEWAY_PORT, targetPort: "gateway", protocol: "TCP" }],
                    // A queue that is not ready, as while the database is away, takes jobs all the same: it writes them down.
                    publishNotReadyAddresses: true,
                },
            },
            { ...child, ignoreChanges: ownership("Service").ignoreChanges },
        );
        this.registerOutputs({});
    }
}
