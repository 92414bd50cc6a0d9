import type { KubeObject } from "./client";
import { isObject, type JsonObject, text } from "./values";

/** Where an object stands on its way to being of use. */
export type Readiness = { state: "ready" } | { state: "waiting" | "failed"; reason: string };

const ready: Readiness = { state: "ready" };
const waiting = (reason: string): Readiness => ({ state: "waiting", reason });
const failed = (reason: string): Readiness => ({ state: "failed", reason });

/** What an object itself cannot tell. */
export interface Surroundings {
    bindsOnFirstUse: () => Promise<boolean>;
    hasEndpoints: () => Promise<boolean>;
}

/** The kinds that are awaited; every other kind is ready once it is there. */
export async function readiness(object: KubeObject, around: Surroundings): Promise<Readiness> {
    switch (object.kind) {
        case "Job":
            return jobReadiness(object);
        case "Deployment":
            return deploymentReadiness(object);
        case "StatefulSet":
            return statefulSetReadiness(object);
        case "PersistentVolumeClaim":
            if (field(object, "status").phase === "Bound" || (await around.bindsOnFirstUse())) return ready;
            return waiting("not bound to a volume yet");
        case "Service":
            return serviceReadiness(object, around);
        case "Ingress":
            return hasAddress(object) ? ready : waiting("its controller has written no address into the status yet");
        default:
            return ready;
    }
}

export function jobReadiness(job: KubeObject): Readiness {
    const failure = condition(job, "Failed");
    if (failure?.status === "True") return failed(explain(failure));
    if (condition(job, "Complete")?.status === "True" || field(job, "spec").suspend === true) return ready;
    const { active = 0, failed: failures = 0 } = field(job, "status");
    return waiting(`${text(active)} active, ${text(failures)} failed`);
}

export function deploymentReadiness(deployment: KubeObject): Readiness {
    if (!isObserved(deployment)) return waiting("not seen by its controller yet");
    const progressing = condition(deployment, "Progressing");
    if (progressing?.reason === "ProgressDeadlineExceeded") return failed(explain(progressing));
    const refused = condition(deployment, "ReplicaFailure");
    if (refused?.status === "True") return waiting(explain(refused));
    const wanted = Number(field(deployment, "spec").replicas ?? 1);
    const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = field(deployment, "status");
    if (Number(updatedReplicas) < wanted) return waiting(`${text(updatedReplicas)} of ${wanted} replicas are new`);
    if (Number(replicas) > Number(updatedReplicas)) return waiting("old replicas are ending");
    if (Number(availableReplicas) < wanted) return waiting(`${text(availableReplicas)} of ${wanted} are available`);
    return ready;
}

export function statefulSetReadiness(set: KubeObject): Readiness {
    if (!isObserved(set)) return waiting("not seen by its controller yet");
    const wanted = Number(field(set, "spec").replicas ?? 1);
    const status = field(set, "status");
    const { readyReplicas = 0, updatedReplicas = 0 } = status;
    const onDelete = field(field(set, "spec"), "updateStrategy").type === "OnDelete";
    if (!onDelete && status.currentRevision !== status.updateRevision)
        return waiting(`${text(updatedReplicas)} of ${wanted} replicas are new`);
    if (Number(readyReplicas) < wanted) return waiting(`${text(readyReplicas)} of ${wanted} are ready`);
    return ready;
}

async function serviceReadiness(service: KubeObject, around: Surroundings): Promise<Readiness> {
    const spec = field(service, "spec");
    const selects = isObject(spec.selector) && Object.keys(spec.selector).length > 0;
    if (spec.type === "LoadBalancer" && !hasAddress(service)) return waiting("has no load balancer's address yet");
    if (!selects || spec.clusterIP === "None" || spec.type === "ExternalName") return ready;
    return (await around.hasEndpoints()) ? ready : waiting("no pod that it selects is ready");
}

function hasAddress(object: KubeObject): boolean {
    const { ingress } = field(field(object, "status"), "loadBalancer");
    return Array.isArray(ingress) && ingress.length > 0;
}

function isObserved(object: KubeObject): boolean {
    return Number(field(object, "status").observedGeneration ?? 0) >= Number(object.metadata.generation ?? 0);
}

/** Why a pod does not do its work, or undefined if nothing is known against it. */
export function podTrouble(pod: KubeObject): string | undefined {
    const unscheduled = condition(pod, "PodScheduled");
    if (unscheduled?.status === "False") return explain(unscheduled);
    for (const status of containerStatuses(pod)) {
        const pause = field(field(status, "state"), "waiting");
        const end = field(field(status, "lastState"), "terminated");
        const exit =
            isObject(status.lastState) && end.exitCode !== undefined ? ` (exit code ${text(end.exitCode)})` : "";
        if (pause.reason && pause.reason !== "ContainerCreating" && pause.reason !== "PodInitializing")
            return `${text(status.name)}: ${explain(pause)}${exit}`;
        if (status.ready !== true && end.exitCode) return `${text(status.name)}: restarted${exit}`;
    }
    return undefined;
}

interface FailedContainer {
    container: string;
    previous: boolean;
    restarts: number;
}

/** Containers that have ended without success, now (`previous` false) or before their last restart. */
export function failedContainers(pod: KubeObject): FailedContainer[] {
    return containerStatuses(pod).flatMap((status): FailedContainer[] => {
        const now = field(field(status, "state"), "terminated").exitCode;
        const before = field(field(status, "lastState"), "terminated").exitCode;
        const restarts = Number(status.restartCount ?? 0);
        if (now) return [{ container: text(status.name), previous: false, restarts }];
        return before ? [{ container: text(status.name), previous: true, restarts }] : [];
    });
}

function containerStatuses(pod: KubeObject): JsonObject[] {
    const { initContainerStatuses, containerStatuses: main } = field(pod, "status");
    return [initContainerStatuses, main].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []));
}

function condition(object: KubeObject, type: string): JsonObject | undefined {
    const { conditions } = field(object, "status");
    return Array.isArray(conditions) ? conditions.filter(isObject).find((one) => one.type === type) : undefined;
}

function explain(state: JsonObject): string {
    return [state.reason, state.message].filter(Boolean).map(text).join(": ");
}

function field(object: JsonObject, key: string): JsonObject {
    const value = object[key];
    return isObject(value) ? value : {};
}
