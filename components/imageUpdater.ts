/** Argo Events hears of what is pushed to Harbor, and has it rolled out, or asked for in a pull request. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { PullRequestArgs, pullRequestTrigger } from "./imagePullRequest";
import { pushOf } from "./imagePush";
import { rollOut, RollOutArgs } from "./imageRollOut";
import { labels } from "./labels";
import { PartOptions } from "./part";

/** The inputs of {@link ImageUpdater}. */
export interface ImageUpdaterArgs {
    /** Namespace of Argo Events: of the Sensor, its EventBus and its EventSource. */
    readonly namespace: string;
    /** EventBus. */
    readonly eventBus: string;
    /** EventSource that takes Harbor's webhook. */
    readonly eventSource: string;
    /** Event of that EventSource. */
    readonly eventName: string;
    /** Image repository without tag; its path is what Harbor calls the repository. */
    readonly repository: string;
    /** Versions that are taken, such as `>=4.0 <5`. */
    readonly versions: string;
    /** What a Job does with a push where no pull request is asked for. */
    readonly rollOut: RollOutArgs;
    /** Where a pull request is asked for. Default: a Job rolls the image out */
    readonly pullRequest?: PullRequestArgs;
}

/** Argo's namespace may serve several systems, so the name there tells them apart. Argo Events makes a label of it: 63 characters. */
function objectNameFor(namespace: string): string {
    const name = `bots-edi-image-updater-${namespace}`;
    if (name.length <= 63) return name;
    const digest = createHash("sha256").update(namespace).digest("hex").slice(0, 8);
    return `${name.slice(0, 63 - 9).replace(/-$/, "")}-${digest}`;
}

/** Argo Events Sensor `bots-edi-image-updater-NAMESPACE` and its ServiceAccount, with what its trigger needs. */
export class ImageUpdater extends pulumi.ComponentResource {
    constructor(name: string, args: ImageUpdaterArgs, opts: PartOptions = {}) {
        super("bots-edi:index:ImageUpdater", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const { repository, versions, pullRequest } = args;
        const account = { name: objectNameFor(args.rollOut.databaseInit.runtime.namespace), namespace: args.namespace };
        const metadata = { ...account, labels: labels("updater") };
        const serviceAccount = new k8s.core.v1.ServiceAccount(name, { metadata }, child);
        const { trigger, bindings } = pullRequest
            ? { trigger: pullRequestTrigger(pullRequest, versions), bindings: [] }
            : rollOut(name, args.rollOut, repository, versions, account, child);
        new k8s.apiextensions.CustomResource(
            name,
            {
                apiVersion: "argoproj.io/v1alpha1",
                kind: "Sensor",
                metadata,
                spec: {
                    eventBusName: args.eventBus,
                    template: { serviceAccountName: account.name },
                    dependencies: [pushOf(repository, args.eventSource, args.eventName)],
                    triggers: [
                        {
                            ...trigger,
                            // Without it Argo Events does not try again.
                            atLeastOnce: true,
                            retryStrategy: { steps: 3, duration: "10s" },
                        },
                    ],
                },
            },
            { ...child, dependsOn: [serviceAccount, ...bindings, ...(opts.dependsOn ?? [])] },
        );
        this.registerOutputs({});
    }
}
