/** The services of the system, as the spec labels them. */
export type Component =
    | "webserver"
    | "jobqueue"
    | "engine"
    | "watch"
    | "init"
    | "superuser"
    | "backup"
    | "database"
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
