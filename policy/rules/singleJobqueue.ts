import { type DeployedObject, kindOf, podTemplate, title } from "../deployedObject";
import type { Rule } from "../rule";

const NAME = "bots-jobqueue";

interface Spec {
    replicas?: number;
    strategy?: { type?: string };
    scaleTargetRef?: { name?: string };
}

function deploymentFaults({ replicas, strategy }: Spec): string[] {
    return [
        ...(replicas === 1 ? [] : [`replicas is ${String(replicas ?? "not set")}; set it to 1`]),
        ...(strategy?.type === "Recreate"
            ? []
            : [`strategy is ${strategy?.type ?? "RollingUpdate"}, which runs two at once; set Recreate`]),
    ];
}

function faults(object: DeployedObject): string[] {
    const { spec = {} } = object.props as { spec?: Spec };
    if (kindOf(object) === "HorizontalPodAutoscaler" && spec.scaleTargetRef?.name === NAME) {
        return [`${title(object)} scales ${NAME}, whose queue is in one pod's memory; remove it`];
    }
    if (podTemplate(object)?.metadata?.labels?.component !== "jobqueue") return [];
    if (kindOf(object) !== "Deployment") return [`${title(object)} runs the job queue; make it a Deployment`];
    return deploymentFaults(spec).map((fault) => `${title(object)}: ${fault}`);
}

/** One queue: it is in the memory of its pod. */
export const singleJobqueue: Rule = {
    name: "single-jobqueue",
    description: "The job queue runs in exactly one pod, never in two at once.",
    faults,
};
