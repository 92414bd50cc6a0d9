/** Rolls out what is pushed to Harbor: Argo Events starts a Job with the pushed image, and the Job does all in order. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { databaseInitPod, Initialisation } from "./databaseInit";
import { labels } from "./labels";
import { PartOptions } from "./part";

/** The inputs of {@link ImageUpdater}. */
export interface ImageUpdaterArgs {
    /** How the database is initialised; its runtime's image is the stack's. */
    readonly databaseInit: Initialisation;
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
    /** Versions that are rolled out, such as `>=4.0 <5`. */
    readonly versions: string;
    /** Seconds that the Deployments may take to become ready, one after the other. */
    readonly rolloutSeconds: number;
}

/** Beginning of the Jobs' names, and name of what they may do. */
const UPDATE = "bots-image-update";

/** A day in seconds: a roll-out takes no longer, and its Job is kept for as long, with its log. */
const DAY = 86400;

/** A released version: `4.0`, `4.0.13`, `v4.1`; neither `4.1.0-rc.1` nor `latest`. */
const RELEASED = "^v?[0-9]+[.][0-9]+([.][0-9]+)?$";

/** The versions that are not older than a tag; all of them where it is none. */
export function notOlderThan(tag: string): string {
    const [version = ""] = tag.split("@");
    return new RegExp(RELEASED).test(version) ? `>=${version}` : ">=0";
}

/** The types of a push, in the formats Default and CloudEvents. Source: Harbor's documentation, "Configuring Webhook Notifications". */
const PUSHES = ["PUSH_ARTIFACT", "harbor.artifact.pushed"];

/**
 * jq: what a webhook says of a push, whichever its format is, with the newest released version among the tags. What it does not
 * say is left out: a filter on it then tells so in the Sensor's log.
 */
const PUSH = `(.body | objects // {}) as $body | ($body.event_data // $body.data | objects // {}) as $data | {
  type: $body.type,
  repository: ([$data.repository.repo_full_name?] | first),
  version: [$data.resources[]?.tag? | strings | select(test("${RELEASED}"))]
    | max_by(ltrimstr("v") | split(".") | map(tonumber))
} | with_entries(select(.value != null))`;

/** A workload as config/image_update.py takes it. */
interface Workload {
    readonly api: "apis/apps/v1" | "apis/batch/v1";
    readonly kind: "deployments" | "cronjobs";
    readonly name: string;
}

/** In the order of `pulumi up`: where the webserver does not become ready, the others stay as they are. */
function workloads(cronJobs: readonly string[]): Workload[] {
    return [
        ...["bots-webserver", "bots-jobqueue"].map(
            (name) => ({ api: "apis/apps/v1", kind: "deployments", name }) as const,
        ),
        ...cronJobs.map((name) => ({ api: "apis/batch/v1", kind: "cronjobs", name }) as const),
    ];
}

function literal(text: string): string {
    return text.replace(/[.+]/g, "\\$&");
}

/** Argo's namespace may serve several systems, so the name there tells them apart. Argo Events makes a label of it: 63 characters. */
function objectNameFor(namespace: string): string {
    const name = `bots-edi-image-updater-${namespace}`;
    if (name.length <= 63) return name;
    const digest = createHash("sha256").update(namespace).digest("hex").slice(0, 8);
    return `${name.slice(0, 63 - 9).replace(/-$/, "")}-${digest}`;
}

/** The Job: db-init with the pushed image and the live configuration, unless nothing is to be done; then the workloads, in order. */
function job(args: ImageUpdaterArgs, accountUid: pulumi.Output<string>) {
    const { databaseInit, versions } = args;
    const { namespace } = databaseInit.runtime;
    const plan = { namespace, workloads: workloads(args.cronJobs), versions };
    const update = (command: string) => `python /config/image_update.py ${command} "$PLAN"`;
    return {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: {
            generateName: `${UPDATE}-`,
            namespace,
            labels: labels("updater"),
            // Pods that are kept keep their volumes: they go with the stack.
            ownerReferences: [{ apiVersion: "v1", kind: "ServiceAccount", name: UPDATE, uid: accountUid }],
        },
        spec: {
            // Once more, should the database have been away.
            backoffLimit: 1,
            ttlSecondsAfterFinished: DAY,
            podReplacementPolicy: "Failed",
            activeDeadlineSeconds: Math.min(databaseInit.deadlineSeconds + args.rolloutSeconds, DAY),
            template: databaseInitPod(databaseInit, "updater", {
                args: [databaseInit.runtime.image],
                before: `export IMAGE="$1"
${update("check")} || { code=$?; [ $code -ne 3 ] || exit 0; exit $code; }
trap 'echo "$IMAGE is not rolled out, since db-init failed: all runs as before" >&2' EXIT
`,
                after: `trap - EXIT\n${update("roll-out")}\n`,
                env: [{ name: "PLAN", value: JSON.stringify(plan) }],
                pod: {
                    // The pod of a failed try keeps its log.
                    restartPolicy: "Never",
                    serviceAccountName: UPDATE,
                    automountServiceAccountToken: true,
                },
            }),
        },
    };
}

