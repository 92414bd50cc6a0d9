/** The services of the system, as the spec labels them. */
export type Component =
    | "webserver"
    | "jobqueue"
    | "engine"
    | "watch"
    | "secret-watch"
    | "init"
    | "superuser"
    | "backup"
    | "database"
    | "database-preflight"
    | "storage"
    | "config"
    | "updater"
    | "monitoring";

const APP = "bots-edi";

/** What selects the pods of one service. Selectors are immutable: never add to it. */
export function selector(component: Component): Record<string, string> {
    return { app: APP, component };
}

/** What selects every pod that this program makes. */
export const EVERY_POD = { app: APP };

/** The labels of an object: the spec's own and the recommended ones of Kubernetes. */
export function labels(component: Component): Record<string, string> {
    return {
        ...selector(component),
        "app.kubernetes.io/name": APP,
        "app.kubernetes.io/part-of": APP,
        "app.kubernetes.io/component": component,
    };
}

/**
 * Annotation of an object that an update does not wait for. A Service takes ten seconds after its last event, and is ready
 * when the pods behind it are, which the update waits for anyway.
 */
export const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

/**
 * Annotation of a Deployment that an update waits for by its numbers. Pulumi's own way tells more of a pod that fails, but takes
 * a Deployment whose pods are ended before the new ones start, or one of several that change at once, for rolled out too early.
 * The JSON paths are RFC 9535: `$[?…]` finds the status, which is looked at only once it is of the newest generation.
 */
export const WAIT_FOR_ROLLOUT = {
    "pulumi.com/waitFor": JSON.stringify(
        ["@.updatedReplicas", "@.availableReplicas", "@.observedGeneration && @.replicas"].map(
            (number) => `jsonpath={$[?${number} == $.spec.replicas]}`,
        ),
    ),
};
