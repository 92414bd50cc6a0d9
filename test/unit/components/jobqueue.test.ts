import assert from "node:assert/strict";
import { find, system } from "../../support/find";

const HEALTHCHECK = "python /usr/local/bots/scripts/healthcheck.py --config-dir /config --check";

describe("JobQueue", () => {
    it("is the Deployment of the spec: one pod, never two", async () => {
        const { spec } = find(await system(), "Deployment", "bots-jobqueue").inputs;
        assert.equal(spec.replicas, 1);
        assert.deepEqual(spec.strategy, { type: "Recreate" });
        assert.equal(spec.template.spec.terminationGracePeriodSeconds, 60);
        assert.equal(spec.template.spec.containers.length, 1);
        const [container] = spec.template.spec.containers;
        assert.deepEqual(
            [container.name, container.command, container.args],
            ["jobqueue", ["/entrypoint.sh"], ["jobqueueserver"]],
        );
        const { requests, limits } = container.resources;
        assert.deepEqual(
            [requests.cpu, requests.memory, limits.cpu, limits.memory],
            // 512Mi in the spec, where an order of maxfilesizeincoming has it killed.
            ["100m", "256Mi", "500m", "650Mi"],
        );
    });

    it("is reached by the pages at the gateway, ready or not, and on localhost alone by anybody else", async () => {
        const made = await system();
        const [container] = find(made, "Deployment", "bots-jobqueue").inputs.spec.template.spec.containers;
        assert.deepEqual(container.ports, [{ name: "gateway", containerPort: 28083, protocol: "TCP" }]);
        assert.deepEqual(find(made, "Service", "bots-jobqueue").inputs.spec, {
            type: "ClusterIP",
            selector: { app: "bots-edi", component: "jobqueue" },
            ports: [{ name: "gateway", port: 28083, targetPort: "gateway", protocol: "TCP" }],
            publishNotReadyAddresses: true,
        });
        const { data } = find(made, "ConfigMap", "bots-config-env").inputs;
        assert.equal(data.JOBQUEUE_GATEWAY, "bots-jobqueue:28083");
    });

    it("`up` ended with success while its pod was still down: it is waited for by its numbers, of the newest generation", async () => {
        const { inputs, timeouts } = find(
            await system({ jobqueue: { deadlineSeconds: 50 } }),
            "Deployment",
            "bots-jobqueue",
        );
        assert.deepEqual(JSON.parse(inputs.metadata.annotations["pulumi.com/waitFor"] as string), [
            "jsonpath={$[?@.updatedReplicas == $.spec.replicas]}",
            "jsonpath={$[?@.availableReplicas == $.spec.replicas]}",
            "jsonpath={$[?@.observedGeneration && @.replicas == $.spec.replicas]}",
        ]);
        assert.equal(inputs.spec.progressDeadlineSeconds, 50);
        // With the 60 s that the old pod has to end.
        assert.deepEqual(timeouts, { create: "140s", update: "140s", delete: "140s" });
    });

    it("is checked by the image's own script, with the configuration, and by its ports", async () => {
        const [container] = find(await system(), "Deployment", "bots-jobqueue").inputs.spec.template.spec.containers;
        assert.equal(container.readinessProbe.exec.command.join(" "), `${HEALTHCHECK} ready --quiet`);
        const [shell, flag, script] = container.livenessProbe.exec.command;
        assert.deepEqual([shell, flag], ["/bin/bash", "-c"]);
        const dial = "exec 3<>/dev/tcp/127.0.0.1/28082 4<>/dev/tcp/127.0.0.1/28083";
        assert.equal(script, `${HEALTHCHECK} live --quiet && ${dial}`);
        assert.deepEqual(container.startupProbe.exec.command, ["/bin/bash", "-c", dial]);
    });

    it("watches directories beside the queue where they are set", async () => {
        const monitor = { path: "/home/bots/.bots/in", filemask: "*.edi", route: "orders" };
        const made = await system({ jobqueue: { directoryMonitors: [monitor, { path: "/in", recursive: true }] } });
        const { containers } = find(made, "Deployment", "bots-jobqueue").inputs.spec.template.spec;
        assert.deepEqual(
            containers.map(({ name, args }: { name: string; args: string[] }) => [name, args]),
            [
                ["jobqueue", ["jobqueueserver"]],
                ["dirmonitor", ["dirmonitor"]],
            ],
        );
        const ini = find(made, "ConfigMap", "bots-config-ini").inputs.data["bots.ini"] as string;
        assert.match(
            ini,
            /\n\[dirmonitor1\]\npath = \/home\/bots\/\.bots\/in\nfilemask = \*\.edi\nrecursive = False\nroute = orders\n/,
        );
        assert.match(ini, /\n\[dirmonitor2\]\npath = \/in\nfilemask = \*\nrecursive = True\nroute =\n$/);
    });

    it("watches the routes that the pages of Bots 4 tick where that is set, and the pages know whether", async () => {
        const seen = async (jobqueue: object) => {
            const made = await system({ jobqueue });
            const { containers } = find(made, "Deployment", "bots-jobqueue").inputs.spec.template.spec;
            const data = find(made, "ConfigMap", "bots-config-env").inputs.data as Record<string, string>;
            return [containers.length, data.DIRECTORY_MONITOR];
        };
        assert.deepEqual(await seen({}), [1, "false"]);
        assert.deepEqual(await seen({ monitorRoutes: true }), [2, "true"]);
        assert.deepEqual(await seen({ directoryMonitors: [{ path: "/in" }] }), [2, "true"]);
    });
});
