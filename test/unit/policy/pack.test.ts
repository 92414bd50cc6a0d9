import assert from "node:assert/strict";
import { objects, Registration, SECRET_SIGNATURE } from "../../support/recorder";
import { recordStack } from "../../support/stack";
import { Resource, ServedPack, servePack } from "./servedPack";

/** What the SDK calls a secret (source: its runtime/rpc). */
const IS_SECRET = "1b47061264138c4ac30d75fd1eb44270";

const secret = (value: unknown) => ({ [SECRET_SIGNATURE]: IS_SECRET, value });

const POLICY = "No value that Pulumi keeps secret stands in a ConfigMap or in a pod.";

const UNPROTECTED: Resource = {
    urn: "urn:pulumi:s::bots-edi::kubernetes:core/v1:PersistentVolumeClaim::data",
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    name: "data",
    protect: false,
    inputs: { kind: "PersistentVolumeClaim", metadata: { name: "data", namespace: "edi" } },
};

const configMap = (data: unknown): Resource => ({
    urn: "urn:pulumi:s::bots-edi::kubernetes:core/v1:ConfigMap::env",
    type: "kubernetes:core/v1:ConfigMap",
    name: "env",
    protect: false,
    inputs: { kind: "ConfigMap", metadata: { name: "env", namespace: "edi" }, data },
});

describe("the policy pack, served as Pulumi serves it", function () {
    this.timeout(60_000);
    let pack: ServedPack;

    describe("to stack prod", () => {
        let registered: Registration[];
        before(async () => {
            pack = await servePack("prod");
            registered = await recordStack("prod");
        });
        after(() => pack.stop());

        it("passes every object of the program", async () => {
            const all = objects(registered);
            assert.ok(all.some(({ type }) => type.endsWith(":CronJob")));
            for (const object of all) assert.deepEqual(await pack.violations(object), [], object.urn);
        });

        it("is mandatory", async () => {
            const [found, ...others] = await pack.violations(UNPROTECTED);
            assert.deepEqual(others, []);
            assert.equal(found?.policy, "protected-volumes");
            assert.equal(found.mandatory, true);
        });

        for (const [where, data] of Object.entries({
            "data.key": { key: secret("hidden"), other: "plain" },
            data: secret({ key: "hidden" }),
        })) {
            it(`sees a Pulumi secret in a ConfigMap, marked at ${where}`, async () => {
                assert.deepEqual(await pack.violations(configMap(data)), [
                    {
                        policy: "no-pulumi-secrets",
                        mandatory: true,
                        message: `${POLICY}\nConfigMap edi/env: ${where} shows a Pulumi secret; keep it in a Secret and refer to that`,
                    },
                ]);
            });
        }

        it("sees a Pulumi secret in the environment of a container", async () => {
            const webserver = registered.find(
                ({ type, name }) => type.endsWith(":Deployment") && /webserver/.test(name),
            );
            assert.ok(webserver);
            const inputs = structuredClone(webserver.inputs) as {
                spec: { template: { spec: { containers: { env: unknown[] }[] } } };
            };
            inputs.spec.template.spec.containers[0]?.env.push({ name: "MAIL", value: secret("hidden") });
            const found = await pack.violations({ ...webserver, inputs: { ...inputs } });
            assert.deepEqual(
                found.map(({ policy }) => policy),
                ["no-pulumi-secrets"],
            );
        });
    });

    describe("to another stack", () => {
        afterEach(() => pack.stop());

        it("is advisory", async () => {
            pack = await servePack("dev");
            assert.deepEqual(
                (await pack.violations(UNPROTECTED)).map(({ mandatory }) => mandatory),
                [false],
            );
        });

        it("is mandatory where the setting production is true", async () => {
            pack = await servePack("live", { "bots-edi:production": "true" });
            assert.deepEqual(
                (await pack.violations(UNPROTECTED)).map(({ mandatory }) => mandatory),
                [true],
            );
        });
    });
});
