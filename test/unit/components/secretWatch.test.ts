import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, Manifest, podTemplates, system } from "../../support/find";
import { STORE } from "../../support/outside";

const WATCH = "bots-secret-watch";
const SETTINGS = { secretStore: STORE, externalSecrets: { databaseSecret: { extract: "bots" } } };
const [CANDIDATE, LIVE] = ["bots-edidb-secret-candidate", "bots-edidb-secret"] as const;

describe("SecretWatch", () => {
    it("is there exactly where a store has the database's Secret", async () => {
        const isThere = async (settings: object) =>
            (await system(settings)).some(({ inputs }) => (inputs as Manifest).metadata?.name === WATCH);
        assert.ok(await isThere(SETTINGS));
        assert.ok(!(await isThere({})));
        assert.ok(
            !(await isThere({
                ...SETTINGS,
                superuserSecret: "a",
                externalSecrets: { superuserSecret: { extract: "a" } },
            })),
        );
    });

    it("may do what its script asks for, by name wherever that has one", async () => {
        const made = await system(SETTINGS);
        assert.deepEqual(find(made, "Role", WATCH).inputs.rules, [
            { apiGroups: [""], resources: ["secrets"], resourceNames: [CANDIDATE, LIVE], verbs: ["get"] },
            {
                apiGroups: ["external-secrets.io"],
                resources: ["externalsecrets"],
                resourceNames: [CANDIDATE, LIVE],
                verbs: ["get"],
            },
            {
                apiGroups: ["external-secrets.io"],
                resources: ["externalsecrets"],
                resourceNames: [LIVE],
                verbs: ["patch"],
            },
            {
                apiGroups: ["apps"],
                resources: ["deployments"],
                resourceNames: ["bots-webserver", "bots-jobqueue"],
                verbs: ["get", "patch"],
            },
            { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
            { apiGroups: [""], resources: ["events"], verbs: ["create"] },
        ]);
        const { subjects } = find(made, "RoleBinding", WATCH).inputs;
        assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: WATCH, namespace: "edi" }]);
        assert.equal(find(made, "ServiceAccount", WATCH).inputs.automountServiceAccountToken, false);
    });

    it("rolls exactly the Deployments whose pods read the Secret", async () => {
        const made = await system(SETTINGS);
        const [container] = find(made, "Deployment", WATCH).inputs.spec.template.spec.containers;
        const script = readFileSync(join(__dirname, "../../../config/secret_watch.py"), "utf8");
        assert.deepEqual(container.command, ["python", "-c", script]);
        const plan = JSON.parse(container.args[0] as string);
        const readers = podTemplates(made)
            .filter(
                ([title, template]) =>
                    title.startsWith("Deployment/") && JSON.stringify(template.spec).includes(`"name":"${LIVE}"`),
            )
            .map(([title]) => title.split("/")[1]);
        assert.deepEqual(plan, { namespace: "edi", candidate: CANDIDATE, live: LIVE, deployments: readers });
    });

    it("reads the configuration of the services, and neither the Secret nor their volumes", async () => {
        const { spec } = find(await system(SETTINGS), "Deployment", WATCH).inputs.spec.template;
        const [container] = spec.containers;
        assert.equal(container.env, undefined);
        assert.deepEqual(container.envFrom, [{ configMapRef: { name: "bots-config-env" } }]);
        const volumes = spec.volumes as Manifest[];
        assert.deepEqual(
            volumes.filter(({ emptyDir }) => !emptyDir).map(({ name, projected }) => [name, projected.sources]),
            [["config", [{ configMap: { name: "bots-config-ini" } }, { configMap: { name: "bots-config-settings" } }]]],
        );
    });

    it("may reach the API server, and the database as the services may", async () => {
        const peers = [{ cidr: "10.0.0.7/32", ports: [3307] }];
        const made = await system({ ...SETTINGS, networkPolicy: { database: peers, apiServerPorts: [6443] } });
        const { spec } = find(made, "NetworkPolicy", WATCH).inputs;
        assert.deepEqual(spec.podSelector.matchLabels, { app: "bots-edi", component: "secret-watch" });
        assert.deepEqual(spec.egress, [
            { ports: [{ port: 6443, protocol: "TCP" }] },
            { to: [{ ipBlock: { cidr: "10.0.0.7/32" } }], ports: [{ port: 3307, protocol: "TCP" }] },
        ]);
        assert.ok(!(await system()).some(({ inputs }) => (inputs as Manifest).metadata?.name === WATCH));
    });

    it("is no part of what waits for it: an update goes on without it", async () => {
        const { inputs } = find(await system(SETTINGS), "Deployment", WATCH);
        assert.equal(inputs.metadata.annotations["pulumi.com/skipAwait"], "true");
    });
});
