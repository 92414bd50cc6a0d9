/** A Secret that External Secrets makes of what a store has. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ExternalSecretSettings } from "../settings/outsideSecrets";
import { labels } from "./labels";
import { timeouts } from "./part";
import { READY_SECONDS, StoreRef, WAIT_FOR_READY } from "./secretStore";

/** The inputs of {@link externalSecret}. */
export interface ExternalSecretArgs extends ExternalSecretSettings {
    /** Namespace of the Secret. */
    readonly namespace: string;
    /** Name of the Secret, and of the ExternalSecret. */
    readonly secret: string;
    /** Type of the Secret. Default: Opaque. */
    readonly type?: string;
    /** Where it is taken from. */
    readonly store: StoreRef;
    /** Annotations, which have it taken anew when they change. */
    readonly annotations: Record<string, string>;
    /** Whether every change upstream is taken over, or only when this object changes. */
    readonly follows: boolean;
}

/**
 * The ExternalSecret. An update waits until its Secret has been made, and shows the controller's own words where it is not. The
 * Secret stays when the ExternalSecret goes: what reads it may still have to start.
 */
export function externalSecret(
    name: string,
    args: ExternalSecretArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    const { namespace, secret, type, store, extract, keys } = args;
    return new k8s.apiextensions.CustomResource(
        name,
        {
            apiVersion: "external-secrets.io/v1",
            kind: "ExternalSecret",
            metadata: {
                name: secret,
                namespace,
                labels: labels("config"),
                annotations: { ...WAIT_FOR_READY, ...args.annotations },
            },
            spec: {
                secretStoreRef: store,
                refreshPolicy: args.follows ? "Periodic" : "OnChange",
                refreshInterval: args.follows ? `${args.refreshSeconds}s` : "0s",
                target: {
                    name: secret,
                    creationPolicy: "Orphan",
                    deletionPolicy: "Retain",
                    ...(type !== undefined && { template: { type } }),
                },
                ...(extract !== undefined && { dataFrom: [{ extract: { key: extract } }] }),
                data: Object.entries(keys).map(([secretKey, remoteRef]) => ({ secretKey, remoteRef })),
            },
        },
        { ...opts, ...timeouts(READY_SECONDS, 0) },
    );
}
