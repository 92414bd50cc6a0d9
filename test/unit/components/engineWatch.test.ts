import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, Manifest, system } from "../../support/find";

const WATCH = "bots-engine-watch";

describe("EngineWatch", () => {
    it("may do what its script asks for, and nothing else", async () => {
        const made = await system();
        const { rules } = find(made, "Role", WATCH).inputs;
        assert.deepEqual(rules, [
            { apiGroups: ["batch"], resources: ["jobs"], verbs: ["list", "patch"] },
            { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["list"] },
            { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
            { apiGroups: [""], resources: ["events"], verbs: ["create"] },
        ]);
        const { subjects, roleRef } = find(made, "RoleBinding", WATCH).inputs;
        assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: WATCH, namespace: "edi" }]);
        assert.deepEqual(roleRef, { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: WATCH });
    });

    it("has the only pods with a token of the cluster", async () => {
        const made = await system({ database: {}, jobqueue: { directoryMonitors: [{ path: "/in" }] } });
        const withToken = made
            .map(({ inputs }): Manifest => inputs)
            .filter(({ spec }) => {
                const template = spec?.jobTemplate?.spec.template ?? spec?.template;
                return template?.spec && template.spec.automountServiceAccountToken !== false;
            })
            .map(({ metadata }) => metadata.name as string);
        assert.deepEqual(withToken, [WATCH]);
        assert.equal(find(made, "ServiceAccount", WATCH).inputs.automountServiceAccountToken, false);
    });

    it("depends on nothing that may keep an engine from starting: no claim, no Secret, no ConfigMap", async () => {
        const { spec } = find(await system(), "Deployment", WATCH).inputs.spec.template;
        assert.deepEqual(spec.volumes, [{ name: "tmp", emptyDir: { sizeLimit: "1Mi" } }]);
        const [container] = spec.containers;
        assert.deepEqual([container.env, container.envFrom, spec.initContainers], [undefined, undefined, undefined]);
    });

    it("runs the script on every schedule, in parts", async () => {
        const schedules = [{ name: "night", schedule: "30 3 1 * *", timeZone: "Asia/Kolkata" }];
        const made = await system({ namespace: "edi-north", engine: { podStartSeconds: 90, schedules } });
        const [container] = find(made, "Deployment", WATCH).inputs.spec.template.spec.containers;
        const script = readFileSync(join(__dirname, "../../../config/engine_watch.py"), "utf8");
        assert.deepEqual(container.command, ["python", "-c", script]);
        const plan = JSON.parse(container.args[0] as string);
        assert.deepEqual([plan.namespace, plan.podStartSeconds], ["edi-north", 90]);
        const [often, night] = plan.schedules;
        assert.deepEqual([often.cronJob, often.timeZone, often.startingDeadlineSeconds], ["bots-engine", "UTC", 300]);
        assert.deepEqual([night.cronJob, night.timeZone], ["bots-engine-night", "Asia/Kolkata"]);
        assert.deepEqual(Object.keys(night.schedule as object).sort(), [
            "daysFitBoth",
            "daysOfMonth",
            "daysOfWeek",
            "hours",
            "minutes",
            "months",
        ]);
        for (const key of Object.keys(night.schedule as object)) assert.ok(script.includes(`["${key}"]`), key);
        assert.ok(script.includes('["everySeconds"]'));
    });

    it("is let alone by the image updater", async () => {
        const made = await system({ imageUpdater: {} });
        assert.equal(find(made, "Deployment", WATCH).inputs.metadata.annotations["pulumi.com/patchForce"], undefined);
        const sensor = find(made, "Sensor", "bots-edi-image-updater-edi").inputs;
        assert.ok(!JSON.stringify(sensor).includes(WATCH));
    });
});
