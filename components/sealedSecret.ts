/** A Secret that stands sealed in the stack's configuration, and that the controller of Sealed Secrets opens. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SealedSecretSettings } from "../settings/outsideSecrets";
import { labels } from "./labels";
import { timeouts } from "./part";

/** The inputs of {@link sealedSecret}. */
export interface SealedSecretArgs extends SealedSecretSettings {
    /** Namespace of the Secret. */
    readonly namespace: string;
    /** Name of the Secret, and of the SealedSecret. */
    readonly secret: string;
    /** Type of the Secret. Default: Opaque. */
    readonly type?: string;
}

/** Seconds that the controller may take. */
const OPEN_SECONDS = 60;

/** Not `condition=Synced`: Pulumi looks whether the status is of the newest generation for JSON paths alone. */
const WAIT_FOR_SYNCED = { "pulumi.com/waitFor": 'jsonpath={$.status.conditions[?@.type == "Synced"].status}=True' };

/** Annotations of the Secret: it stays when the SealedSecret goes, since what reads it may still have to start, and a new one takes it over. */
const KEPT = {
    "sealedsecrets.bitnami.com/skip-set-owner-references": "true",
    "sealedsecrets.bitnami.com/managed": "true",
};

/** The SealedSecret. An update waits until the controller has opened it, and shows its words where it cannot. */
export function sealedSecret(
    name: string,
    { namespace, secret, type, encryptedData, scope }: SealedSecretArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    return new k8s.apiextensions.CustomResource(
        name,
        {
            apiVersion: "bitnami.com/v1alpha1",
            kind: "SealedSecret",
            metadata: {
                name: secret,
                namespace,
                labels: labels("config"),
                annotations: {
                    ...WAIT_FOR_SYNCED,
                    ...(scope !== "strict" && { [`sealedsecrets.bitnami.com/${scope}`]: "true" }),
                },
            },
            spec: { encryptedData, template: { metadata: { annotations: KEPT }, ...(type !== undefined && { type }) } },
        },
        { ...opts, ...timeouts(OPEN_SECONDS, 0) },
    );
}
