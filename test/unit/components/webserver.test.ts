import assert from "node:assert/strict";
import { find, system } from "../../support/find";

const RESOURCES = {
    requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "64Mi" },
    limits: { cpu: "1", memory: "1Gi", "ephemeral-storage": "2Gi" },
};
const probe = (check: string) => ({ path: `/health/${check}`, port: "http", scheme: "HTTP" });

describe("Webserver", () => {
    it("is the Deployment of the spec", async () => {
        const { spec, metadata } = find(await system(), "Deployment", "bots-webserver").inputs;
        assert.equal(metadata.namespace, "edi");
        assert.equal(spec.replicas, 1);
        assert.deepEqual(spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
        assert.deepEqual(spec.selector.matchLabels, { app: "bots-edi", component: "webserver" });
        const [container] = spec.template.spec.containers;
        assert.deepEqual(
            [container.name, container.command, container.args],
            ["webserver", ["/entrypoint.sh"], ["webserver"]],
        );
        assert.equal(container.image, "harbor.pminc.me/priv/bots-edi:4.0");
        assert.deepEqual(container.ports, [{ name: "http", containerPort: 8080, protocol: "TCP" }]);
        assert.deepEqual(container.resources, RESOURCES);
        assert.deepEqual(container.env.at(-1), { name: "DB_INIT_SKIP", value: "true" });
    });

    it("has the probes of the spec", async () => {
        const [container] = find(await system(), "Deployment", "bots-webserver").inputs.spec.template.spec.containers;
        assert.deepEqual(container.livenessProbe, {
            httpGet: probe("live"),
            initialDelaySeconds: 30,
            periodSeconds: 30,
            timeoutSeconds: 5,
            failureThreshold: 3,
        });
        assert.deepEqual(container.readinessProbe, {
            httpGet: probe("ready"),
            initialDelaySeconds: 10,
            periodSeconds: 10,
            timeoutSeconds: 3,
            failureThreshold: 2,
        });
        assert.deepEqual(container.startupProbe, {
            httpGet: probe("startup"),
            periodSeconds: 5,
            timeoutSeconds: 3,
            failureThreshold: 30,
        });
    });

    it("tells Prometheus where the metrics are", async () => {
        const { annotations } = find(await system(), "Deployment", "bots-webserver").inputs.spec.template.metadata;
        assert.equal(annotations["prometheus.io/scrape"], "true");
        assert.equal(annotations["prometheus.io/port"], "8080");
        assert.equal(annotations["prometheus.io/path"], "/metrics");
        assert.match(annotations["checksum/config"], /^[0-9a-f]{64}$/);
    });

    it("has the Service of the spec, and a PodDisruptionBudget that lets nodes be drained", async () => {
        const made = await system();
        assert.deepEqual(find(made, "Service", "bots-webserver").inputs.spec, {
            type: "ClusterIP",
            selector: { app: "bots-edi", component: "webserver" },
            ports: [{ name: "http", port: 8080, targetPort: "http", protocol: "TCP" }],
        });
        const { spec } = find(made, "PodDisruptionBudget", "bots-webserver").inputs;
        assert.deepEqual(spec, {
            maxUnavailable: 1,
            selector: { matchLabels: { app: "bots-edi", component: "webserver" } },
        });
    });

    it("autoscaling switched on had one pod for a moment: the number that runs is left to the autoscaler", async () => {
        const made = await system({ webserver: { autoscaling: { minReplicas: 2, maxReplicas: 5 } } });
        const { inputs, ignoreChanges } = find(made, "Deployment", "bots-webserver");
        // What a first roll-out begins with; afterwards Pulumi sends the number that it finds.
        assert.equal(inputs.spec.replicas, 2);
        assert.deepEqual(ignoreChanges, ["spec.replicas"]);
        assert.deepEqual(find(await system(), "Deployment", "bots-webserver").ignoreChanges, []);
        const { spec } = find(made, "HorizontalPodAutoscaler", "bots-webserver").inputs;
        assert.deepEqual([spec.minReplicas, spec.maxReplicas], [2, 5]);
        assert.equal(spec.metrics[0].resource.target.averageUtilization, 80);
        assert.deepEqual(spec.scaleTargetRef, { apiVersion: "apps/v1", kind: "Deployment", name: "bots-webserver" });
    });

    it("is waited for as long as its pods may take, one after the other, and never for more than a day", async () => {
        const timeout = async (webserver: object) =>
            find(await system({ webserver }), "Deployment", "bots-webserver").timeouts.update;
        assert.equal(await timeout({}), "630s");
        assert.equal(await timeout({ replicas: 3, deadlineSeconds: 100 }), "330s");
        assert.equal(await timeout({ autoscaling: { maxReplicas: 4 }, deadlineSeconds: 100 }), "430s");
        assert.equal(await timeout({ replicas: 2 ** 31 - 1, deadlineSeconds: 2 ** 31 - 1 }), "86430s");
    });
});
