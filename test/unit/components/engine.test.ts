import assert from "node:assert/strict";
import { find, system } from "../../support/find";

describe("Engine", () => {
    it("is the CronJob of the spec", async () => {
        const { spec } = find(await system(), "CronJob", "bots-engine").inputs;
        assert.equal(spec.schedule, "*/5 * * * *");
        assert.equal(spec.concurrencyPolicy, "Forbid");
        assert.deepEqual([spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit], [3, 1]);
        const job = spec.jobTemplate.spec;
        assert.equal(job.ttlSecondsAfterFinished, 600);
        const [container] = job.template.spec.containers;
        assert.deepEqual([container.command, container.args], [["/entrypoint.sh"], ["engine", "--new"]]);
        const { requests, limits } = container.resources;
        assert.deepEqual([requests.cpu, requests.memory, limits.cpu, limits.memory], ["200m", "512Mi", "2000m", "2Gi"]);
        assert.deepEqual(spec.jobTemplate.metadata.labels.component, "engine");
    });

    it("a daily run was lost when the controller was down for six minutes: the window follows the schedule", async () => {
        const window = async (schedule: string) =>
            find(await system({ engine: { schedule } }), "CronJob", "bots-engine").inputs.spec
                .startingDeadlineSeconds as number;
        assert.equal(await window("0 3 * * *"), 86400);
        assert.equal(await window("*/5 * * * *"), 300);
        assert.equal(await window("* * * * *"), 300);
        assert.equal(await window("@every 6h"), 6 * 3600);
    });

    it("never runs again after errors in the data, and always after a drained node", async () => {
        const job = find(await system(), "CronJob", "bots-engine").inputs.spec.jobTemplate.spec;
        assert.equal(job.template.spec.restartPolicy, "Never");
        assert.deepEqual(job.podFailurePolicy.rules, [
            { action: "FailJob", onExitCodes: { containerName: "engine", operator: "In", values: [2, 3] } },
            { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        ]);
    });

    it("completes where it waited in vain for another engine: a failed Job alerts, a retried one only waits again", async () => {
        const job = find(await system(), "CronJob", "bots-engine").inputs.spec.jobTemplate.spec;
        const [container] = job.template.spec.containers;
        assert.deepEqual(container.env.at(-1), { name: "ENGINE_BUSY_OK", value: "true" });
    });

    it("takes schedule, time zone, options and routes from the settings", async () => {
        const engine = {
            schedule: "0 6 * * MON-FRI",
            arguments: ["--new", "--cleanup"],
            routes: ["orders", "invoices"],
        };
        const made = await system({
            timeZone: "Europe/Amsterdam",
            engine: { ...engine, suspend: true, deadlineSeconds: 60 } as never,
        });
        const { spec } = find(made, "CronJob", "bots-engine").inputs;
        assert.deepEqual([spec.schedule, spec.timeZone, spec.suspend], ["0 6 * * MON-FRI", "Europe/Amsterdam", true]);
        assert.equal(spec.jobTemplate.spec.activeDeadlineSeconds, 60);
        const [container] = spec.jobTemplate.spec.template.spec.containers;
        assert.deepEqual(container.args, ["engine", "--new", "--cleanup", "orders", "invoices"]);
    });
});
