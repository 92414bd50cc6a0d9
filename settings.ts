/** The stack's configuration: read once, checked at once, typed. docs/configuration.md is made from this schema. */
import * as pulumi from "@pulumi/pulumi";
import { closest } from "fastest-levenshtein";
import { z } from "zod";
import * as formats from "./formats";

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
const resources = (requests: Quantities, limits: Quantities) =>
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
                        .describe("Memory above which the container is ended."),
                })
                .prefault({}),
        })
        .superRefine(checkLimits, { when: () => true })
        .prefault({});

const ENGINE_ARGUMENTS = ["--new", "--resend", "--rereceive", "--automaticretrycommunication", "--cleanup"] as const;

const directoryMonitor = z.strictObject({
    path: formats.absolutePath.describe("Directory to watch, in the container."),
    filemask: formats.fileMask.default("*").describe("Files that count."),
    recursive: z.boolean().default(false).describe("Whether sub-directories are watched too."),
    route: formats.routeId.optional().describe("Route to run; all active routes without it."),
});

const toleration = z
    .strictObject({
        key: z.string().optional().describe("Taint key; every key without it."),
        operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared."),
        value: z.string().optional().describe("Taint value."),
        effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .optional()
            .describe("Effect; every one without it."),
        tolerationSeconds: z.int().optional().describe("Seconds until eviction; for ever without it."),
    })
    .refine(({ operator, value }) => operator !== "Exists" || value === undefined, {
        path: ["value"],
        message: "takes nothing where the operator is Exists",
    });

const egress = z.strictObject({
    cidr: formats.cidr.describe("Addresses that may be reached."),
    ports: z.array(formats.port).default([]).describe("TCP ports; every port where empty."),
});

