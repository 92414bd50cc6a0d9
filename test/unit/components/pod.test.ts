import assert from "node:assert/strict";
import { canonicalQuantity } from "../../../formats";
import { SettingsInput } from "../../../settings";
import { Manifest, podTemplates, system } from "../../support/find";

const pods = async (settings: Partial<SettingsInput>): Promise<[string, Manifest][]> =>
    podTemplates(await system(settings));

/** The pods of a system that has every kind of them. */
const NAMES = [
    "CronJob/bots-config-backup",
    "CronJob/bots-engine",
    "Deployment/bots-engine-watch",
    "Deployment/bots-jobqueue",
    "Deployment/bots-webserver",
    "Job/bots-db-init",
    "Job/bots-db-preflight",
    "StatefulSet/bots-db",
];

describe("every pod", () => {
    it("imagePullSecret, placement and annotations were not for the database pod: one overlay is for each", async () => {
        const found = await pods({
            database: {},
            imagePullSecret: "harbor",
            nodeSelector: { disk: "ssd" },
            priorityClass: "high",
            pods: {
                annotations: { "sidecar.istio.io/inject": "true" },
                labels: { team: "edi" },
                ephemeralStorage: { request: "1Gi", limit: "4Gi" },
            },
        });
        assert.deepEqual(found.map(([name]) => name).sort(), NAMES);
        for (const [name, { metadata, spec }] of found) {
            assert.equal(metadata.annotations["sidecar.istio.io/inject"], "true", name);
            assert.equal(metadata.labels.team, "edi", name);
            assert.equal(metadata.labels.app, "bots-edi", name);
            assert.deepEqual(spec.imagePullSecrets, [{ name: "harbor" }], name);
            assert.deepEqual([spec.nodeSelector, spec.priorityClassName], [{ disk: "ssd" }, "high"], name);
            for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])] as Manifest[]) {
                assert.equal(resources.requests["ephemeral-storage"], "1Gi", name);
                assert.equal(resources.limits["ephemeral-storage"], "4Gi", name);
                assert.ok(resources.requests.cpu && resources.limits.memory);
            }
        }
    });

    it("another user id was not for the database pod, and OpenShift had no way in: ids are set, or left to the platform", async () => {
        const ids = async (settings: SettingsInput["pods"]) =>
            Object.fromEntries(
                (await pods({ database: {}, pods: settings })).map(([name, { spec }]) => {
                    const { runAsUser, runAsGroup, fsGroup, runAsNonRoot } = spec.securityContext;
                    assert.equal(runAsNonRoot, true);
                    return [name, [runAsUser, runAsGroup, fsGroup]];
                }),
            );
        const own = await ids(undefined);
        assert.deepEqual(own["Deployment/bots-webserver"], [10001, 10001, 10001]);
        assert.deepEqual(own["StatefulSet/bots-db"], [999, 999, 999]);
        const set = await ids({ runAsUser: 20000, runAsGroup: 0, fsGroup: 30000 });
        for (const name of NAMES) assert.deepEqual(set[name], [20000, 0, 30000], name);
        const left = await ids({ runAsUser: null, runAsGroup: null, fsGroup: null });
        for (const name of NAMES) assert.deepEqual(left[name], [undefined, undefined, undefined], name);
    });

    it("keys for SFTP, certificates and CAs had no way in: files and variables come from existing Secrets, to read only", async () => {
        const found = await pods({
            database: {},
            pods: {
                files: [
                    { secret: "partner-keys", path: "/secrets/partner" },
                    { configMap: "company-ca", path: "/etc/company-ca" },
                ],
                env: { PARTNER_PIN: { secret: "partner", key: "pin" }, LICENCE: { secret: "licence" } },
            },
        });
        // The engine's watch runs none of Bots, and waits for no Secret.
        const readers = found.filter(([name]) => name !== "Deployment/bots-engine-watch");
        assert.equal(readers.length, NAMES.length - 1);
        for (const [name, { spec }] of readers) {
            assert.deepEqual(
                spec.volumes.slice(-2),
                [
                    { name: "files-0", secret: { secretName: "partner-keys", defaultMode: 0o440 } },
                    { name: "files-1", configMap: { name: "company-ca", defaultMode: 0o440 } },
                ],
                name,
            );
            for (const { env, volumeMounts } of [...spec.containers, ...(spec.initContainers ?? [])] as Manifest[]) {
                assert.deepEqual(volumeMounts.slice(-2), [
                    { name: "files-0", mountPath: "/secrets/partner", readOnly: true },
                    { name: "files-1", mountPath: "/etc/company-ca", readOnly: true },
                ]);
                assert.deepEqual(env.slice(-2), [
                    { name: "PARTNER_PIN", valueFrom: { secretKeyRef: { name: "partner", key: "pin" } } },
                    { name: "LICENCE", valueFrom: { secretKeyRef: { name: "licence", key: "LICENCE" } } },
                ]);
            }
        }
    });

    it("an update did other than what was planned: pods are written as the API server writes them", async () => {
        const database = { resources: { limits: { cpu: "2000m", memory: "2048Mi" } } };
        const made = await system({
            database,
            secretEnv: { PIN: "1" },
            pods: { ephemeralStorage: { limit: "0.5Gi" } },
        });
        const odd = (value: unknown, path: string): string[] => {
            if (value === 0) return [path];
            if (typeof value !== "object" || value === null) return [];
            const inner = Object.entries(value);
            // An emptyDir without limits is one.
            if (inner.length === 0) return path.endsWith(".emptyDir") ? [] : [path];
            return inner.flatMap(([key, one]) =>
                /\.(requests|limits)$/.test(path) && canonicalQuantity(String(one)) !== one
                    ? [`${path}.${key}`]
                    : odd(one, `${path}.${key}`),
            );
        };
        const templates = podTemplates(made);
        assert.ok(templates.length > 5);
        for (const [name, template] of templates) assert.deepEqual(odd(template, name), []);
        for (const { inputs } of made) {
            const { metadata } = inputs as Manifest;
            if (metadata?.annotations) assert.notDeepEqual(metadata.annotations, {});
        }
    });
});
