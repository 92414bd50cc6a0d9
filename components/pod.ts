/** What every pod has in common, whatever runs in it: what is hardened here, and what a stack says of all its pods. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { canonicalQuantity } from "../formats";
import { Component, labels } from "./labels";

type Container = k8s.types.input.core.v1.Container;
type EnvVar = k8s.types.input.core.v1.EnvVar;
type PodSpec = k8s.types.input.core.v1.PodSpec;
type PodTemplateSpec = k8s.types.input.core.v1.PodTemplateSpec;
type Volume = k8s.types.input.core.v1.Volume;
type VolumeMount = k8s.types.input.core.v1.VolumeMount;

/** Requests and limits, as the settings hold them. */
export interface Resources {
    /** What the scheduler sets aside, as Kubernetes quantities. */
    readonly requests: Readonly<Record<"cpu" | "memory", string>>;
    /** What a container may take, as Kubernetes quantities: more CPU is throttled, more memory ends it. */
    readonly limits: Readonly<Record<"cpu" | "memory", string>>;
}

/** A directory of files from a Secret or a ConfigMap, a file a key: one of the two is named. */
export interface Files {
    /** Name of the existing Secret. */
    readonly secret?: string;
    /** Name of the existing ConfigMap. */
    readonly configMap?: string;
    /** The directory, in every container. */
    readonly path: string;
}

/** What a stack says of every pod, the database's too. */
export interface PodOverlay {
    /** Annotations beside the program's own. */
    readonly annotations: Record<string, string>;
    /** Labels beside the program's own, which selectors and network policies go by. */
    readonly labels: Record<string, string>;
    /** User id; `null` leaves it to the platform. Default: the image's own. */
    readonly runAsUser?: number | null;
    /** Group id; `null` leaves it to the platform. Default: the image's own. */
    readonly runAsGroup?: number | null;
    /** Group that owns the volumes; `null` leaves it to the platform. Default: the image's own group. */
    readonly fsGroup?: number | null;
    /** What a container may write to the node's disk, as Kubernetes quantities. */
    readonly ephemeralStorage: { readonly request: string; readonly limit: string };
    /** Files from Secrets and ConfigMaps. */
    readonly files: readonly Files[];
    /** Variables from Secrets, by name; the key is called like the variable unless it is given. */
    readonly env: Record<string, { readonly secret: string; readonly key?: string }>;
    /** Name of the existing Secret that the registry asks for. Default: none. */
    readonly imagePullSecret?: string;
    /** Labels that a node must have. */
    readonly nodeSelector: Record<string, string>;
    /** Taints that the pods tolerate. */
    readonly tolerations: k8s.types.input.core.v1.Toleration[];
    /** PriorityClass. Default: the cluster's. */
    readonly priorityClass?: string;
}

/** A container as its part of the system says it. */
export interface PodContainer extends Omit<Container, "env" | "resources" | "volumeMounts"> {
    /** Requests and limits. */
    readonly resources: Resources;
    /** Variables. Default: none. */
    readonly env?: EnvVar[];
    /** Mounts. Default: none. */
    readonly volumeMounts?: VolumeMount[];
}

/** A pod as its part of the system says it. */
export interface Pod extends Omit<PodSpec, "containers" | "initContainers" | "securityContext" | "volumes"> {
    /** User and group of the image. */
    readonly user: number;
    /** Annotations. Default: none. */
    readonly annotations?: Record<string, pulumi.Input<string>>;
    readonly containers: PodContainer[];
    readonly initContainers?: PodContainer[];
    readonly volumes?: Volume[];
}

/** Pod Security "restricted", and nothing written outside the mounts. */
export const HARDENED: k8s.types.input.core.v1.SecurityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
};

/** A variable from a Secret. A missing key keeps the container from starting, unless it is optional. */
export function fromSecret(secret: string, name: string, { key = name, optional = false } = {}): EnvVar {
    return { name, valueFrom: { secretKeyRef: { name: secret, key, ...(optional && { optional }) } } };
}

/** The pod's side of "restricted". OnRootMismatch: an NFS volume is not walked at every start. */
function security(overlay: PodOverlay, user: number): k8s.types.input.core.v1.PodSecurityContext {
    const id = (set: number | null | undefined) => (set === undefined ? user : (set ?? undefined));
    return {
        runAsNonRoot: true,
        runAsUser: id(overlay.runAsUser),
        runAsGroup: id(overlay.runAsGroup),
        fsGroup: id(overlay.fsGroup),
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
    };
}

/** The user and the pod's group may read, and nobody writes. */
const READ_ONLY = 0o440;

function fileVolumes({ files }: PodOverlay): Volume[] {
    return files.map(({ secret, configMap }, index) => ({
        name: `files-${index}`,
        ...(secret === undefined
            ? { configMap: { name: configMap, defaultMode: READ_ONLY } }
            : { secret: { secretName: secret, defaultMode: READ_ONLY } }),
    }));
}

/** Written as the API server does: the provider does so too once all of a pod is known, and an update would not be as planned. */
function canonical(quantities: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(quantities).map(([kind, value]) => [kind, canonicalQuantity(value)]));
}

/** A container, with what the stack says of every one. */
function overlaid(overlay: PodOverlay, container: PodContainer): Container {
    const { ephemeralStorage, env, files } = overlay;
    const { requests, limits } = container.resources;
    const variables = Object.entries(env).map(([name, { secret, key }]) => fromSecret(secret, name, { key }));
    // Directories, not subPaths, which never see an edit.
    const mounts = files.map(({ path }, index) => ({ name: `files-${index}`, mountPath: path, readOnly: true }));
    return {
        ...container,
        ...(variables.length > 0 && { env: [...(container.env ?? []), ...variables] }),
        ...(mounts.length > 0 && { volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }),
        resources: {
            requests: canonical({ ...requests, "ephemeral-storage": ephemeralStorage.request }),
            limits: canonical({ ...limits, "ephemeral-storage": ephemeralStorage.limit }),
        },
    };
}

/** The one way to a pod template: what a part of the system says, and what its stack says of every pod. */
export function podTemplate(overlay: PodOverlay, component: Component, pod: Pod): PodTemplateSpec {
    const { user, annotations, containers, initContainers, volumes = [], ...spec } = pod;
    const { imagePullSecret, nodeSelector, tolerations, priorityClass } = overlay;
    const allAnnotations = { ...overlay.annotations, ...annotations };
    const allVolumes = [...volumes, ...fileVolumes(overlay)];
    return {
        metadata: {
            labels: { ...overlay.labels, ...labels(component) },
            ...(Object.keys(allAnnotations).length > 0 && { annotations: allAnnotations }),
        },
        spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: security(overlay, user),
            ...(imagePullSecret !== undefined && { imagePullSecrets: [{ name: imagePullSecret }] }),
            ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
            ...(tolerations.length > 0 && { tolerations }),
            ...(priorityClass !== undefined && { priorityClassName: priorityClass }),
            ...spec,
            ...(initContainers && { initContainers: initContainers.map((container) => overlaid(overlay, container)) }),
            containers: containers.map((container) => overlaid(overlay, container)),
            ...(allVolumes.length > 0 && { volumes: allVolumes }),
        },
    };
}
