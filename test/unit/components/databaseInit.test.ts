import assert from "node:assert/strict";
import { find, system } from "../../support/find";

describe("DatabaseInit", () => {
    it("is the Job of the spec", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        assert.equal(spec.backoffLimit, 3);
        assert.equal(spec.ttlSecondsAfterFinished, 300);
        assert.equal(spec.activeDeadlineSeconds, 300);
        assert.equal(spec.template.spec.restartPolicy, "OnFailure");
        const [container] = spec.template.spec.containers;
        const { requests, limits } = container.resources;
        assert.deepEqual(
            [requests.cpu, requests.memory, limits.cpu, limits.memory],
            ["100m", "256Mi", "500m", "512Mi"],
        );
        assert.ok(!container.env.some(({ name }: { name: string }) => name === "DB_INIT_SKIP"));
    });

    it("completes only where the tables are there, and then keeps the configuration", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        const [container] = spec.template.spec.containers;
        const [shell, flag, script] = container.command;
        assert.deepEqual([shell, flag], ["/bin/sh", "-c"]);
        assert.deepEqual(script.split("\n").slice(2, 4), [
            "/entrypoint.sh init-db",
            "python /usr/local/bots/scripts/healthcheck.py --config-dir /config --check startup",
        ]);
        assert.match(script, /cp \/config\/bots\.ini \/config\/settings\.py "\$kept\/"/);
        const checksum = spec.template.metadata.annotations["checksum/config"];
        assert.deepEqual(container.env.at(-1), { name: "CONFIG_CHECKSUM", value: checksum });
        assert.deepEqual(spec.template.spec.volumes.at(-1), {
            name: "config-backup",
            persistentVolumeClaim: { claimName: "bots-edi-config-pvc" },
        });
    });

    it("makes the mount points inside the data volume first, as the user of Bots", async () => {
        const [container] = find(await system(), "Job", "bots-db-init").inputs.spec.template.spec.containers;
        const [, made] = container.command[2].split("\n");
        const points = ["/home/bots/.bots/env/default/config", "/home/bots/.bots/env/default/botssys/logging"];
        assert.equal(made, `mkdir -p ${points.join(" ")}`);
        const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
        assert.deepEqual(mounts, ["/home/bots/.bots", "/config", "/tmp", "/config-backup"]);
    });

    it("is made anew at every change, deleted first", async () => {
        const { replaceOnChanges, deleteBeforeReplace } = find(await system(), "Job", "bots-db-init");
        assert.deepEqual([replaceOnChanges, deleteBeforeReplace], [["*"], true]);
    });

    it("runs again when the image or the configuration changes", async () => {
        const template = async (settings: Parameters<typeof system>[0]) =>
            JSON.stringify(find(await system(settings), "Job", "bots-db-init").inputs.spec.template);
        const before = await template({});
        assert.notEqual(await template({ imageTag: "4.1" }), before);
        assert.notEqual(await template({ logLevel: "DEBUG" }), before);
        assert.equal(await template({ webserver: { replicas: 2 } }), before);
    });
});
