/** Every setting: its form, its default and what it is. docs/configuration.md is made from this. */
import { z } from "zod";
import * as formats from "../formats";
import { externalSecrets, sealedSecrets, secretStore } from "./outsideSecrets";
import { DNS_PRESETS, DnsPreset } from "./peers";

// The schema is used once a run: compiling it first, for many uses, takes longer than it saves.
z.config({ jitless: true });

type Quantities = Record<"cpu" | "memory", string>;

interface PartialResources {
    requests?: Partial<Quantities>;
    limits?: Partial<Quantities>;
}

/** A wrong quantity is reported by its own check, so only right ones are compared here. */
function checkLimits({ requests, limits }: PartialResources, context: z.RefinementCtx): void {
    for (const kind of ["cpu", "memory"] as const) {
        const request = formats.quantityValue(String(requests?.[kind]));
        const limit = formats.quantityValue(String(limits?.[kind]));
        if (request !== undefined && limit !== undefined && limit < request) {
            const message = `takes at least the request, ${requests?.[kind] ?? ""}`;
            context.addIssue({ code: "custom", path: ["limits", kind], message });
        }
    }
}

/** Requests and limits; what a stack leaves out keeps its default, and no limit is below its request. */
const resources = (requests: Quantities, limits: Quantities, more = "") =>
    z
        .strictObject({
            requests: z
                .strictObject({
                    cpu: formats.cpu.default(requests.cpu).describe("CPU that the scheduler sets aside."),
                    memory: formats.memory.default(requests.memory).describe("Memory that the scheduler sets aside."),
                })
                .prefault({}),
            limits: z
                .strictObject({
                    cpu: formats.cpu.default(limits.cpu).describe("CPU above which the container is throttled."),
                    memory: formats.memory
                        .default(limits.memory)
                        .describe(`Memory above which the container is ended.${more}`),
                })
                .prefault({}),
        })
        .superRefine(checkLimits, { when: () => true })
        .prefault({});

const MORE_FOR_LARGE_FILES = " Without it: more where `maxfilesizeincoming` of bots.ini needs it.";

const ENGINE_ARGUMENTS = ["--new", "--resend", "--rereceive", "--automaticretrycommunication", "--cleanup"] as const;

/** What a schedule of the engine says beside its time. */
const engineRun = {
    timeZone: formats.timeZone.optional().describe("Time zone of this schedule; `timeZone` without it."),
    arguments: z
        .array(
            z.enum(ENGINE_ARGUMENTS, {
                error: `takes ${ENGINE_ARGUMENTS.join(" | ")}; route ids go into routes`,
            }),
        )
        .default(["--new"])
        .describe("What a run does (spec). bots-engine exits 0 at any other option, having done nothing."),
    routes: z
        .array(formats.routeId)
        .default([])
        .describe("Ids of the routes to run; all active routes where empty. A run with an unknown one runs nothing."),
    deadlineSeconds: formats.seconds
        .default(3600)
        .describe("Seconds after which a run is ended; it would block the next."),
    startingDeadlineSeconds: formats.startingDeadline
        .optional()
        .describe(
            "Seconds that a run may start late; then it is given up, and told of. Without it: until the next is due, at least 300.",
        ),
    suspend: z.boolean().default(false).describe("Stop scheduling, for maintenance."),
};

const furtherSchedule = z.strictObject({
    name: formats.scheduleName.describe("Name of the schedule: its CronJob is `bots-engine-NAME`."),
    schedule: formats.cronSchedule.describe("When the engine runs."),
    ...engineRun,
});

const directoryMonitor = z.strictObject({
    path: formats.absolutePath.describe("Directory to watch, in the container."),
    filemask: formats.fileMask.default("*").describe("Files that count."),
    recursive: z.boolean().default(false).describe("Whether sub-directories are watched too."),
    route: formats.routeId.optional().describe("Route to run; all active routes without it."),
});

const toleration = z
    .strictObject({
        key: formats.labelKey.optional().describe("Taint key; every key without it, where the operator is Exists."),
        operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared; Equal without it."),
        value: formats.labelValue.optional().describe("Taint value."),
        effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .optional()
            .describe("Effect; every one without it."),
        tolerationSeconds: z.int().optional().describe("Seconds until eviction (NoExecute); for ever without it."),
    })
    .refine(({ key, operator }) => key !== undefined || operator === "Exists", {
        path: ["operator"],
        message: "takes Exists where there is no key",
    })
    .refine(({ operator, value }) => operator !== "Exists" || value === undefined, {
        path: ["value"],
        message: "takes nothing where the operator is Exists",
    })
    .refine(({ effect, tolerationSeconds }) => effect === "NoExecute" || tolerationSeconds === undefined, {
        path: ["effect"],
        message: "takes NoExecute where there are tolerationSeconds",
    });

