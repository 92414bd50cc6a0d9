import assert from "node:assert/strict";

import type { KubeObject } from "../../../../sandbox/engine/client";
import {
    deploymentReadiness,
    failedContainers,
    jobReadiness,
    podTrouble,
    readiness,
    type Readiness,
    statefulSetReadiness,
} from "../../../../sandbox/engine/readiness";
import type { JsonObject } from "../../../../sandbox/engine/values";

function object(kind: string, spec: JsonObject, status: JsonObject): KubeObject {
    return { apiVersion: "v1", kind, metadata: { name: "it", generation: 2 }, spec, status };
}

const said = (found: Readiness): string => (found.state === "ready" ? "ready" : `${found.state}: ${found.reason}`);

describe("engine: readiness", () => {
    it("of a Job", () => {
        const job = (status: JsonObject, spec: JsonObject = {}): string =>
            said(jobReadiness(object("Job", spec, status)));
        const failed = { type: "Failed", status: "True", reason: "DeadlineExceeded", message: "too long" };
        assert.equal(job({ active: 1 }), "waiting: 1 active, 0 failed");
        assert.equal(job({ conditions: [{ type: "Complete", status: "True" }] }), "ready");
        assert.equal(job({ conditions: [failed] }), "failed: DeadlineExceeded: too long");
        assert.equal(job({ conditions: [{ ...failed, status: "False" }] }), "waiting: 0 active, 0 failed");
        assert.equal(job({}, { suspend: true }), "ready");
    });

    it("of a Deployment", () => {
        const deployment = (status: JsonObject): string =>
            said(deploymentReadiness(object("Deployment", { replicas: 2 }, status)));
        const seen = { observedGeneration: 2 };
        assert.equal(
            deployment({ observedGeneration: 1, availableReplicas: 2 }),
            "waiting: not seen by its controller yet",
        );
        assert.equal(deployment({ ...seen, updatedReplicas: 1, replicas: 3 }), "waiting: 1 of 2 replicas are new");
        assert.equal(deployment({ ...seen, updatedReplicas: 2, replicas: 3 }), "waiting: old replicas are ending");
        assert.equal(
            deployment({ ...seen, updatedReplicas: 2, replicas: 2, availableReplicas: 1 }),
            "waiting: 1 of 2 are available",
        );
        assert.equal(deployment({ ...seen, updatedReplicas: 2, replicas: 2, availableReplicas: 2 }), "ready");
        const stuck = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "stuck" };
        assert.equal(deployment({ ...seen, conditions: [stuck] }), "failed: ProgressDeadlineExceeded: stuck");
        const refused = {
            type: "ReplicaFailure",
            status: "True",
            reason: "FailedCreate",
            message: "violates PodSecurity",
        };
        assert.equal(deployment({ ...seen, conditions: [refused] }), "waiting: FailedCreate: violates PodSecurity");
    });

    it("of a StatefulSet", () => {
        const set = (status: JsonObject): string =>
            said(statefulSetReadiness(object("StatefulSet", {}, { observedGeneration: 2, ...status })));
        assert.equal(set({ currentRevision: "a", updateRevision: "b" }), "waiting: 0 of 1 replicas are new");
        assert.equal(set({ currentRevision: "b", updateRevision: "b" }), "waiting: 0 of 1 are ready");
        assert.equal(set({ currentRevision: "b", updateRevision: "b", readyReplicas: 1 }), "ready");
    });

    it("of a claim, a Service and an Ingress", async () => {
        const of = async (kind: string, spec: JsonObject, status: JsonObject, answer: boolean): Promise<string> => {
            const around = {
                bindsOnFirstUse: () => Promise.resolve(answer),
                hasEndpoints: () => Promise.resolve(answer),
            };
            return (await readiness(object(kind, spec, status), around)).state;
        };
        assert.equal(await of("PersistentVolumeClaim", {}, { phase: "Bound" }, false), "ready");
        assert.equal(await of("PersistentVolumeClaim", {}, { phase: "Pending" }, false), "waiting");
        assert.equal(await of("PersistentVolumeClaim", {}, { phase: "Pending" }, true), "ready");
        assert.equal(await of("Service", { selector: { a: "b" } }, {}, true), "ready");
        assert.equal(await of("Service", { selector: { a: "b" } }, {}, false), "waiting");
        assert.equal(await of("Service", { selector: { a: "b" }, clusterIP: "None" }, {}, false), "ready");
        assert.equal(await of("Service", {}, {}, false), "ready");
        assert.equal(await of("Service", { type: "LoadBalancer" }, {}, false), "waiting");
        assert.equal(await of("Ingress", {}, { loadBalancer: {} }, true), "waiting");
        assert.equal(await of("Ingress", {}, { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } }, true), "ready");
        assert.equal(await of("ConfigMap", {}, {}, false), "ready");
    });

    it("says what a pod suffers from, and which containers have a log to read", () => {
        const pod = (status: JsonObject): KubeObject => object("Pod", {}, status);
        const container = (state: JsonObject, lastState: JsonObject = {}, restartCount = 0): KubeObject =>
            pod({ containerStatuses: [{ name: "web", ready: false, state, lastState, restartCount }] });
        const pull = { waiting: { reason: "ErrImagePull", message: "not found" } };
        const unscheduled = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" };
        assert.equal(podTrouble(container(pull)), "web: ErrImagePull: not found");
        assert.equal(podTrouble(container({ waiting: { reason: "ContainerCreating" } })), undefined);
        assert.equal(podTrouble(pod({ conditions: [unscheduled] })), "Unschedulable: 0/1 nodes");
        const crashed = container({ waiting: { reason: "CrashLoopBackOff" } }, { terminated: { exitCode: 3 } }, 2);
        assert.equal(podTrouble(crashed), "web: CrashLoopBackOff (exit code 3)");
        assert.deepEqual(failedContainers(crashed), [{ container: "web", previous: true, restarts: 2 }]);
        const ended = container({ terminated: { exitCode: 1 } });
        assert.deepEqual(failedContainers(ended), [{ container: "web", previous: false, restarts: 0 }]);
        assert.deepEqual(failedContainers(container({ terminated: { exitCode: 0 } })), []);
    });
});
