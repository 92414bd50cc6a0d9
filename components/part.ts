/** What all parts of the system have in common. */
import * as pulumi from "@pulumi/pulumi";

/**
 * Options of a part of the system. What it comes after is given as plain resources: a part passes them on to each of its
 * objects, so that the order stands in every one of them and holds when they are deleted too.
 */
export interface PartOptions extends pulumi.ComponentResourceOptions {
    dependsOn?: pulumi.Resource[];
}

/** Seconds for what Kubernetes' own deadline does not count: an image to pull, an answer to arrive. */
const MARGIN = 300;

/** How long Pulumi waits for an object that Kubernetes gives up after so many seconds: never less. */
export function timeouts(deadlineSeconds: number): { customTimeouts: pulumi.CustomTimeouts } {
    const most = `${deadlineSeconds + MARGIN}s`;
    return { customTimeouts: { create: most, update: most } };
}