const settingsSchema = z.strictObject({
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
    namespace: formats.namespaceName.default("edi").describe("Namespace of every object (spec)."),
    createNamespace: formats.flag
        .prefault(true)
        .describe("Make the namespace; `false` where it exists, with the Secret in it: then only its labels are set."),
    protectData: formats.flag
        .prefault(true)
        .describe(
            "Keep namespace, volume claims, generated Secret and its passwords from deletion; `false`: all may be lost.",
        ),

    imageTag: formats.imageTag.describe("Tag of the image. An edit of this line is the whole bump."),
    image: z
        .strictObject({
            repository: formats.imageRepository
                .default("harbor.pminc.me/priv/bots-edi")
                .describe("Image without tag (spec)."),
            digest: formats.imageDigest.optional().describe("Digest that the tag must have; pins the bytes."),
            pullPolicy: z
                .enum(["IfNotPresent", "Always", "Never"])
                .default("IfNotPresent")
                .describe("When the node pulls."),
        })
        .prefault({}),
    imagePullSecret: formats.objectName.optional().describe("Name of the existing Secret that the registry asks for."),

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
        })
        .prefault({}),

    databaseSecret: formats.objectName
        .default("bots-edidb-secret")
        .describe(
            "Name of the Secret with the credentials (spec). It exists, unless `database` is set: then it is generated.",
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
        .describe("A database in the cluster, for trying and testing; an external one without it."),

    webserver: z
        .strictObject({
            replicas: formats.count.default(1).describe("Pods (spec)."),
            autoscaling: z
                .strictObject({
                    minReplicas: formats.count.default(1).describe("Fewest pods."),
                    maxReplicas: formats.count.describe("Most pods."),
                    targetCPUUtilization: formats.count.default(80).describe("CPU, as a percentage of the request."),
                })
                .optional()
                .describe("A HorizontalPodAutoscaler in place of `replicas`."),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "1000m", memory: "1Gi" }),
        })
        .prefault({}),
    jobqueue: z
        .strictObject({
            directoryMonitors: z
                .array(directoryMonitor)
                .default([])
                .describe("Directories whose new files start the engine; a second container watches them."),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "500m", memory: "512Mi" }),
        })
        .prefault({}),
    engine: z
        .strictObject({
            schedule: formats.cronSchedule.default("*/5 * * * *").describe("When the engine runs (spec)."),
            arguments: z
                .array(
                    z.enum(ENGINE_ARGUMENTS, {
                        error: `takes ${ENGINE_ARGUMENTS.join(" | ")}; route ids go into engine.routes`,
                    }),
                )
                .default(["--new"])
                .describe("What a run does (spec). bots-engine exits 0 at any other option, having done nothing."),
            routes: z
                .array(formats.routeId)
                .default([])
                .describe("Ids of the routes to run; all active routes where empty."),
            deadlineSeconds: formats.seconds
                .default(3600)
                .describe("Seconds after which a run is ended; it would block the next."),
            waitSeconds: formats.seconds
                .optional()
                .describe(
                    "Seconds that an engine, whoever starts it, waits for another one; 600, or the deadline where that is shorter, without it.",
                ),
            suspend: z.boolean().default(false).describe("Stop scheduling, for maintenance."),
            resources: resources({ cpu: "200m", memory: "512Mi" }, { cpu: "2000m", memory: "2Gi" }),
        })
        .prefault({}),
    databaseInit: z
        .strictObject({
            deadlineSeconds: formats.seconds
                .default(300)
                .describe("Seconds that the Job may take, retries included (spec)."),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "500m", memory: "512Mi" }),
        })
        .prefault({}),

    backup: z
        .strictObject({
            schedule: formats.cronSchedule
                .default("30 2 * * *")
                .describe("When routes, channels, partners, grammars and mappings are saved to the config volume."),
            keep: formats.count.default(14).describe("Backups that are kept; the oldest beyond them are removed."),
            suspend: z.boolean().default(false).describe("Stop scheduling."),
            resources: resources({ cpu: "100m", memory: "256Mi" }, { cpu: "500m", memory: "512Mi" }),
        })
        .prefault({}),

    tlsSecret: formats.objectName.optional().describe("Name of the existing TLS Secret of the Ingress."),
    ingress: z
        .strictObject({
            host: formats.hostName.describe("Host name of the web pages."),
            className: formats.objectName.default("traefik").describe("Ingress class (spec)."),
            annotations: z
                .record(z.string(), z.string())
                .default({
                    "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
                    "traefik.ingress.kubernetes.io/router.tls": "true",
                })
                .describe("Annotations of the Ingress, in place of the default ones (spec)."),
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
        })
        .optional()
        .describe("An Argo Events Sensor that rolls out each semver tag pushed to Harbor (spec); none without it."),

    networkPolicy: z
        .strictObject({
            enabled: z.boolean().default(true).describe("Deny all traffic but the flows that the system needs."),
            ingressNamespace: formats.namespaceName
                .default("kube-system")
                .describe("Namespace of the Ingress controller's pods."),
            monitoringNamespace: formats.namespaceName
                .optional()
                .describe("Namespace of the Prometheus that scrapes the webserver; none may without it."),
            databaseCidrs: z.array(formats.cidr).default(["0.0.0.0/0"]).describe("Where an external database may be."),
            databasePort: formats.port.default(3306).describe("Port of an external database."),
            egress: z.array(egress).default([]).describe("EDI partners and mail servers that pods may reach."),
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
    env: z
        .record(formats.envName, z.string())
        .default({})
        .describe("Further environment variables of every Bots container, such as EMAIL_HOST."),
    secretEnv: z
        .record(formats.envName, z.string())
        .default({})
        .describe("Environment variables that are secret: `pulumi config set --secret --path secretEnv.NAME`."),
});

/** What a stack is made from: every key present, checked, defaults filled in. docs/configuration.md describes each. */
export type Settings = z.output<typeof settingsSchema>;

/** What a stack's configuration may hold; only `imageTag` has to be there. docs/configuration.md describes each key. */
export type SettingsInput = z.input<typeof settingsSchema>;

/** Names that the program sets itself. */
const RESERVED_ENV =
    /^(BOTSENV|DB_(ENGINE|NAME|USER|PASSWORD|HOST|PORT|INIT_SKIP)|CONFIG_CHECKSUM|ENGINE_WAIT|ENGINE_BUSY_OK|DJANGO_SECRET_KEY|TZ|LOG_LEVEL|ALLOWED_HOSTS|CSRF_TRUSTED_ORIGINS|DEBUG|DJANGO_SECURE)$/;
const SECRET_NAME = /PASSWORD|PASSWD|_PASS$|_PWD$|SECRET|TOKEN|PRIVATE_KEY|API_?KEY|CREDENTIAL/i;

