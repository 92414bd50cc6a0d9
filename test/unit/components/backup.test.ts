import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, Manifest, system } from "../../support/find";

const config = (file: string) => readFileSync(join(__dirname, "../../../config", file), "utf8");
const env = (container: Manifest) =>
    Object.fromEntries(container.env.map(({ name, value }: { name: string; value?: string }) => [name, value]));

describe("Backup", () => {
    it("is a CronJob that writes to the backup volume, every night", async () => {
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
        assert.deepEqual(container.command, ["python", "-c", config("backup.py")]);
        assert.deepEqual(container.args, ["make"]);
        const { BACKUP_CONFIG, BACKUP_DATA, BACKUP_TARGET, BACKUP_KEEP, BACKUP_STACK, EXCHANGE } = env(container);
        assert.deepEqual(
            [BACKUP_CONFIG, BACKUP_DATA, BACKUP_TARGET, BACKUP_KEEP, BACKUP_STACK, EXCHANGE],
            ["/home/bots/.bots/env/default/config", "/home/bots/.bots", "/backup", "7", "test", "/exchange"],
        );
        assert.deepEqual(volumes.slice(-2), [
            { name: "backup", persistentVolumeClaim: { claimName: "bots-edi-backup-pvc" } },
            { name: "exchange", emptyDir: { sizeLimit: "16Mi" } },
        ]);
        assert.deepEqual(container.volumeMounts.slice(-3), [
            { name: "config", mountPath: "/home/bots/.bots/env/default/config", readOnly: true },
            { name: "backup", mountPath: "/backup" },
            { name: "exchange", mountPath: "/exchange" },
        ]);
    });

    it("waits for an engine as long as one may run, and has its own time then", async () => {
        const made = await system({ engine: { deadlineSeconds: 600 }, backup: { deadlineSeconds: 100 } });
        const { spec } = find(made, "CronJob", "bots-config-backup").inputs.spec.jobTemplate;
        assert.equal(spec.activeDeadlineSeconds, 700);
        assert.equal(env(spec.template.spec.containers[0]).BACKUP_WAIT, "600");
    });

    it("takes schedule, time zone and number from the settings", async () => {
        const backup = { schedule: "0 */6 * * *", keep: 3, suspend: true };
        const made = await system({ timeZone: "Europe/Amsterdam", backup });
        const { spec } = find(made, "CronJob", "bots-config-backup").inputs;
        assert.deepEqual([spec.schedule, spec.timeZone, spec.suspend], ["0 */6 * * *", "Europe/Amsterdam", true]);
        assert.equal(env(spec.jobTemplate.spec.template.spec.containers[0]).BACKUP_KEEP, "3");
    });

    it("is left alone by the image updater", async () => {
        const made = await system({ imageUpdater: {} });
        const { metadata } = find(made, "CronJob", "bots-config-backup").inputs;
        assert.equal(metadata.annotations, undefined);
        assert.doesNotMatch(JSON.stringify(find(made, "Role", "bots-image-update").inputs), /config-backup/);
    });
});

describe("the database's own client", () => {
    const clients = async (settings: Parameters<typeof system>[0]) => {
        const made = await system(settings);
        return [
            find(made, "CronJob", "bots-config-backup").inputs.spec.jobTemplate.spec.template.spec,
            find(made, "Job", "bots-db-init").inputs.spec.template.spec,
        ].map(({ initContainers }) => initContainers.at(-1));
    };

    it("goes on beside what asks it, with the Secret's credentials", async () => {
        for (const client of await clients({})) {
            assert.deepEqual([client.name, client.restartPolicy], ["database-client", "Always"]);
            assert.deepEqual(client.command, ["/bin/sh", "-c", config("database_client.sh")]);
            const secrets = client.env.filter(({ valueFrom }: Manifest) => valueFrom?.secretKeyRef);
            assert.deepEqual(
                secrets.map(({ name }: Manifest) => name),
                ["DB_ENGINE", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT"],
            );
            assert.equal(client.securityContext.readOnlyRootFilesystem, true);
        }
    });

    for (const [settings, image] of [
        [{}, "docker.io/library/mariadb:10.11.11"],
        [{ database: { engine: "postgresql" } }, "docker.io/library/postgres:16.8"],
        [{ database: { image: "local/mariadb:1" } }, "local/mariadb:1"],
        [{ backup: { clientImage: "local/client:1" } }, "local/client:1"],
    ] as const) {
        it(`is that of ${image} with ${JSON.stringify(settings)}`, async () => {
            for (const client of await clients(settings)) assert.equal(client.image, image);
        });
    }
});
