/** What every Bots pod shares, whichever service runs in it. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Component, labels } from "./labels";

type Container = k8s.types.input.core.v1.Container;
type PodSpec = k8s.types.input.core.v1.PodSpec;
type PodTemplateSpec = k8s.types.input.core.v1.PodTemplateSpec;
type EnvVar = k8s.types.input.core.v1.EnvVar;

/** The environment of Bots. config/bots.ini holds absolute paths with this name in them. */
export const BOTSENV = "default";

/** Where the data volume is mounted, and where the image keeps its state (spec). */
export const DATA_DIR = "/home/bots/.bots";

const ENV_DIR = `${DATA_DIR}/env/${BOTSENV}`;

/** Where the image copies /config at every start: inside the data volume, and a directory of each pod's own. */
export const CONFIG_DIR = `${ENV_DIR}/config`;

/** Where Bots writes its log files: inside the data volume, and a volume of its own. */
export const LOGGING_DIR = `${ENV_DIR}/botssys/logging`;

/** The user and group of the image (spec). */
const UID = 10001;

/** Requests and limits, as the settings hold them. */
export interface Resources {
    /** What the scheduler sets aside, as Kubernetes quantities. */
    readonly requests: Readonly<Record<"cpu" | "memory", string>>;
    /** What a container may take, as Kubernetes quantities: more CPU is throttled, more memory ends it. */
    readonly limits: Readonly<Record<"cpu" | "memory", string>>;
}

/** Where pods may run. */
export interface Placement {
    /** Labels that a node must have. */
    readonly nodeSelector: Record<string, string>;
    /** Taints that the pods tolerate. */
    readonly tolerations: k8s.types.input.core.v1.Toleration[];
    /** PriorityClass. Default: the cluster's. */
    readonly priorityClass?: string;
}

/** What the pods of one deployment have in common. */
export interface BotsRuntime {
    /** Namespace of every object. */
    readonly namespace: string;
    /** Whole reference of the image. */
    readonly image: string;
    /** When the node pulls the image. */
    readonly imagePullPolicy: string;
    /** Name of the existing Secret that the registry asks for. Default: none. */
    readonly imagePullSecret?: string;
    /** Name of the Secret with DB_* and DJANGO_SECRET_KEY. */
    readonly databaseSecret: string;
    /** Further secret variables: names, and the Secret that holds them. */
    readonly secretEnv: { readonly secret: string; readonly names: readonly string[] };
    /** Annotations of every pod that change with the configuration, so that an edit rolls the pods. */
    readonly checksums: Record<string, pulumi.Input<string>>;
    /** Where the pods may run. */
    readonly placement: Placement;
    /** Annotations of the workloads whose image somebody else patches too. */
    readonly workloadAnnotations: Record<string, string>;
}

/** The names of the objects that pods mount or read (spec). */
export const NAMES = {
    data: "bots-edi-data-pvc",
    logs: "bots-edi-logs-pvc",
    config: "bots-edi-config-pvc",
    botsIni: "bots-config-ini",
    settingsPy: "bots-config-settings",
    env: "bots-config-env",
} as const;

/** Where the config volume is mounted in the pods that write backups to it. */
export const BACKUP_DIR = "/config-backup";

/** The config volume, as a volume of a pod. */
export const BACKUP_VOLUME = { name: "config-backup", persistentVolumeClaim: { claimName: NAMES.config } };

/** The config volume, as a mount of a container. */
export const BACKUP_MOUNT = { name: BACKUP_VOLUME.name, mountPath: BACKUP_DIR };

/** Pod Security "restricted", and nothing written outside the mounts. */
export const HARDENED: k8s.types.input.core.v1.SecurityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
};

/** The pod's side of "restricted". OnRootMismatch: an NFS volume is not walked at every start. */
export function podSecurity(id: number): k8s.types.input.core.v1.PodSecurityContext {
    return {
        runAsNonRoot: true,
        runAsUser: id,
        runAsGroup: id,
        fsGroup: id,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
    };
}

/** CPU and memory as set, and a bound on what a container may write to the node's disk. */
export function containerResources(resources: Resources): k8s.types.input.core.v1.ResourceRequirements {
    return {
        requests: { ...resources.requests, "ephemeral-storage": "64Mi" },
        limits: { ...resources.limits, "ephemeral-storage": "2Gi" },
    };
}

/** The placement as fields of a pod. */
export function placed(placement: Placement): Partial<PodSpec> {
    return {
        ...(Object.keys(placement.nodeSelector).length > 0 && { nodeSelector: placement.nodeSelector }),
        ...(placement.tolerations.length > 0 && { tolerations: placement.tolerations }),
        ...(placement.priorityClass !== undefined && { priorityClassName: placement.priorityClass }),
    };
}