/** Rules that need more than one key. They run beside the single ones, so a key may be missing here. */
function checkTogether(partial: Partial<Settings>, context: z.RefinementCtx): void {
    const refuse = (path: (string | number)[], message: string) => {
        context.addIssue({ code: "custom", path, message });
    };

    if (partial.production === true && partial.database)
        refuse(["database"], "takes nothing in production: use an external database");
    if (partial.production === true && partial.ingress && partial.tlsSecret === undefined) {
        refuse(["tlsSecret"], "takes the name of a TLS Secret: an Ingress in production needs one");
    }
    if (
        partial.storage?.accessMode === "ReadWriteOnce" &&
        partial.nodeSelector?.["kubernetes.io/hostname"] === undefined
    ) {
        refuse(
            ["storage", "accessMode"],
            "takes ReadWriteMany, or pods that all run on one node: set nodeSelector kubernetes.io/hostname",
        );
    }
    if (partial.imageUpdater && !/^[^/]*[.:][^/]*\/|^localhost\//.test(partial.image?.repository ?? "localhost/")) {
        refuse(["image", "repository"], "takes a repository with its registry where the image updater is on");
    }
    const { waitSeconds, deadlineSeconds } = partial.engine ?? {};
    if (waitSeconds !== undefined && deadlineSeconds !== undefined && waitSeconds > deadlineSeconds) {
        refuse(["engine", "waitSeconds"], `takes at most engine.deadlineSeconds, ${deadlineSeconds}`);
    }
    const { serviceMonitor, rules } = partial.monitoring ?? {};
    const { enabled, monitoringNamespace } = partial.networkPolicy ?? {};
    if ((serviceMonitor || rules) && enabled === true && monitoringNamespace === undefined) {
        refuse(["networkPolicy", "monitoringNamespace"], "takes the namespace of Prometheus where monitoring is on");
    }
    const scaling = partial.webserver?.autoscaling;
    if (scaling && scaling.maxReplicas < scaling.minReplicas) {
        refuse(["webserver", "autoscaling", "maxReplicas"], `takes at least minReplicas, ${scaling.minReplicas}`);
    }
    for (const group of ["env", "secretEnv"] as const) {
        for (const name of names(partial[group])) {
            if (RESERVED_ENV.test(name)) refuse([group, name], "takes no variable that the program sets itself");
        }
    }
    for (const name of names(partial.env)) {
        if (SECRET_NAME.test(name)) {
            const command = `pulumi config set --secret --path secretEnv.${name}`;
            refuse(["env", name], `takes nothing secret, since anyone may read it: use \`${command}\``);
        }
    }
}

/** The names in a group of variables; none where it is no group, which its own check reports. */
function names(group: unknown): string[] {
    return typeof group === "object" && group !== null ? Object.keys(group) : [];
}

/** The schema of a stack's configuration. */
export const schema = settingsSchema.superRefine(checkTogether, { when: () => true });

/** Where the configuration comes from. */
export interface SettingsContext {
    /** Prefix of the keys in messages: the project's name. Default: `bots-edi`. */
    readonly project?: string;
    /** Name of the stack. `prod` turns the production rules on unless the configuration says otherwise. */
    readonly stack?: string;
    /** Top-level keys that hold a secret. Default: every key, for use as a library. */
    readonly secretKeys?: readonly string[];
}

