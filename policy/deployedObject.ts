/** A Kubernetes object as the rules see it. */
import type { Container, PodSpec, PodTemplate } from "./pod";

/** A resource that is about to be registered. */
export interface DeployedObject {
    /** Pulumi's type, such as `kubernetes:apps/v1:Deployment`. */
    readonly type: string;
    /** The inputs, secret values in plain text. */
    readonly props: Readonly<Record<string, unknown>>;
    /** Whether the resource option `protect` is on. */
    readonly protect: boolean;
    /** Where the inputs hold Pulumi secrets, such as `data.password`. */
    readonly secretPaths: readonly string[];
}

interface Workload {
    spec?: { template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } };
}

/** The kind of a Kubernetes object; empty for any other resource. */
export function kindOf({ type }: DeployedObject): string {
    return type.startsWith("kubernetes:") ? (type.split(":")[2] ?? "") : "";
}

/** How messages name an object: kind, namespace and name. */
export function title(object: DeployedObject): string {
    const { name = "", namespace } = (object.props.metadata ?? {}) as { name?: string; namespace?: string };
    return `${kindOf(object)} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** The pod template of an object that runs pods; none for any other. */
export function podTemplate(object: DeployedObject): PodTemplate | undefined {
    switch (kindOf(object)) {
        case "Pod":
            return object.props;
        case "CronJob":
            return (object.props as Workload).spec?.jobTemplate?.spec?.template;
        case "DaemonSet":
        case "Deployment":
        case "Job":
        case "ReplicaSet":
        case "ReplicationController":
        case "StatefulSet":
            return (object.props as Workload).spec?.template;
        default:
            return undefined;
    }
}

/** Asks the same of every container of an object, those that run before the others included. */
export function eachContainer(
    object: DeployedObject,
    faults: (container: Container, pod: PodSpec) => string[],
): string[] {
    const pod = podTemplate(object)?.spec ?? {};
    return [...(pod.initContainers ?? []), ...(pod.containers ?? [])].flatMap((container) =>
        faults(container, pod).map((fault) => `${title(object)}, container ${container.name}: ${fault}`),
    );
}