/** A variable from a Secret. A missing key keeps the container from starting, unless it is optional. */
export function fromSecret(secret: string, name: string, optional = false): EnvVar {
    return { name, valueFrom: { secretKeyRef: { name: secret, key: name, ...(optional && { optional }) } } };
}

function credentials(runtime: BotsRuntime): EnvVar[] {
    const { databaseSecret, secretEnv } = runtime;
    return [
        fromSecret(databaseSecret, "DB_ENGINE", true),
        ...["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DJANGO_SECRET_KEY"].map((key) =>
            fromSecret(databaseSecret, key),
        ),
        ...secretEnv.names.map((name) => fromSecret(secretEnv.secret, name)),
    ];
}

/** An exec probe's command: the image's own health check. */
export function healthCheck(check: "live" | "ready" | "startup"): string[] {
    const script = "/usr/local/bots/scripts/healthcheck.py";
    return ["python", script, "--config-dir", "/config", "--check", check, "--quiet"];
}

/** What a service adds to its container. */
export interface BotsContainer extends Partial<Omit<Container, "env" | "volumeMounts" | "resources">> {
    /** Name of the container. */
    readonly name: string;
    /** Requests and limits. */
    readonly resources: Resources;
    /** Variables beside the credentials and those of the ConfigMap. Default: none. */
    readonly env?: EnvVar[];
    /** Mounts beside the shared ones. Default: none. */
    readonly volumeMounts?: k8s.types.input.core.v1.VolumeMount[];
    /** Mount nothing inside the data volume, so that the container can make what the others mount there. Default: false. */
    readonly mountsFlat?: boolean;
}

const INSIDE_DATA = [
    { name: "logs", mountPath: LOGGING_DIR },
    // The image copies /config here at every start: an own directory a pod, or they overwrite each other's.
    { name: "env-config", mountPath: CONFIG_DIR },
];

/** A container of the image, with the credentials, the configuration and the shared files. */
export function botsContainer(runtime: BotsRuntime, { mountsFlat = false, ...container }: BotsContainer): Container {
    return {
        image: runtime.image,
        imagePullPolicy: runtime.imagePullPolicy,
        command: ["/entrypoint.sh"],
        envFrom: [{ configMapRef: { name: NAMES.env } }],
        securityContext: HARDENED,
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...container,
        env: [...credentials(runtime), ...(container.env ?? [])],
        resources: containerResources(container.resources),
        volumeMounts: [
            { name: "data", mountPath: DATA_DIR },
            ...(mountsFlat ? [] : INSIDE_DATA),
            // A directory, not a subPath: a subPath mount never sees an edit of its ConfigMap.
            { name: "config", mountPath: "/config", readOnly: true },
            { name: "tmp", mountPath: "/tmp" },
            ...(container.volumeMounts ?? []),
        ],
    };
}

/** What a service adds to its pod. */
export interface BotsPod extends Omit<PodSpec, "volumes"> {
    /** Annotations beside the checksums. Default: none. */
    readonly annotations?: Record<string, string>;
    /** Volumes beside the shared ones. Default: none. */
    readonly volumes?: k8s.types.input.core.v1.Volume[];
}

/** The pod template of one service. */
export function botsPodTemplate(runtime: BotsRuntime, component: Component, pod: BotsPod): PodTemplateSpec {
    const { volumes = [], annotations, ...rest } = pod;
    return {
        metadata: { labels: labels(component), annotations: { ...runtime.checksums, ...annotations } },
        spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: podSecurity(UID),
            ...(runtime.imagePullSecret !== undefined && { imagePullSecrets: [{ name: runtime.imagePullSecret }] }),
            ...placed(runtime.placement),
            ...rest,
            volumes: [
                { name: "data", persistentVolumeClaim: { claimName: NAMES.data } },
                { name: "logs", persistentVolumeClaim: { claimName: NAMES.logs } },
                { name: "env-config", emptyDir: { sizeLimit: "16Mi" } },
                {
                    name: "config",
                    projected: {
                        sources: [{ configMap: { name: NAMES.botsIni } }, { configMap: { name: NAMES.settingsPy } }],
                    },
                },
                { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
                ...volumes,
            ],
        },
    };
}

/** Spreads the pods of a service over the nodes where there are several. */
export function spread(component: Component): k8s.types.input.core.v1.TopologySpreadConstraint[] {
    return [
        {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels(component) },
        },
    ];
}
