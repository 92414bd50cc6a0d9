import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BotsEdi } from "../../../components/botsEdi";
import { parseSettings } from "../../../settings";
import { objects, record, Registration } from "../../support/recorder";
import { recordStack, STACKS } from "../../support/stack";

/** How many objects of each kind a stack has. */
function census(made: readonly Registration[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { inputs } of objects(made)) counts[String(inputs.kind)] = (counts[String(inputs.kind)] ?? 0) + 1;
    return counts;
}

const COMMON = {
    // Live, and as a candidate.
    ConfigMap: 6,
    PersistentVolumeClaim: 4,
    NetworkPolicy: 7,
    Job: 1,
    Deployment: 3,
    Service: 2,
    PodDisruptionBudget: 1,
    CronJob: 2,
    ServiceAccount: 1,
    Role: 1,
    RoleBinding: 1,
};
const WITH_DATABASE = {
    PersistentVolumeClaim: 5,
    NetworkPolicy: 8,
    Service: 3,
    StatefulSet: 1,
    Job: 2,
    Secret: 2,
    Namespace: 1,
};

const EXPECTED: Record<(typeof STACKS)[number], Record<string, number>> = {
    dev: { ...COMMON, ...WITH_DATABASE, Ingress: 1 },
    staging: { ...COMMON, Namespace: 1, Ingress: 1 },
    prod: {
        ...COMMON,
        Namespace: 1,
        Ingress: 1,
        NetworkPolicy: COMMON.NetworkPolicy + 1,
        Sensor: 1,
        ServiceAccount: 3,
        Role: 3,
        RoleBinding: 3,
    },
    sandbox: { ...COMMON, ...WITH_DATABASE },
};

describe("BotsEdi", () => {
    for (const stack of STACKS) {
        it(`makes exactly the objects of ${stack}`, async () => {
            assert.deepEqual(census(await recordStack(stack)), EXPECTED[stack]);
        });
    }

    it("registers the same in a preview, where no apply runs", async () => {
        const urns = (made: readonly Registration[]) => made.map(({ urn }) => urn).sort();
        for (const stack of STACKS) {
            assert.deepEqual(urns(await recordStack(stack, {}, { preview: true })), urns(await recordStack(stack)));
        }
    });

    it("creates nothing inside apply", () => {
        const folder = join(__dirname, "../../../components");
        const applying = readdirSync(folder).filter((file) =>
            readFileSync(join(folder, file), "utf8").includes(".apply("),
        );
        for (const file of applying) assert.doesNotMatch(readFileSync(join(folder, file), "utf8"), /\bnew \w/, file);
    });

    it("owns every object through its part, and every part by itself", async () => {
        const made = await recordStack("prod");
        const byUrn = new Map(made.map((registration) => [registration.urn, registration]));
        const top = made.find(({ type }) => type === "bots-edi:index:BotsEdi");
        for (const registration of made) {
            const { type, parent, name } = registration;
            if (registration === top || type.startsWith("pulumi:")) continue;
            const owner = byUrn.get(parent);
            assert.ok(owner, `${type} ${name} belongs to nobody`);
            assert.match(owner.type, /^bots-edi:index:/);
            assert.ok(name.startsWith(owner.name), `${name} is not named after ${owner.name}`);
            if (!registration.custom) assert.equal(owner, top);
        }
    });

    it("sends every object through the stack's one provider", async () => {
        const made = await recordStack("prod");
        const providers = made.filter(({ type }) => type === "pulumi:providers:kubernetes");
        assert.equal(providers.length, 1);
        const { clusterIdentifier, enableConfigMapMutable, enableSecretMutable } = providers[0]?.inputs ?? {};
        assert.deepEqual([clusterIdentifier, enableConfigMapMutable, enableSecretMutable], ["prod", "true", "true"]);
        for (const { urn, provider } of objects(made)) assert.match(provider, /::cluster::/, urn);
    });

    it("a namespace that may be used but not patched failed half way: it is made, labelled or left alone", async () => {
        const labels = {
            name: "edi",
            app: "bots-edi",
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/audit": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
        };
        const [made] = objects(
            await record(() => new BotsEdi("bots", parseSettings({ imageTag: "4.0", database: {} }))),
        );
        assert.equal(made?.type, "kubernetes:core/v1:Namespace");
        assert.deepEqual(
            [made.inputs.metadata, made.protect, made.retainOnDelete],
            [{ name: "edi", labels }, true, true],
        );
        const all = objects(await recordStack("prod"));
        const patched = all.find(({ inputs }) => inputs.kind === "Namespace");
        assert.ok(patched);
        assert.equal(patched.type, "kubernetes:core/v1:NamespacePatch");
        for (const what of ["bots-edi-webserver", "bots-edi-jobqueue", "bots-edi-engine"]) {
            assert.ok(
                patched.dependencies.some((urn) => urn.endsWith(`::${what}`)),
                `what ${what} replaces would be refused`,
            );
        }
        assert.deepEqual(patched.inputs.metadata, { name: "edi", labels });
        const alone = objects(await recordStack("prod", { "bots-edi:labelNamespace": "false" }));
        assert.deepEqual(
            alone.filter(({ inputs }) => inputs.kind === "Namespace"),
            [],
        );
        assert.ok(alone.some(({ inputs }) => inputs.kind === "Job"));
    });

    it("is made twice in one program without a collision", async () => {
        const made = await record(() => {
            for (const namespace of ["edi-north", "edi-south"]) {
                const everything = { database: {}, ingress: { host: `${namespace}.a.b` }, imageUpdater: {} };
                const secretEnv = { EMAIL_HOST_PASSWORD: "x" };
                new BotsEdi(namespace, parseSettings({ imageTag: "4.0", namespace, secretEnv, ...everything }));
            }
        });
        assert.equal(new Set(made.map(({ urn }) => urn)).size, made.length);
        const keys = objects(made).map(({ inputs }) => {
            const { name, namespace } = inputs.metadata as { name: string; namespace?: string };
            return [inputs.kind, namespace, name].join("/");
        });
        assert.equal(new Set(keys).size, keys.length);
        assert.equal(objects(made).length % 2, 0);
    });

    it("leaves the order inside one system to that system", async () => {
        const made = await record(() => {
            for (const namespace of ["edi-north", "edi-south"]) {
                new BotsEdi(namespace, parseSettings({ imageTag: "4.0", namespace }));
            }
        });
        const north = made.find(({ type, name }) => type.endsWith(":Deployment") && name === "edi-north-webserver");
        assert.ok(north?.dependencies.every((urn) => !urn.includes("edi-south")));
    });
});
