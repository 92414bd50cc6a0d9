/** The Job of a pushed image: all that `pulumi up` does with it, in that order. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Account, allow } from "./account";
import { databaseInitPod, Initialisation } from "./databaseInit";
import { fromPush } from "./imagePush";
import { labels } from "./labels";

/** How a pushed image is rolled out. */
export interface RollOutArgs {
    /** How the database is initialised; its runtime's image is the stack's. */
    readonly databaseInit: Initialisation;
    /** CronJobs of the engine. */
    readonly cronJobs: readonly string[];
    /** Seconds that the Deployments may take to become ready, one after the other. */
    readonly rolloutSeconds: number;
}

/** Beginning of the Jobs' names, and name of what they may do. */
const UPDATE = "bots-image-update";

/** A day in seconds: a roll-out takes no longer, and its Job is kept for as long, with its log. */
const DAY = 86400;

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

/** The Job: db-init with the pushed image and the live configuration, unless nothing is to be done; then the workloads, in order. */
function job(args: RollOutArgs, versions: string, accountUid: pulumi.Output<string>) {
    const { databaseInit } = args;
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
 * The trigger that makes a Job of a push, and what the two may do, under a component's name: the Sensor's account makes Jobs
 * beside the workloads, as whom its Jobs patch exactly webserver, job queue and engines, and list Jobs.
 */
export function rollOut(
    name: string,
    args: RollOutArgs,
    repository: string,
    versions: string,
    sensor: Account,
    child: pulumi.CustomResourceOptions,
) {
    const { namespace } = args.databaseInit.runtime;
    const account = new k8s.core.v1.ServiceAccount(
        `${name}-update`,
        { metadata: { name: UPDATE, namespace, labels: labels("updater") } },
        child,
    );
    const may = (suffix: string, account: Account, rules: k8s.types.input.rbac.v1.PolicyRule[]) =>
        allow(`${name}${suffix}`, { account, namespace, component: "updater", rules }, child);
    const bindings = [
        // A Job may name any account of the namespace and mount any Secret: no more than who patches a Deployment could do.
        may("", sensor, [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }]),
        may("-update", { name: UPDATE, namespace }, [
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
    const image = { dataTemplate: `${repository}:{{ .Input.version }}` };
    const container = "spec.template.spec.containers.0";
    const trigger = {
        template: {
            name: UPDATE,
            k8s: {
                operation: "create",
                source: { resource: job(args, versions, account.metadata.uid) },
                parameters: [
                    // The name tells the version: alerts carry it.
                    fromPush(
                        { dataTemplate: `${UPDATE}-{{ .Input.version | replace "." "-" }}-` },
                        "metadata.generateName",
                    ),
                    fromPush(image, `${container}.image`),
                    fromPush(image, `${container}.args.0`),
                ],
            },
        },
    };
    return { trigger, bindings };
}