const files = z
    .strictObject({
        secret: formats.objectName.optional().describe("Name of the existing Secret; a file a key."),
        configMap: formats.objectName.optional().describe("Name of the existing ConfigMap, in its place."),
        path: formats.filesPath.describe("Directory of the files in every container, for reading only."),
    })
    .refine(({ secret, configMap }) => (secret === undefined) !== (configMap === undefined), {
        path: ["secret"],
        message: "takes the name of a Secret, or configMap that of a ConfigMap: one of the two",
    });

const variable = z.strictObject({
    secret: formats.objectName.describe("Name of the existing Secret."),
    key: formats.secretKey.optional().describe("Key of the Secret; the variable's name without it."),
});

const anyPeer = z.strictObject({
    cidr: formats.cidr.optional().describe("Addresses, such as `10.0.0.0/8`."),
    namespace: formats.namespaceName
        .optional()
        .describe("Namespace of pods, in place of addresses: a policy sees the pod, never its Service."),
    podLabels: z
        .record(formats.labelKey, formats.labelValue)
        .optional()
        .describe("Labels of the pods in that namespace; all of them without it."),
});

const isOneEnd = ({ cidr, namespace }: { cidr?: string; namespace?: string }) =>
    (cidr === undefined) !== (namespace === undefined);
const ONE_END = { path: ["cidr"], message: "takes a block of addresses, or namespace that of pods: one of the two" };
const hasPods = ({ cidr, podLabels }: { cidr?: string; podLabels?: object }) =>
    cidr === undefined || podLabels === undefined;
const HAS_PODS = { path: ["podLabels"], message: "takes nothing beside cidr" };

const caller = anyPeer.refine(isOneEnd, ONE_END).refine(hasPods, HAS_PODS);
const peer = anyPeer
    .extend({
        ports: z
            .array(formats.networkPort)
            .default([])
            .describe('TCP ports, ranges and UDP: `22`, `"10000-10100"`, `"1194/UDP"`; every port where empty.'),
    })
    .refine(isOneEnd, ONE_END)
    .refine(hasPods, HAS_PODS);

const DNS_NAMES = Object.keys(DNS_PRESETS) as DnsPreset[];

