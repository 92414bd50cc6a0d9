/** The volumes that the services share. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labels } from "./labels";
import { ownership } from "./owners";
import { PartOptions } from "./part";
import { CLAIMS } from "./podTemplate";

/** The inputs of {@link Storage}. */
export interface StorageArgs {
    /** Namespace of the claims. */
    readonly namespace: string;
    /** Storage class of the claims. */
    readonly storageClass: string;
    /** ReadWriteMany, or ReadWriteOnce where every pod runs on one node. */
    readonly accessMode: string;
    /** Sizes of the claims, as Kubernetes quantities. */
    readonly sizes: Readonly<Record<"data" | "logs" | "config" | "backup", string>>;
    /** Keep the data whatever is destroyed. */
    readonly protect: boolean;
}

/** Options of a resource whose loss is a loss of data: no destroy and no delete reaches it while it is protected. */
export function durable(protect: boolean): pulumi.CustomResourceOptions {
    return { protect, retainOnDelete: protect };
}

/** Options of a claim. */
export function durableClaim(protect: boolean): pulumi.CustomResourceOptions {
    return { ...durable(protect), ignoreChanges: ownership("PersistentVolumeClaim").ignoreChanges };
}

/** PersistentVolumeClaims `bots-edi-data-pvc`, `bots-edi-logs-pvc`, `bots-edi-config-pvc` and `bots-edi-backup-pvc`. */
export class Storage extends pulumi.ComponentResource {
    /** The claims, to depend on. */
    readonly claims: k8s.core.v1.PersistentVolumeClaim[];

    constructor(name: string, args: StorageArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Storage", name, {}, opts);
        this.claims = (["data", "logs", "config", "backup"] as const).map(
            (volume) =>
                new k8s.core.v1.PersistentVolumeClaim(
                    `${name}-${volume}`,
                    {
                        metadata: { name: CLAIMS[volume], namespace: args.namespace, labels: labels("storage") },
                        spec: {
                            accessModes: [args.accessMode],
                            storageClassName: args.storageClass,
                            resources: { requests: { storage: args.sizes[volume] } },
                        },
                    },
                    { parent: this, dependsOn: opts.dependsOn, ...durableClaim(args.protect) },
                ),
        );
        this.registerOutputs({});
    }
}
