/** Rolls out what is pushed to Harbor. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { DATABASE_WAIT } from "./databaseWait";
import { labels } from "./labels";
import { newerTag } from "./newerTag";
import { PartOptions } from "./part";

/** The inputs of {@link ImageUpdater}. */
export interface ImageUpdaterArgs {
    /** Namespace of the workloads. */
    readonly workloadNamespace: string;
    /** Namespace of Argo Events: of the Sensor, its EventBus and its EventSource. */
    readonly namespace: string;
    /** EventBus. */
    readonly eventBus: string;
    /** EventSource that takes Harbor's webhook. */
    readonly eventSource: string;
    /** Event of that EventSource. */
    readonly eventName: string;
    /** CronJobs of the engine. */
    readonly cronJobs: readonly string[];
    /** Image repository without tag; its path is what Harbor calls the repository. */
    readonly repository: string;
    /** Tag of the stack: older versions and pre-releases are not rolled out. */
    readonly imageTag: string;
}

/** How Harbor writes down what was pushed, as its webhook is set to: where the parts are in the body. */
interface Format {
    /** Name of the Sensor's dependency. */
    readonly dependency: string;
    /** What tells its triggers from those of the other format. */
    readonly suffix: string;
    /** The `type` of a push. */
    readonly type: string;
    /** Key of the rest. */
    readonly data: string;
}

/** Source: Harbor's documentation, "Configuring Webhook Notifications". */
const FORMATS: readonly Format[] = [
    { dependency: "harbor-push", suffix: "", type: "PUSH_ARTIFACT", data: "event_data" },
    { dependency: "harbor-push-cloudevents", suffix: "-cloudevents", type: "harbor.artifact.pushed", data: "data" },
];

/** A workload that is patched, and its container that carries the image. */
interface Target {
    readonly group: string;
    readonly resource: string;
    readonly kind: "Deployment" | "CronJob";
    readonly name: string;
    readonly container: string;
}

function targets(cronJobs: readonly string[]): Target[] {
    const deployment = { group: "apps", resource: "deployments", kind: "Deployment" } as const;
    const cronJob = { group: "batch", resource: "cronjobs", kind: "CronJob" } as const;
    return [
        { ...deployment, name: "bots-webserver", container: "webserver" },
        { ...deployment, name: "bots-jobqueue", container: "jobqueue" },
        ...cronJobs.map((name) => ({ ...cronJob, name, container: "engine" })),
    ];
}

function literal(text: string): string {
    return text.replace(/[.+]/g, "\\$&");
}

/** A strategic merge patch finds the container by its name, so nothing else of the list is touched. */
function trigger(target: Target, { dependency, suffix, data }: Format, args: ImageUpdaterArgs) {
    const isCronJob = target.kind === "CronJob";
    const image = args.repository;
    // The init container's image too: it waits for the migrations of its own.
    const pod = {
        containers: [{ name: target.container, image }],
        initContainers: [{ name: DATABASE_WAIT, image }],
    };
    const podTemplate = { spec: pod };
    const path = `${isCronJob ? "spec.jobTemplate." : ""}spec.template.spec`;
    return {
        template: {
            name: `${target.name}${suffix}`,
            // Without it a trigger waits for every dependency.
            conditions: dependency,
            k8s: {
                operation: "patch",
                patchStrategy: "application/strategic-merge-patch+json",
                source: {
                    resource: {
                        apiVersion: `${target.group}/v1`,
                        kind: target.kind,
                        metadata: { name: target.name, namespace: args.workloadNamespace },
                        spec: isCronJob
                            ? { jobTemplate: { spec: { template: podTemplate } } }
                            : { template: podTemplate },
                    },
                },
                parameters: Object.keys(pod).map((containers) => ({
                    src: {
                        dependencyName: dependency,
                        dataTemplate: `${image}:{{ (index .Input.body.${data}.resources 0).tag }}`,
                    },
                    dest: `${path}.${containers}.0.image`,
                })),
            },
        },
        retryStrategy: { steps: 3, duration: "10s" },
    };
}

/** Argo's namespace may serve several systems, so the name there tells them apart. Argo Events makes a label of it: 63 characters. */
function objectNameFor(namespace: string): string {
    const name = `bots-edi-image-updater-${namespace}`;
    if (name.length <= 63) return name;
    const digest = createHash("sha256").update(namespace).digest("hex").slice(0, 8);
    return `${name.slice(0, 63 - 9).replace(/-$/, "")}-${digest}`;
}

/** Argo Events Sensor `bots-edi-image-updater-NAMESPACE`, and the right to patch exactly webserver, job queue and engines. */
export class ImageUpdater extends pulumi.ComponentResource {
    constructor(name: string, args: ImageUpdaterArgs, opts: PartOptions = {}) {
        super("bots-edi:index:ImageUpdater", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const objectName = objectNameFor(args.workloadNamespace);
        const here = { name: objectName, namespace: args.namespace, labels: labels("updater") };
        const there = { ...here, namespace: args.workloadNamespace };
        const patched = targets(args.cronJobs);

        new k8s.core.v1.ServiceAccount(name, { metadata: here }, child);
        new k8s.rbac.v1.Role(
            name,
            {
                metadata: there,
                rules: patched.map(({ group, resource, name: workload }) => ({
                    apiGroups: [group],
                    resources: [resource],
                    resourceNames: [workload],
                    verbs: ["get", "patch"],
                })),
            },
            child,
        );
        const binding = new k8s.rbac.v1.RoleBinding(
            name,
            {
                metadata: there,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: objectName },
                subjects: [{ kind: "ServiceAccount", name: objectName, namespace: args.namespace }],
            },
            child,
        );
        // The first segment of a reference is the registry; Harbor reports the rest.
        const repositoryPath = args.repository.split("/").slice(1).join("/");
        const matches = (path: string, pattern: string) => ({ path, type: "string", value: [pattern] });
        new k8s.apiextensions.CustomResource(
            name,
            {
                apiVersion: "argoproj.io/v1alpha1",
                kind: "Sensor",
                metadata: here,
                spec: {
                    eventBusName: args.eventBus,
                    template: { serviceAccountName: objectName },
                    // Each pattern is anchored, since Argo Events matches anywhere in the value.
                    dependencies: FORMATS.map(({ dependency, type, data }) => ({
                        name: dependency,
                        eventSourceName: args.eventSource,
                        eventName: args.eventName,
                        filters: {
                            data: [
                                matches("body.type", `^${literal(type)}$`),
                                matches(`body.${data}.repository.repo_full_name`, `^${literal(repositoryPath)}$`),
                                matches(`body.${data}.resources.0.tag`, newerTag(args.imageTag)),
                            ],
                        },
                    })),
                    triggers: FORMATS.flatMap((format) => patched.map((target) => trigger(target, format, args))),
                },
            },
            { ...child, dependsOn: [binding, ...(opts.dependsOn ?? [])] },
        );
        this.registerOutputs({});
    }
}