/**
 * Argo Events Sensor `bots-edi-image-updater-NAMESPACE`, which may make Jobs beside the workloads; and the right of those Jobs,
 * `bots-image-update`, to patch exactly webserver, job queue and engines, and to list Jobs.
 */
export class ImageUpdater extends pulumi.ComponentResource {
    constructor(name: string, args: ImageUpdaterArgs, opts: PartOptions = {}) {
        super("bots-edi:index:ImageUpdater", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const { namespace } = args.databaseInit.runtime;
        const objectName = objectNameFor(namespace);
        const here = { name: objectName, namespace: args.namespace, labels: labels("updater") };

        /** Lets pods of a ServiceAccount do something beside the workloads. */
        const allow = (suffix: string, account: typeof here, rules: k8s.types.input.rbac.v1.PolicyRule[]) => {
            const serviceAccount = new k8s.core.v1.ServiceAccount(`${name}${suffix}`, { metadata: account }, child);
            const metadata = { ...account, namespace };
            new k8s.rbac.v1.Role(`${name}${suffix}`, { metadata, rules }, child);
            const binding = new k8s.rbac.v1.RoleBinding(
                `${name}${suffix}`,
                {
                    metadata,
                    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: account.name },
                    subjects: [{ kind: "ServiceAccount", name: account.name, namespace: account.namespace }],
                },
                child,
            );
            return { serviceAccount, binding };
        };
        const [sensor, update] = [
            allow("", here, [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }]),
            allow("-update", { ...here, name: UPDATE, namespace }, [
                ...workloads(args.cronJobs).map(({ api, kind, name: workload }) => ({
                    apiGroups: [api.split("/")[1] ?? ""],
                    resources: [kind],
                    resourceNames: [workload],
                    verbs: ["get", "patch"],
                })),
                // Those that initialise the database are waited for.
                { apiGroups: ["batch"], resources: ["jobs"], verbs: ["list"] },
            ]),
        ];
        // The first segment of a reference is the registry; Harbor reports the rest.
        const repositoryPath = args.repository.split("/").slice(1).join("/");
        // Anchored, since Argo Events matches anywhere in the value.
        const matches = (path: string, ...texts: string[]) => ({
            path,
            type: "string",
            value: texts.map((text) => `^${literal(text)}$`),
        });
        const parameter = (dataTemplate: string, dest: string) => ({
            src: { dependencyName: "harbor-push", dataTemplate },
            dest,
        });
        const image = `${args.repository}:{{ .Input.version }}`;
        const container = "spec.template.spec.containers.0";
        new k8s.apiextensions.CustomResource(
            name,
            {
                apiVersion: "argoproj.io/v1alpha1",
                kind: "Sensor",
                metadata: here,
                spec: {
                    eventBusName: args.eventBus,
                    template: { serviceAccountName: objectName },
                    dependencies: [
                        {
                            name: "harbor-push",
                            eventSourceName: args.eventSource,
                            eventName: args.eventName,
                            transform: { jq: PUSH },
                            filters: {
                                data: [
                                    matches("type", ...PUSHES),
                                    matches("repository", repositoryPath),
                                    { path: "version", type: "string", value: [RELEASED] },
                                ],
                            },
                        },
                    ],
                    triggers: [
                        {
                            template: {
                                name: UPDATE,
                                k8s: {
                                    operation: "create",
                                    source: { resource: job(args, update.serviceAccount.metadata.uid) },
                                    parameters: [
                                        // The name tells the version: alerts carry it.
                                        parameter(
                                            `${UPDATE}-{{ .Input.version | replace "." "-" }}-`,
                                            "metadata.generateName",
                                        ),
                                        parameter(image, `${container}.image`),
                                        parameter(image, `${container}.args.0`),
                                    ],
                                },
                            },
                            // Without it Argo Events does not try again.
                            atLeastOnce: true,
                            retryStrategy: { steps: 3, duration: "10s" },
                        },
                    ],
                },
            },
            { ...child, dependsOn: [sensor.binding, update.binding, ...(opts.dependsOn ?? [])] },
        );
        this.registerOutputs({});
    }
}
