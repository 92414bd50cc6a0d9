import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { KubeObject } from "../../../sandbox/engine/client";
import type { JsonObject } from "../../../sandbox/engine/values";
import { configMap, counts, type Declared, image, TestStack } from "./stack";

/** Needs a node: pods run here. */
describe("engine: awaiting", function () {
    this.timeout(180_000);
    let stack: TestStack;

    beforeEach(async () => {
        stack = await TestStack.create();
    });
    afterEach(async () => {
        await stack.remove();
    });

    const pod = (command: string, more: JsonObject = {}): JsonObject => ({
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image, command: ["sh", "-c", command], imagePullPolicy: "IfNotPresent", ...more }],
    });

    const job = (name: string, command: string, spec: JsonObject = {}, options: JsonObject = {}): Declared => ({
        type: "kubernetes:batch/v1:Job",
        name,
        args: {
            metadata: { name },
            spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", ...pod(command) } }, ...spec },
        },
        options,
    });

    const workload = (
        kind: "Deployment" | "StatefulSet",
        name: string,
        spec: JsonObject,
        options: JsonObject = {},
    ): Declared => ({
        type: `kubernetes:apps/v1:${kind}`,
        name,
        args: {
            metadata: { name },
            spec: {
                ...(kind === "StatefulSet" && { serviceName: name }),
                selector: { matchLabels: { app: name } },
                template: { metadata: { labels: { app: name } }, spec },
            },
        },
        options,
    });

    const robust = { replaceOnChanges: ["*"], deleteBeforeReplace: true };
    const seconds = (begun: number): number => (Date.now() - begun) / 1000;

    it("answers for a Job only when it is complete, so that what depends on it comes after", async () => {
        await stack.up([job("init", "sleep 3"), configMap("after", {}, { needs: ["init"] })]);
        const { completionTime } = (await stack.read("batch/v1", "Job", "init"))?.status as { completionTime: string };
        const created = (await stack.read("v1", "ConfigMap", "after"))?.metadata.creationTimestamp as string;
        assert.ok(completionTime <= created, `${completionTime} <= ${created}`);
    });

    for (const restartPolicy of ["Never", "OnFailure"])
        it(`fails with a failed Job's last log lines (${restartPolicy}), registers nothing after it, and tries again next time`, async () => {
            const spec = (command: string): JsonObject => ({
                backoffLimit: 1,
                template: { spec: { restartPolicy, ...pod(command) } },
            });
            const broken = job("init", "", spec("echo first; echo database refused >&2; exit 3"), robust);
            const after = configMap("after", {}, { needs: ["init"] });
            await assert.rejects(stack.up([broken, after]), /Job init: BackoffLimitExceeded[^]*database refused/);
            assert.equal(await stack.read("v1", "ConfigMap", "after"), undefined);
            const uid = (await stack.read("batch/v1", "Job", "init"))?.metadata.uid;
            await assert.rejects(stack.up([broken, after]), /BackoffLimitExceeded/);
            assert.notEqual((await stack.read("batch/v1", "Job", "init"))?.metadata.uid, uid);
            await stack.vanish("batch/v1", "Job", "init");
            await assert.rejects(stack.up([broken, after]), /BackoffLimitExceeded/);
            const mended = job("init", "", spec("true"), robust);
            assert.equal(counts(await stack.up([mended, after])), "+1 ~0 +-1 -0 =1");
        });

    it("leaves what runs untouched when a Job's new image cannot be pulled, and says why", async () => {
        const init = (tag: string): Declared => {
            const spec = pod("true", { image: tag, imagePullPolicy: "Never" });
            return job(
                "init",
                "",
                { activeDeadlineSeconds: 8, template: { spec: { restartPolicy: "Never", ...spec } } },
                robust,
            );
        };
        const web = (tag: string): Declared =>
            workload("Deployment", "web", pod("sleep 1000", { image: tag }), { needs: ["init"] });
        await stack.up([init(image), web(image)]);
        const before = (await stack.read("apps/v1", "Deployment", "web"))?.metadata.generation;
        const begun = Date.now();
        await assert.rejects(
            stack.up([init("localhost/none:1"), web("localhost/none:1")]),
            /DeadlineExceeded[^]*ErrImageNeverPull/,
        );
        assert.ok(seconds(begun) < 40, `took ${seconds(begun)} s`);
        assert.match(stack.output, /Job .*\/init: waiting for \d+ s: .*ErrImageNeverPull/);
        assert.equal((await stack.read("apps/v1", "Deployment", "web"))?.metadata.generation, before);
        assert.equal(counts(await stack.up([init(image), web(image)])), "+0 ~0 +-1 -0 =2");
    });

    it("does not mind a Job that its TTL has removed", async () => {
        const short = job("init", "true", { ttlSecondsAfterFinished: 5 }, robust);
        await stack.up([short]);
        for (let tries = 0; tries < 60 && (await stack.read("batch/v1", "Job", "init")); tries++) await sleep(500);
        assert.equal(await stack.read("batch/v1", "Job", "init"), undefined);
        assert.equal(counts(await stack.up([short])), "+0 ~0 +-0 -0 =2");
        const changed = job("init", "true; true", { ttlSecondsAfterFinished: 5 }, robust);
        assert.equal(counts(await stack.up([changed])), "+0 ~0 +-1 -0 =1");
    });

    it("waits for a Deployment's new pods and for the end of the old ones", async () => {
        const probe = { readinessProbe: { exec: { command: ["test", "-f", "/tmp/ready"] }, periodSeconds: 1 } };
        const web = (word: string): Declared =>
            workload("Deployment", "web", pod(`sleep 3; touch /tmp/ready; sleep 1000; echo ${word}`, probe));
        const { outputs } = await stack.up([web("one")], { status: { $ref: "web.status" } });
        assert.equal((outputs.outputs as { status: JsonObject }).status.availableReplicas, 1);
        assert.match(stack.output, /Deployment .*\/web: waiting for \d+ s: 0 of 1 are available/);
        assert.equal(counts(await stack.up([web("two")])), "+0 ~1 +-0 -0 =1");
        const pods = await stack.client.list("v1", "Pod", stack.namespace, { labelSelector: "app=web" });
        assert.equal(pods.filter(({ metadata }) => !metadata.deletionTimestamp).length, 1);
    });

    it("gives up at customTimeouts, and at the provider's annotation, with the pod's reason", async () => {
        const spec = pod("true", { image: "localhost/none:1", imagePullPolicy: "Never" });
        const web = workload("Deployment", "web", spec, { customTimeouts: { create: "4s" } });
        const begun = Date.now();
        await assert.rejects(stack.up([web]), /not done after 4 s: .*main: ErrImageNeverPull/);
        assert.ok(seconds(begun) < 20);
        assert.match(stack.entry("web").failed ?? "", /not done after 4 s/);
        const annotated = workload("Deployment", "web", spec);
        (annotated.args?.metadata as JsonObject).annotations = { "pulumi.com/timeoutSeconds": "3" };
        await assert.rejects(stack.up([annotated]), /not done after 3 s/);
        (annotated.args?.metadata as JsonObject).annotations = { "pulumi.com/skipAwait": "true" };
        await stack.up([annotated]);
        assert.equal(stack.entry("web").failed, undefined);
    });

    it("waits for a StatefulSet and its Service's endpoints, not for a headless Service", async () => {
        const service = (name: string, spec: JsonObject, options: JsonObject = {}): Declared => ({
            type: "kubernetes:core/v1:Service",
            name,
            args: { metadata: { name }, spec: { selector: { app: "db" }, ports: [{ port: 80 }], ...spec } },
            options,
        });
        await stack.up([
            service("headless", { clusterIP: "None" }),
            workload("StatefulSet", "db", pod("sleep 1000"), { needs: ["headless"] }),
            service("db", {}, { needs: ["db"] }),
        ]);
        const status = (await stack.read("apps/v1", "StatefulSet", "db"))?.status as JsonObject;
        assert.equal(status.readyReplicas, 1);
        const orphan = service("orphan", { selector: { app: "nobody" } }, { customTimeouts: { create: "2s" } });
        await assert.rejects(stack.up([orphan]), /not done after 2 s: no pod that it selects is ready/);
    });

    it("waits for a claim to be bound, except where its class binds on first use", async () => {
        const claim = (storageClassName: string): Declared => ({
            type: "kubernetes:core/v1:PersistentVolumeClaim",
            name: "claim",
            args: {
                metadata: { name: "claim" },
                spec: { accessModes: ["ReadWriteMany"], storageClassName, resources: { requests: { storage: "1Mi" } } },
            },
            options: { customTimeouts: { create: "60s" } },
        });
        await stack.up([claim("sandbox-shared")]);
        const found = await stack.read("v1", "PersistentVolumeClaim", "claim");
        const kind = await stack.client.read({
            apiVersion: "storage.k8s.io/v1",
            kind: "StorageClass",
            metadata: { name: "sandbox-shared" },
        });
        const immediate = kind?.volumeBindingMode === "Immediate";
        assert.equal((found?.status as JsonObject).phase, immediate ? "Bound" : "Pending");
        const unbound = { ...claim("none"), name: "other", options: { customTimeouts: { create: "2s" } } };
        unbound.args = { ...unbound.args, metadata: { name: "other" } };
        await assert.rejects(stack.up([unbound]), /not done after 2 s: not bound to a volume yet/);
    });

    it("waits for an Ingress' address unless told not to", async () => {
        const ingress = (annotations: JsonObject): Declared => ({
            type: "kubernetes:networking.k8s.io/v1:Ingress",
            name: "web",
            args: {
                metadata: { name: "web", annotations },
                spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
            },
            options: { customTimeouts: { create: "2s", update: "2s" } },
        });
        await assert.rejects(stack.up([ingress({})]), /no address into the status yet/);
        await stack.up([ingress({ "pulumi.com/skipAwait": "true" })]);
    });

    it("shows the warnings of the API server", async () => {
        const namespace: KubeObject = {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name: stack.namespace, labels: { "pod-security.kubernetes.io/warn": "restricted" } },
        };
        await stack.applyAs("test", namespace);
        await stack.up([workload("Deployment", "web", pod("sleep 1000"))]);
        assert.match(stack.output, /warning: would violate PodSecurity "restricted/);
    });
});