/** A value as a message shows it: short, and never a secret. */
function shown(raw: unknown, path: readonly PropertyKey[], secretKeys: readonly string[] = []): string {
    const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], raw);
    if (value === undefined) return "is missing";
    const [group, name] = path.map(String);
    const isSecret = group === "env" && SECRET_NAME.test(name ?? "");
    if (isSecret || ["secretEnv", ...secretKeys].includes(group ?? "")) return "is [secret]";
    const text = JSON.stringify(value);
    return `is ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
    let node: z.core.JSONSchema.BaseSchema | undefined = jsonSchema();
    for (const key of path) {
        const inner: unknown = typeof key === "number" ? node?.items : node?.properties?.[String(key)];
        node = inner as z.core.JSONSchema.BaseSchema | undefined;
    }
    return Object.keys(node?.properties ?? {});
}

/** The schema as JSON Schema, with defaults and descriptions. */
export function jsonSchema(): z.core.JSONSchema.BaseSchema {
    return z.toJSONSchema(settingsSchema, { io: "input", unrepresentable: "any" });
}

/** `pulumi config set --path` stores 587 as a number and true as a boolean, also where the setting is text. */
function textual(value: unknown, schema: z.core.JSONSchema._JSONSchema | undefined): unknown {
    if (typeof schema !== "object") return value;
    if (schema.type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
    if (Array.isArray(value)) {
        const { items } = schema;
        return value.map((item) => textual(item, Array.isArray(items) ? undefined : items));
    }
    if (typeof value !== "object" || value === null) return value;
    const inner = (key: string) => schema.properties?.[key] ?? schema.additionalProperties;
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, textual(field, inner(key))]));
}

function describe(
    issue: z.core.$ZodIssue,
    raw: unknown,
    project: string,
    secretKeys: readonly string[] | undefined,
): string[] {
    const key = (path: readonly PropertyKey[]) => `${project}:${path.map(String).join(".")}`;
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map((unknown) => {
            const path = [...issue.path, unknown];
            const near = closest(unknown, knownKeys(issue.path));
            return `${key(path)} ${shown(raw, path, secretKeys)}, and is no setting; the nearest is ${near}`;
        });
    }
    if (issue.code === "invalid_key") {
        return [
            `${key(issue.path)} is no legal name; takes ${issue.issues[0]?.message.replace(/^takes /, "") ?? "another"}`,
        ];
    }
    const listed = issue.code === "invalid_value" && !issue.message.startsWith("takes");
    const expected = listed ? `takes ${issue.values.map(String).join(" | ")}` : issue.message;
    return [
        `${key(issue.path)} ${shown(raw, issue.path, secretKeys)}; ${expected.replace(/^Invalid input: expected/, "takes")}`,
    ];
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param raw the configuration, top-level keys without the project's prefix.
 * @throws pulumi.RunError that names every wrong key at once: its value and what it takes.
 */
export function parseSettings(raw: SettingsInput | Record<string, unknown>, context: SettingsContext = {}): Settings {
    const { project = "bots-edi", stack, secretKeys } = context;
    const { properties = {} } = jsonSchema();
    // Only inside groups: a top-level value that is a number has lost what makes it a tag, the zero of 4.10.
    const groups = Object.entries(raw).map(([key, value]) => [
        key,
        typeof value === "object" ? textual(value, properties[key]) : value,
    ]);
    const input = { production: stack === "prod", ...(Object.fromEntries(groups) as Record<string, unknown>) };
    const parsed = schema.safeParse(input);
    const errors = (parsed.error?.issues ?? []).flatMap((issue) => describe(issue, input, project, secretKeys));
    if (raw.secretEnv !== undefined && secretKeys && !secretKeys.includes("secretEnv")) {
        errors.push(
            `${project}:secretEnv is plain text; takes secrets only: set each by \`pulumi config set --secret --path secretEnv.NAME\``,
        );
    }
    if (parsed.success && errors.length === 0) return parsed.data;
    const title = `The configuration${stack === undefined ? "" : ` of stack ${stack}`} has ${errors.length === 1 ? "an error" : `${errors.length} errors`}:`;
    throw new pulumi.RunError(
        [title, ...errors.map((error) => `  ${error}`), "docs/configuration.md lists every setting."].join("\n"),
    );
}

/** A top-level value as Pulumi hands it over: structured ones are JSON. */
function decoded(value: string): unknown {
    if (!/^\s*[{[]/.test(value)) return value;
    try {
        return JSON.parse(value);
    } catch {
        // Text, then: where it should have been a group, the schema says so, beside all other errors.
        return value;
    }
}

/** The settings of the stack that runs. */
export function readSettings(): Settings {
    const project = pulumi.getProject();
    const prefix = `${project}:`;
    const ours = Object.entries(pulumi.runtime.allConfig())
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value] as const);
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    return parseSettings(Object.fromEntries(ours.map(([key, value]) => [key, decoded(value)])), {
        project,
        stack: pulumi.getStack(),
        secretKeys: secretKeys.map((key) => key.replace(prefix, "")),
    });
}
