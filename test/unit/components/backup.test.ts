import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, system } from "../../support/find";

describe("Backup", () => {
    it("is a CronJob that writes to the config volume, every night", async () => {
        const { metadata, spec } = find(await system(), "CronJob", "bots-config-backup").inputs;
        assert.equal(metadata.labels.component, "backup");
        assert.deepEqual([spec.schedule, spec.timeZone, spec.suspend], ["30 4 * * *", "UTC", false]);
        assert.equal(spec.concurrencyPolicy, "Forbid");
        assert.deepEqual([spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit], [1, 1]);
        const { containers, volumes, restartPolicy } = spec.jobTemplate.spec.template.spec;
        assert.equal(restartPolicy, "Never");
        const [container] = containers;
        const { requests, limits } = container.resources;
        assert.deepEqual(
            [requests.cpu, requests.memory, limits.cpu, limits.memory],
            ["100m", "256Mi", "500m", "512Mi"],
        );
        const script = readFileSync(join(__dirname, "../../../config/backup.py"), "utf8");
        assert.deepEqual(container.command, ["python", "-c", script]);
        assert.deepEqual(container.args, ["/home/bots/.bots/env/default/config", "/config-backup/plugins", "14"]);
        assert.ok(
            volumes.some(
                ({ persistentVolumeClaim }: { persistentVolumeClaim?: { claimName: string } }) =>
                    persistentVolumeClaim?.claimName === "bots-edi-config-pvc",
            ),
        );
        assert.deepEqual(container.volumeMounts.slice(-2), [
            { name: "config", mountPath: "/home/bots/.bots/env/default/config", readOnly: true },
            { name: "config-backup", mountPath: "/config-backup" },
        ]);
    });

    it("takes schedule, time zone and number from the settings", async () => {
        const backup = { schedule: "0 */6 * * *", keep: 3, suspend: true };
        const made = await system({ timeZone: "Europe/Amsterdam", backup });
        const { spec } = find(made, "CronJob", "bots-config-backup").inputs;
        assert.deepEqual([spec.schedule, spec.timeZone, spec.suspend], ["0 */6 * * *", "Europe/Amsterdam", true]);
        assert.equal(spec.jobTemplate.spec.template.spec.containers[0].args.at(-1), "3");
    });

    it("is left alone by the image updater", async () => {
        const made = await system({ imageUpdater: {} });
        const { metadata } = find(made, "CronJob", "bots-config-backup").inputs;
        assert.equal(metadata.annotations, undefined);
        assert.doesNotMatch(JSON.stringify(find(made, "Sensor", "bots-edi-image-updater-edi").inputs), /config-backup/);
    });
});