/** The schema of a stack's configuration. What a setting takes in the company of others stands in rules.ts. */
export const schema = z.strictObject({
    production: formats.flag
        .prefault(false)
        .describe(
            "Production rules: a TLS secret for the Ingress, no in-cluster database. On where the stack is called `prod`.",
        ),
    kubeContext: z.string().optional().describe("Context of the kubeconfig; the current one without it."),
    clusterIdentifier: formats.objectName
        .optional()
        .describe(
            "Names the cluster, so that an edited kubeconfig does not replace every object; the stack's name without it.",
        ),
    clusterNamespace: formats.namespaceName
        .default("kube-system")
        .describe(
            "Namespace whose uid tells the stack's cluster from any other, recorded at the first update: one that stays and that the kubeconfig may read.",
        ),
    namespace: formats.namespaceName.default("edi").describe("Namespace of every object (spec)."),
    createNamespace: formats.flag
        .optional()
        .describe(
            "Make the namespace. Without it: `true` with `database`, and otherwise `false`: it exists, with the Secret in it.",
        ),
    labelNamespace: formats.flag
        .prefault(true)
        .describe(
            "Set the labels of a namespace that exists, Pod Security's among them; `false` where it may not be changed.",
        ),
    protectData: formats.flag
        .prefault(true)
        .describe(
            "Keep namespace, volume claims, generated Secret and its passwords from deletion; `false`: all may be lost.",
        ),

    imageTag: formats.imageTag.describe(
        'Tag of the image; with its digest, `"4.0@sha256:…"`, the bytes are pinned too. An edit of this line is the whole bump.',
    ),
    image: z
        .strictObject({
            repository: formats.imageRepository
                .default("harbor.pminc.me/priv/bots-edi")
                .describe("Image without tag (spec)."),
            pullPolicy: z
                .enum(["IfNotPresent", "Always", "Never"])
                .default("IfNotPresent")
                .describe(
                    "When the node pulls: what it has it does not ask for again. `Always` has no pod start while the registry is away.",
                ),
        })
        .prefault({}),
    imagePullSecret: formats.objectName
        .optional()
        .describe(
            "Name of the existing Secret, of type `kubernetes.io/dockerconfigjson`, that the registry of every image asks for.",
        ),

    storageClass: formats.objectName.default("t1-shiva-nfs").describe("Class of the three shared volumes (spec)."),
    storage: z
        .strictObject({
            accessMode: z
                .enum(["ReadWriteMany", "ReadWriteOnce"])
                .default("ReadWriteMany")
                .describe(
                    "ReadWriteMany, since several pods share the files (spec); ReadWriteOnce keeps every pod on one node.",
                ),
            data: formats.size.default("20Gi").describe("Size of `bots-edi-data-pvc` (spec)."),
            logs: formats.size.default("5Gi").describe("Size of `bots-edi-logs-pvc` (spec)."),
            config: formats.size.default("1Gi").describe("Size of `bots-edi-config-pvc` (spec)."),
            backup: formats.size
                .default("20Gi")
                .describe(
                    "Size of `bots-edi-backup-pvc`: `backup.keep` and one more times what database and data volume are, compressed.",
                ),
        })
        .prefault({}),

    databaseSecret: formats.objectName
        .default("bots-edidb-secret")
        .describe(
            "Name of the Secret with the credentials (spec). It exists, unless `database` is set: then it is generated; or it comes from outside, by `externalSecrets` or `sealedSecrets`.",
        ),
    secretStore: secretStore.optional().describe("The store that `externalSecrets` are taken from."),
    externalSecrets: externalSecrets.describe(
        "Secrets that External Secrets makes, by the setting that names them: `databaseSecret`, `superuserSecret`, `tlsSecret`, `imagePullSecret`.",
    ),
    sealedSecrets: sealedSecrets.describe(
        "Secrets that stand here sealed, for the controller of Sealed Secrets, by the setting that names them: the same four.",
    ),
    database: z
        .strictObject({
            engine: z
                .enum(["mariadb", "postgresql"])
                .default("mariadb")
                .describe("Which database runs in the cluster."),
            image: formats.imageReference.optional().describe("Its image; the engine's official one without it."),
            size: formats.size.default("8Gi").describe("Size of its volume."),
            storageClass: formats.objectName.optional().describe("Class of its volume; `storageClass` without it."),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "1000m", memory: "1Gi" }),
        })
        .optional()
        .describe(
            "A database in the cluster, for trying and testing; an external one without it. A change of its pod is tried by a Job before it is ended.",
        ),

    webserver: z
        .strictObject({
            replicas: formats.count.default(1).describe("Pods (spec)."),
            autoscaling: z
                .strictObject({
                    minReplicas: formats.count.default(1).describe("Fewest pods."),
                    maxReplicas: formats.count.describe("Most pods."),
                    targetCPUUtilization: formats.count.default(80).describe("CPU, as a percentage of the request."),
                })
                .superRefine(({ minReplicas, maxReplicas }, context) => {
                    const message = `takes at least minReplicas, ${minReplicas}`;
                    if (maxReplicas < minReplicas) context.addIssue({ code: "custom", path: ["maxReplicas"], message });
                })
                .optional()
                .describe("A HorizontalPodAutoscaler in place of `replicas`."),
            deadlineSeconds: formats.seconds
                .default(600)
                .describe(
                    "Seconds that a new pod may take to become ready; then the update fails, and the old ones serve.",
                ),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "1000m", memory: "1Gi" }),
        })
        .prefault({}),
    jobqueue: z
        .strictObject({
            directoryMonitors: z
                .array(directoryMonitor)
                .default([])
                .describe("Directories whose new files start the engine; a second container watches them."),
            monitorRoutes: z
                .boolean()
                .default(false)
                .describe('Watch the inboxes of routes with the tick "dirmonitor" in the pages of Bots 4 too.'),
            deadlineSeconds: formats.seconds
                .default(600)
                .describe("Seconds that the new pod may take to become ready, once the old one has ended."),
            resources: resources(
                { cpu: "100m", memory: "256Mi" },
                { cpu: "500m", memory: "512Mi" },
                MORE_FOR_LARGE_FILES,
            ),
        })
        .prefault({}),
    engine: z
        .strictObject({
            schedule: formats.cronSchedule.default("*/5 * * * *").describe("When the engine runs (spec)."),
            ...engineRun,
            waitSeconds: formats.seconds
                .optional()
                .describe(
                    "Seconds that an engine, whoever starts it, waits for another one; 600, or the deadline where that is shorter, without it.",
                ),
            podStartSeconds: formats.seconds
                .default(240)
                .describe(
                    "Seconds that the pod of a run may take to start; then the run is given up, since it would block the next.",
                ),
            schedules: z
                .array(furtherSchedule)
                .default([])
                .describe("Further schedules, each a CronJob of its own; engines of all of them run one at a time."),
            resources: resources(
                { cpu: "200m", memory: "512Mi" },
                { cpu: "2000m", memory: "2Gi" },
                MORE_FOR_LARGE_FILES,
            ),
        })
        .prefault({}),
    databaseInit: z
        .strictObject({
            deadlineSeconds: formats.secondsOfADay
                .default(300)
                .describe(
                    "Seconds that the Job may take, retries included (spec), and as long the one that tries a database in the cluster.",
                ),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "500m", memory: "512Mi" }),
        })
        .prefault({}),

    superuserSecret: formats.objectName
        .optional()
        .describe(
            "Name of the existing Secret with SUPERUSER_USERNAME, SUPERUSER_EMAIL and SUPERUSER_PASSWORD: a Job makes this user of the web pages after db-init, unless it is there. No such user without it.",
        ),

    backup: z
        .strictObject({
            schedule: formats.cronSchedule
                .default("30 4 * * *")
                .describe(
                    "When database, data volume, routes, channels and mappings are saved to the backup volume; engines wait meanwhile. No zone's clock leaves the default out.",
                ),
            keep: formats.count.default(7).describe("Sets that are kept; the oldest beyond them are removed."),
            suspend: z.boolean().default(false).describe("Stop scheduling."),
            deadlineSeconds: formats.secondsOfADay
                .default(3600)
                .describe("Seconds that a set may take to be made or restored, beside the wait for an engine."),
            clientImage: formats.imageReference
                .optional()
                .describe(
                    "Image with the database's own client: `mariadb-dump`, `mysqldump` or `pg_dump`, and what reads back. Without it the image of `database`, or the official one of MariaDB.",
                ),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "500m", memory: "512Mi" }),
        })
        .prefault({}),

    tls: formats.flag
        .optional()
        .describe(
            "Whether browsers come by TLS: cookies are then sent over https only. Without it: `true` with `ingress`, and otherwise `false`.",
        ),
    tlsSecret: formats.objectName
        .optional()
        .describe(
            "Name of the TLS Secret of the Ingress, which exists, or which `ingress.certificateIssuer` makes; the controller's own certificate without it.",
        ),
    ingress: z
        .strictObject({
            host: formats.hostName.describe("Host name of the web pages."),
            className: formats.objectName.default("traefik").describe("Ingress class (spec)."),
            annotations: z
                .record(formats.labelKey, formats.anyText.nullable())
                .default({})
                .describe(
                    "Annotations of the Ingress, beside those that a class called like `traefik` (spec), `nginx`, `haproxy` or `openshift` gets; `null` removes one.",
                ),
            certificateIssuer: z
                .strictObject({
                    name: formats.objectName.describe("Name of the issuer."),
                    kind: z
                        .enum(["ClusterIssuer", "Issuer"])
                        .default("ClusterIssuer")
                        .describe("Whether it serves all namespaces, or this one."),
                })
                .optional()
                .describe(
                    "Issuer of cert-manager that makes and renews the certificate in `tlsSecret`; none without it.",
                ),
            skipAwait: z
                .boolean()
                .default(true)
                .describe("Do not wait for an address in its status: many controllers never write one."),
        })
        .optional()
        .describe("An Ingress to the webserver; none without it."),

    imageUpdater: z
        .strictObject({
            namespace: formats.namespaceName
                .default("argo-events")
                .describe("Namespace of Argo Events and of the Sensor."),
            eventBus: formats.objectName.default("default").describe("EventBus."),
            eventSource: formats.objectName.default("harbor").describe("EventSource that takes Harbor's webhook."),
            eventName: formats.objectName.default("push").describe("Event of that EventSource."),
            versions: formats.versions
                .optional()
                .describe(
                    "Versions that are rolled out, such as `>=4.0 <5`; numbers left out are 0. Always newer than what runs, and no pre-release. Without it: not older than `imageTag`.",
                ),
            pullRequest: z
                .strictObject({
                    repository: formats.gitHubRepository.describe(
                        "Repository of this program on GitHub, `OWNER/NAME`; its workflow `bump.yml` opens the pull request.",
                    ),
                    api: formats.httpUrl
                        .default("https://api.github.com")
                        .describe("GitHub's API; `https://HOST/api/v3` of an Enterprise server."),
                    secret: formats.objectName.describe(
                        "Name of the existing Secret in `imageUpdater.namespace`, whose key `authorization` is `Bearer` and a token that may write the repository's contents.",
                    ),
                })
                .optional()
                .describe(
                    "Ask for each pushed image in a pull request of the stack's `imageTag`; without it the image is rolled out.",
                ),
        })
        .optional()
        .describe(
            "An Argo Events Sensor that has each semver tag pushed to Harbor rolled out, after its db-init (spec); none without it.",
        ),

    networkPolicy: z
        .strictObject({
            enabled: z.boolean().default(true).describe("Deny all traffic but the flows that the system needs."),
            dns: z
                .array(
                    z.union([z.enum(DNS_NAMES), peer], {
                        error: `takes ${DNS_NAMES.join(" | ")}, or cidr or namespace, with ports`,
                    }),
                )
                .min(1, { error: "takes at least one" })
                .default(["cluster"])
                .describe(
                    "Where names are resolved: `cluster` (pods `k8s-app: kube-dns` in `kube-system`), `nodeLocal` (169.254.20.10), `openshift` (port 5353 in `openshift-dns`), or an entry as in `egress`.",
                ),
            callers: z
                .array(caller)
                .default([{ namespace: "kube-system" }])
                .describe(
                    "Who calls the webserver: the Ingress controller's pods, or its nodes' addresses where it is on their network.",
                ),
            monitoringNamespace: formats.namespaceName
                .optional()
                .describe("Namespace of the Prometheus that scrapes the webserver; none may without it."),
            database: z
                .array(peer)
                .min(1, { error: "takes at least one" })
                .default([{ cidr: "0.0.0.0/0", ports: [3306] }])
                .describe("Where an external database may be: entries as in `egress`."),
            apiServerPorts: z
                .array(formats.port)
                .min(1, "takes at least one port")
                .default([443, 6443])
                .describe("Ports of the cluster's API server, which the engine's watch asks."),
            egress: z.array(peer).default([]).describe("EDI partners and mail servers that pods may reach."),
        })
        .prefault({}),

    monitoring: z
        .strictObject({
            serviceMonitor: z
                .boolean()
                .default(false)
                .describe(
                    "A ServiceMonitor, for the Prometheus operator, in place of the annotations that tell another Prometheus what to scrape.",
                ),
            rules: z
                .boolean()
                .default(false)
                .describe("A PrometheusRule with the alerts, for the Prometheus operator."),
            dashboard: z.boolean().default(false).describe("A Grafana dashboard, as a ConfigMap."),
            labels: z
                .record(formats.labelKey, formats.labelValue)
                .default({})
                .describe("Labels that the operator selects ServiceMonitor and PrometheusRule by, such as `release`."),
            dashboardLabels: z
                .record(formats.labelKey, formats.labelValue)
                .default({ grafana_dashboard: "1" })
                .describe("Labels that Grafana's sidecar selects dashboards by."),
            runbook: z
                .string()
                .default("docs/operations.md")
                .describe("Where people read operations.md: each alert links to a section of it."),
            alertAfter: z
                .strictObject({
                    runSeconds: formats.seconds
                        .default(1800)
                        .describe("Seconds without a run that had no errors: several intervals of `engine.schedule`."),
                    waitingSeconds: formats.seconds.default(1800).describe("Seconds that a file waits in an inbox."),
                    backupSeconds: formats.seconds
                        .default(172800)
                        .describe("Seconds without a backup: more than an interval of `backup.schedule`."),
                })
                .prefault({}),
        })
        .prefault({}),

    pods: z
        .strictObject({
            annotations: z
                .record(formats.labelKey, formats.anyText)
                .default({})
                .describe("Annotations of every pod, such as a mesh reads."),
            labels: z
                .record(formats.labelKey, formats.labelValue)
                .default({})
                .describe("Labels of every pod, beside those that the program selects by."),
            runAsUser: formats.userId
                .nullable()
                .optional()
                .describe(
                    "User of every pod; the image's own without it (10001, spec; a database 999). `null`: left to the platform, such as OpenShift.",
                ),
            runAsGroup: formats.groupId.nullable().optional().describe("Group of every pod; the same."),
            fsGroup: formats.groupId.nullable().optional().describe("Group that the volumes belong to; the same."),
            ephemeralStorage: z
                .strictObject({
                    request: formats.size
                        .default("64Mi")
                        .describe("Disk of the node that is set aside for a container."),
                    limit: formats.size.default("2Gi").describe("Disk of the node above which the pod is evicted."),
                })
                .refine(
                    ({ request, limit }) =>
                        (formats.quantityValue(limit) ?? 0) >= (formats.quantityValue(request) ?? 0),
                    {
                        path: ["limit"],
                        message: "takes at least the request",
                    },
                )
                .prefault({}),
            files: z.array(files).default([]).describe("Directories of keys, certificates and CAs in every container."),
            env: z
                .record(formats.envName, variable)
                .default({})
                .describe(
                    "Environment variables of every container from existing Secrets, by name; none of it enters the state.",
                ),
        })
        .prefault({}),
    nodeSelector: z
        .record(formats.labelKey, formats.labelValue)
        .default({})
        .describe("Labels of the nodes that may run the pods."),
    tolerations: z.array(toleration).default([]).describe("Taints that the pods tolerate."),
    priorityClass: formats.objectName.optional().describe("PriorityClass of the pods."),

    timeZone: formats.timeZone
        .default("UTC")
        .describe("Time zone of the engine's schedule, the logs and the web pages."),
    logLevel: z
        .enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
        .default("INFO")
        .describe("Least severe message that is logged."),
    allowedHosts: z
        .array(formats.allowedHost)
        .optional()
        .describe("Django's ALLOWED_HOSTS; the Ingress host, the Service and localhost without it."),
    csrfTrustedOrigins: z
        .array(formats.origin)
        .optional()
        .describe("Django's CSRF_TRUSTED_ORIGINS; the Ingress host's origin without it."),
    botsIni: z
        .record(formats.iniName, z.record(formats.iniName, formats.iniValue))
        .default({})
        .describe("What differs from `config/bots.ini`, by section and key: `botsIni.settings.sendreportiferror`."),
    env: z
        .record(formats.envName, formats.anyText)
        .default({})
        .describe("Further environment variables of every Bots container, such as EMAIL_HOST."),
    secretEnv: z
        .record(formats.envName, formats.anyText)
        .default({})
        .meta({ takesSecrets: true })
        .describe("Environment variables that are secret: `pulumi config set --secret --path secretEnv.NAME`."),
});

