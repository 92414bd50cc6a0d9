/** Who owns what: every field that somebody else than Pulumi changes. It decides what an update takes back and what it leaves. */

/** A setting that brings another owner in. */
export type Sharing = "imageUpdater" | "webserver.autoscaling" | "externalSecrets.databaseSecret";

/** The objects that are told apart here. */
type Shared =
    | "Deployment/bots-webserver"
    | "Deployment/bots-jobqueue"
    | "CronJob/bots-engine"
    | "PersistentVolumeClaim"
    | "Service";

/** One field, and what an update of this program does where its owner has changed it. */
export interface Ownership {
    /** Kind and name, or words for several. */
    readonly object: Shared | (string & {});
    readonly field: string;
    readonly owner: "Pulumi" | "updater" | "autoscaler" | "secret watch" | "platform" | "person";
    /** Only with this setting. Default: always. */
    readonly sharing?: Sharing;
    /** `ignores`: ignoreChanges. `takes back`: patchForce. `leaves`: the field is in no manifest of this program. `reports`: drift. */
    readonly update: "ignores" | "takes back" | "leaves" | "reports";
}

const IMAGE = {
    field: "image of its containers",
    owner: "updater",
    sharing: "imageUpdater",
    update: "takes back",
} as const;

/** The table. What it does not name is Pulumi's. */
export const OWNERS: readonly Ownership[] = [
    {
        object: "Deployment/bots-webserver",
        field: "spec.replicas",
        owner: "autoscaler",
        sharing: "webserver.autoscaling",
        update: "ignores",
    },
    { object: "Deployment/bots-webserver", ...IMAGE },
    { object: "Deployment/bots-jobqueue", ...IMAGE },
    { object: "CronJob/bots-engine", ...IMAGE },
    // A claim that was imported names its volume, which would have it replaced.
    { object: "PersistentVolumeClaim", field: "spec.volumeName", owner: "platform", update: "ignores" },
    // One that was imported names its address, likewise.
    { object: "Service", field: "spec.clusterIP", owner: "platform", update: "ignores" },
    { object: "Namespace", field: "labels and annotations of others", owner: "platform", update: "leaves" },
    { object: "pods", field: "what a mesh or a quota adds when they are made", owner: "platform", update: "leaves" },
    { object: "Job/bots-db-init", field: "its removal after the TTL", owner: "platform", update: "leaves" },
    {
        object: "Deployments",
        field: "annotation kubectl.kubernetes.io/restartedAt",
        owner: "person",
        update: "leaves",
    },
    {
        object: "Deployments that read `databaseSecret`",
        field: "annotation bots-edi/database-secret of their pods",
        owner: "secret watch",
        sharing: "externalSecrets.databaseSecret",
        update: "leaves",
    },
    {
        object: "ExternalSecret of `databaseSecret`",
        field: "annotation bots-edi/candidate",
        owner: "secret watch",
        sharing: "externalSecrets.databaseSecret",
        update: "leaves",
    },
    {
        object: "Secrets that External Secrets or Sealed Secrets makes",
        field: "all",
        owner: "platform",
        update: "leaves",
    },
    {
        object: "Secrets and ConfigMaps that settings name",
        field: "all",
        owner: "person",
        update: "leaves",
    },
    { object: "everything else", field: "all", owner: "Pulumi", update: "reports" },
];

/** What the table says of an object: its annotations and its resource options. */
export function ownership(
    object: Shared,
    sharings: readonly Sharing[] = [],
): { annotations?: Record<string, string>; ignoreChanges: string[] } {
    const rows = OWNERS.filter(
        (row) => row.object === object && (row.sharing === undefined || sharings.includes(row.sharing)),
    );
    const isForced = rows.some(({ update }) => update === "takes back");
    return {
        // Left out where there is none: in a plan the provider keeps an empty map, and in the update it does not.
        ...(isForced && { annotations: { "pulumi.com/patchForce": "true" } }),
        ignoreChanges: rows.filter(({ update }) => update === "ignores").map(({ field }) => field),
    };
}
