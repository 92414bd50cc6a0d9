/** What every Bots pod shares, whichever service runs in it. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { NAMED_SECRETS } from "../settings/namedSecrets";
import { Component, labels } from "./labels";
import { Sharing } from "./owners";
import { fromSecret, HARDENED, Pod, PodContainer, PodOverlay, podTemplate } from "./pod";

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
export const UID = 10001;

/** The names of the ConfigMaps that pods read: bots.ini, settings.py with what it loads, and environment variables. */
export type ConfigMapNames = Readonly<Record<"botsIni" | "settingsPy" | "env", string>>;

/** What the pods of one deployment have in common. */
export interface BotsRuntime {
    /** Namespace of every object. */
    readonly namespace: string;
    /** Whole reference of the image. */
    readonly image: string;
    /** When the node pulls the image. */
    readonly imagePullPolicy: string;
    /** Names of the ConfigMaps: the live ones, or the candidate's. */
    readonly configMaps: ConfigMapNames;
    /** Name of the Secret with DB_* and DJANGO_SECRET_KEY. */
    readonly databaseSecret: string;
    /** Further secret variables: names, and the Secret that holds them. */
    readonly secretEnv: { readonly secret: string; readonly names: readonly string[] };
    /** Annotations of a service's pods that change with what they read, so that an edit rolls them, and no others. */
    readonly checksums: (component: Component) => Record<string, pulumi.Input<string>>;
    /** What the stack says of every pod. */
    readonly overlay: PodOverlay;
    /** Who else changes the workloads. */
    readonly sharings: readonly Sharing[];
}

/** The names of the claims that pods mount (spec). */
export const CLAIMS = {
    data: "bots-edi-data-pvc",
    logs: "bots-edi-logs-pvc",
    config: "bots-edi-config-pvc",
    backup: "bots-edi-backup-pvc",
} as const;

/** Where the config volume is mounted in the pod that keeps configurations on it. */
export const BACKUP_DIR = "/config-backup";

/** The config volume, as a volume of a pod. */
export const BACKUP_VOLUME = { name: "config-backup", persistentVolumeClaim: { claimName: CLAIMS.config } };

/** The config volume, as a mount of a container. */
export const BACKUP_MOUNT = { name: BACKUP_VOLUME.name, mountPath: BACKUP_DIR };

function credentials(runtime: BotsRuntime): EnvVar[] {
    const { databaseSecret, secretEnv } = runtime;
    return [
        fromSecret(databaseSecret, "DB_ENGINE", { optional: true }),
        ...NAMED_SECRETS.databaseSecret.keys.map((key) => fromSecret(databaseSecret, key)),
        ...secretEnv.names.map((name) => fromSecret(secretEnv.secret, name)),
    ];
}

/** An exec probe's command: the image's own health check. */
export function healthCheck(check: "live" | "ready" | "startup"): string[] {
    const script = "/usr/local/bots/scripts/healthcheck.py";
    return ["python", script, "--config-dir", "/config", "--check", check, "--quiet"];
}

/** What a service adds to its container. Variables and mounts come beside the shared ones. */
export interface BotsContainer extends PodContainer {
    /** Mount nothing inside the data volume, so that the container can make what the others mount there. Default: false. */
    readonly mountsFlat?: boolean;
}

const INSIDE_DATA = [
    { name: "logs", mountPath: LOGGING_DIR },
    // The image copies /config here at every start: an own directory a pod, or they overwrite each other's.
    { name: "env-config", mountPath: CONFIG_DIR },
];

/** A container of the image, with the credentials, the configuration and the shared files. */
export function botsContainer(runtime: BotsRuntime, { mountsFlat = false, ...container }: BotsContainer): PodContainer {
    return {
        image: runtime.image,
        imagePullPolicy: runtime.imagePullPolicy,
        command: ["/entrypoint.sh"],
        envFrom: [{ configMapRef: { name: runtime.configMaps.env } }],
        securityContext: HARDENED,
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...container,
        env: [...credentials(runtime), ...(container.env ?? [])],
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

/** bots.ini, settings.py and what that loads, as a volume of a pod. */
export function configVolume({ configMaps }: BotsRuntime): k8s.types.input.core.v1.Volume {
    const sources = [configMaps.botsIni, configMaps.settingsPy].map((name) => ({ configMap: { name } }));
    return { name: "config", projected: { sources } };
}

/** The pod template of one service: annotations come beside the checksums, volumes beside the shared ones. */
export function botsPodTemplate(
    runtime: BotsRuntime,
    component: Component,
    { annotations, volumes = [], ...pod }: Omit<Pod, "user">,
): PodTemplateSpec {
    return podTemplate(runtime.overlay, component, {
        user: UID,
        annotations: { ...runtime.checksums(component), ...annotations },
        ...pod,
        volumes: [
            { name: "data", persistentVolumeClaim: { claimName: CLAIMS.data } },
            { name: "logs", persistentVolumeClaim: { claimName: CLAIMS.logs } },
            { name: "env-config", emptyDir: { sizeLimit: "16Mi" } },
            configVolume(runtime),
            { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
            ...volumes,
        ],
    });
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
