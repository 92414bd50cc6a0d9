/** What all parts of the system have in common. */
import * as pulumi from "@pulumi/pulumi";

/**
 * Options of a part of the system. What it comes after is given as plain resources: a part passes them on to each of its
 * objects, so that the order stands in every one of them and holds when they are deleted too.
 */
export interface PartOptions extends pulumi.ComponentResourceOptions {
    dependsOn?: pulumi.Resource[];
}

/** Seconds for what a Job's or a database's deadline does not count: an image to pull, the last container to end. */
const MARGIN = 300;

/** Seconds for the answer to arrive. */
const ANSWER = 30;

/** A day: nobody waits for longer, whatever the deadlines add up to. */
const MOST = 86400;

type Timeouts = { customTimeouts: Required<Omit<pulumi.CustomTimeouts, "read">> };

/** How long Pulumi waits for an object that Kubernetes gives up after so many seconds: never less. */
export function timeouts(deadlineSeconds: number, margin = MARGIN): Timeouts {
    const most = `${Math.min(deadlineSeconds, MOST) + margin}s`;
    return { customTimeouts: { create: most, update: most, delete: most } };
}

/** The same for a roll-out: its deadline begins anew with each pod that becomes ready, and counts everything. */
export function rolloutTimeouts(deadlineSeconds: number, pods: number): Timeouts {
    return timeouts(deadlineSeconds * pods, ANSWER);
}

/** Options of a Job: every change makes it anew, since its template is immutable, and its TTL may have removed it already. */
export const MADE_ANEW = { replaceOnChanges: ["*"], deleteBeforeReplace: true };

/** Options of a Job that is at work: other content makes it anew, but that nobody waited for its end does not. */
export const JOINED = { ...MADE_ANEW, replaceOnChanges: ["metadata", "spec"] };