/** The settings, checked, with those defaults that stand in the schema. */
export type Checked = z.output<typeof schema>;

/** What a stack's configuration may hold; only `imageTag` has to be there. docs/configuration.md describes each key. */
export type SettingsInput = z.input<typeof schema>;

/** The form of one setting, or of a group of them. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

let made: JsonSchema | undefined;

/** The schema as JSON Schema, with defaults and descriptions. */
export function jsonSchema(): JsonSchema {
    return (made ??= z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

/** The setting at a path; none where there is no such setting. */
export function settingAt(path: readonly PropertyKey[]): JsonSchema | undefined {
    return path.reduce<JsonSchema | undefined>((node, key) => {
        const inner =
            typeof key === "number" ? node?.items : (node?.properties?.[String(key)] ?? node?.additionalProperties);
        return inner as JsonSchema | undefined;
    }, jsonSchema());
}

/** The types that a setting takes, such as `string` and `null`. */
export function typesOf(setting: JsonSchema | undefined): unknown[] {
    return (setting?.anyOf ?? [setting]).flatMap((form) => form?.type);
}

/** Whether a top-level setting is for what is secret. */
export function takesSecrets(key: string): boolean {
    // Not from the JSON Schema: making it takes longer than everything else here, and only errors need it.
    const settings: Readonly<Record<string, z.ZodType | undefined>> = schema.shape;
    return settings[key]?.meta()?.takesSecrets === true;
}
