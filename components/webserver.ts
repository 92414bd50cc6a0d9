/** The web pages of Bots. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { migrationsWait } from "./databaseWait";
import { labels, selector, SKIP_AWAIT } from "./labels";
import { ownership } from "./owners";
import { PartOptions, rolloutTimeouts } from "./part";
import { Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime, spread } from "./podTemplate";

/** Name of the Deployment and of the Service (spec). */
export const WEBSERVER = "bots-webserver";

/** Port of the Service and of the container (spec). */
export const WEBSERVER_PORT = 8080;

/** The inputs of {@link Webserver}. */
export interface WebserverArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Number of pods. Source: spec, 1. */
    readonly replicas: number;
    /** A HorizontalPodAutoscaler in place of `replicas`. Default: none. */
    readonly autoscaling?: {
        /** Fewest pods. */
        readonly minReplicas: number;
        /** Most pods. */
        readonly maxReplicas: number;
        /** CPU, as a percentage of the request. */
        readonly targetCPUUtilization: number;
    };
    /** Seconds that a new pod may take to become ready. */
    readonly deadlineSeconds: number;
    /** Whether the pods carry what tells a Prometheus without an operator where the metrics are. Source: spec, true. */
    readonly scrapeAnnotations: boolean;
    /** Requests and limits. Source: spec, 100m/256Mi and 1000m/1Gi. */
    readonly resources: Resources;
}

const probe = (check: "live" | "ready" | "startup", timing: k8s.types.input.core.v1.Probe) => ({
    httpGet: { path: `/health/${check}`, port: "http", scheme: "HTTP" },
    ...timing,
});

/** Where the metrics are: config/settings.py answers the path. */
export const METRICS_PATH = "/metrics";

/** What tells Prometheus where the metrics are (spec). */
const SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(WEBSERVER_PORT),
    "prometheus.io/path": METRICS_PATH,
};

/** Deployment, Service and PodDisruptionBudget `bots-webserver`, and a HorizontalPodAutoscaler where it is asked for. */
export class Webserver extends pulumi.ComponentResource {
    /** The Deployment. */
    readonly deployment: k8s.apps.v1.Deployment;
    /** The Service. */
    readonly service: k8s.core.v1.Service;

    constructor(name: string, args: WebserverArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Webserver", name, {}, opts);
        const { runtime, autoscaling } = args;
        const { annotations, ignoreChanges } = ownership("Deployment/bots-webserver", runtime.sharings);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const metadata = { name: WEBSERVER, namespace: runtime.namespace, labels: labels("webserver") };

        this.deployment = new k8s.apps.v1.Deployment(
            name,
            {
                metadata: { ...metadata, annotations },
                spec: {
                    progressDeadlineSeconds: args.deadlineSeconds,
                    replicas: autoscaling?.minReplicas ?? args.replicas,
                    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
                    selector: { matchLabels: selector("webserver") },
                    template: botsPodTemplate(runtime, "webserver", {
                        annotations: args.scrapeAnnotations ? SCRAPED : {},
                        terminationGracePeriodSeconds: 30,
                        topologySpreadConstraints: spread("webserver"),
                        initContainers: [migrationsWait(runtime)],
                        containers: [
                            botsContainer(runtime, {
                                name: "webserver",
                                args: ["webserver"],
                                ports: [{ name: "http", containerPort: WEBSERVER_PORT, protocol: "TCP" }],
                                resources: args.resources,
                                env: [{ name: "DB_INIT_SKIP", value: "true" }],
                                livenessProbe: probe("live", {
                                    initialDelaySeconds: 30,
                                    periodSeconds: 30,
                                    timeoutSeconds: 5,
                                    failureThreshold: 3,
                                }),
                                readinessProbe: probe("ready", {
                                    initialDelaySeconds: 10,
                                    periodSeconds: 10,
                                    timeoutSeconds: 3,
                                    failureThreshold: 2,
                                }),
                                startupProbe: probe("startup", {
                                    periodSeconds: 5,
                                    timeoutSeconds: 3,
                                    failureThreshold: 30,
                                }),
                                // Who sends requests hears of the next pod up to 10 s later where the API server was away before.
                                lifecycle: { preStop: { exec: { command: ["sleep", "15"] } } },
                            }),
                        ],
                    }),
                },
            },
            {
                ...child,
                ...rolloutTimeouts(args.deadlineSeconds, autoscaling?.maxReplicas ?? args.replicas),
                // The number left out where an autoscaler owns it would be 1 until that looks.
                ignoreChanges,
            },
        );
        this.service = new k8s.core.v1.Service(
            name,
            {
                metadata: { ...metadata, annotations: SKIP_AWAIT },
                spec: {
                    type: "ClusterIP",
                    selector: selector("webserver"),
                    ports: [{ name: "http", port: WEBSERVER_PORT, targetPort: "http", protocol: "TCP" }],
                },
            },
            { ...child, ignoreChanges: ownership("Service").ignoreChanges },
        );
        new k8s.policy.v1.PodDisruptionBudget(
            name,
            { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector("webserver") } } },
            child,
        );
        if (autoscaling) {
            new k8s.autoscaling.v2.HorizontalPodAutoscaler(
                name,
                {
                    metadata,
                    spec: {
                        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: WEBSERVER },
                        minReplicas: autoscaling.minReplicas,
                        maxReplicas: autoscaling.maxReplicas,
                        metrics: [
                            {
                                type: "Resource",
                                resource: {
                                    name: "cpu",
                                    target: {
                                        type: "Utilization",
                                        averageUtilization: autoscaling.targetCPUUtilization,
                                    },
                                },
                            },
                        ],
                    },
                },
                child,
            );
        }
        this.registerOutputs({});
    }
}
