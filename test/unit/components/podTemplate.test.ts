import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, Manifest, system } from "../../support/find";
import { Registration } from "../../support/recorder";

/** The pod templates of the services that run Bots. */
function pods(made: readonly Registration[]): [string, Manifest][] {
    return [
        ["webserver", find(made, "Deployment", "bots-webserver").inputs.spec.template],
        ["jobqueue", find(made, "Deployment", "bots-jobqueue").inputs.spec.template],
        ["engine", find(made, "CronJob", "bots-engine").inputs.spec.jobTemplate.spec.template],
        ["init", find(made, "Job", "bots-db-init").inputs.spec.template],
    ];
}

const KEYS = ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DJANGO_SECRET_KEY"];

describe("pods", () => {
    it("carry the labels of the spec", async () => {
        for (const [component, { metadata }] of pods(await system())) {
            assert.equal(metadata.labels.app, "bots-edi");
            assert.equal(metadata.labels.component, component);
            assert.equal(metadata.labels["app.kubernetes.io/component"], component);
        }
    });

    it("keep to Pod Security restricted, on a read-only root", async () => {
        for (const [component, { spec }] of pods(await system())) {
            assert.deepEqual(
                spec.securityContext,
                {
                    runAsNonRoot: true,
                    runAsUser: 10001,
                    runAsGroup: 10001,
                    fsGroup: 10001,
                    fsGroupChangePolicy: "OnRootMismatch",
                    seccompProfile: { type: "RuntimeDefault" },
                },
                component,
            );
            assert.equal(spec.automountServiceAccountToken, false);
            for (const { securityContext } of spec.containers) {
                assert.equal(securityContext.readOnlyRootFilesystem, true);
                assert.equal(securityContext.allowPrivilegeEscalation, false);
                assert.deepEqual(securityContext.capabilities, { drop: ["ALL"] });
            }
        }
    });

    it("mount the shared files, the configuration as a directory, and a configuration directory of their own", async () => {
        // The Job mounts flat: it makes the others' mount points.
        const services = pods(await system()).filter(([component]) => component !== "init");
        for (const [component, { spec }] of services) {
            const [container] = spec.containers;
            const mounts = Object.fromEntries(
                container.volumeMounts.map((mount: Manifest) => [mount.mountPath, mount.name]),
            ) as Record<string, string>;
            assert.deepEqual(
                mounts,
                {
                    "/home/bots/.bots": "data",
                    "/home/bots/.bots/env/default/botssys/logging": "logs",
                    "/home/bots/.bots/env/default/config": "env-config",
                    "/config": "config",
                    "/tmp": "tmp",
                },
                component,
            );
            assert.ok(container.volumeMounts.every((mount: Manifest) => !("subPath" in mount)));
            const volumes = Object.fromEntries(spec.volumes.map((volume: Manifest) => [volume.name, volume])) as Record<
                string,
                Manifest
            >;
            assert.equal(volumes.data.persistentVolumeClaim.claimName, "bots-edi-data-pvc");
            assert.equal(volumes.logs.persistentVolumeClaim.claimName, "bots-edi-logs-pvc");
            assert.deepEqual(volumes.config.projected.sources, [
                { configMap: { name: "bots-config-ini" } },
                { configMap: { name: "bots-config-settings" } },
            ]);
        }
    });

    it("take each credential from the Secret, by name, and DB_ENGINE where it is there", async () => {
        for (const [component, { spec }] of pods(await system({ databaseSecret: "my-secret" }))) {
            const [container] = spec.containers;
            const env = `bots-config-env${component === "init" ? "-candidate" : ""}`;
            assert.deepEqual(container.envFrom, [{ configMapRef: { name: env } }]);
            const [engine, ...rest] = container.env.filter((variable: Manifest) => variable.valueFrom);
            assert.deepEqual(engine.valueFrom.secretKeyRef, { name: "my-secret", key: "DB_ENGINE", optional: true });
            assert.deepEqual(
                rest.map(({ name, valueFrom }: Manifest) => [name, valueFrom.secretKeyRef]),
                KEYS.map((key) => [key, { name: "my-secret", key }]),
            );
        }
    });

    it("are placed, pulled and prioritised as set", async () => {
        const tolerations = [{ key: "edi", operator: "Exists" as const }];
        const made = await system({
            nodeSelector: { disk: "ssd" },
            tolerations,
            priorityClass: "high",
            imagePullSecret: "harbor",
            imageTag: `4.0@sha256:${"a".repeat(64)}`,
            image: { pullPolicy: "Always" },
        });
        for (const [, { spec }] of pods(made)) {
            assert.deepEqual(spec.nodeSelector, { disk: "ssd" });
            assert.deepEqual(spec.tolerations, tolerations);
            assert.equal(spec.priorityClassName, "high");
            assert.deepEqual(spec.imagePullSecrets, [{ name: "harbor" }]);
            assert.equal(spec.containers[0].image, `harbor.pminc.me/priv/bots-edi:4.0@sha256:${"a".repeat(64)}`);
            assert.equal(spec.containers[0].imagePullPolicy, "Always");
        }
    });

    it("find their directories where bots.ini says that they are", () => {
        const ini = readFileSync(join(__dirname, "../../../config/bots.ini"), "utf8");
        assert.match(ini, /^botssys\s*=\s*\/home\/bots\/\.bots\/env\/default\/botssys\s*$/m);
        assert.match(ini, /^usersys\s*=\s*\/home\/bots\/\.bots\/env\/default\/usersys\s*$/m);
    });
});
