import assert from "node:assert/strict";
import { find, system } from "../../support/find";

describe("Engine", () => {
    it("is the CronJob of the spec", async () => {
        const { spec } = find(await system(), "CronJob", "bots-engine").inputs;
        assert.equal(spec.schedule, "*/5 * * * *");
        assert.equal(spec.concurrencyPolicy, "Forbid");
        assert.deepEqual([spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit], [3, 1]);
        const job = spec.jobTemplate.spec;
        const [container] = job.template.spec.containers;
        assert.deepEqual([container.command, container.args], [["/entrypoint.sh"], ["engine", "--new"]]);
        const { requests, limits } = container.resources;
        assert.deepEqual([requests.cpu, requests.memory, limits.cpu, limits.memory], ["200m", "512Mi", "2", "2Gi"]);
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

    it("a failed run was gone after ten minutes, before anybody saw it: it stays until the next has had its time", async () => {
        const ttl = async (schedule: string, deadlineSeconds: number) =>
            find(await system({ engine: { schedule, deadlineSeconds } }), "CronJob", "bots-engine").inputs.spec
                .jobTemplate.spec.ttlSecondsAfterFinished as number;
        assert.equal(await ttl("0 3 * * *", 3600), 86400 + 3600);
        assert.equal(await ttl("*/5 * * * *", 3600), 300 + 3600);
        assert.equal(await ttl("* * * * *", 60), 600);
        assert.equal(await ttl("0 3 * * *", 2 ** 31 - 1), 2 ** 31 - 1);
    });

    it("gives up a run that is later than the window where one is set", async () => {
        const { spec } = find(
            await system({ engine: { startingDeadlineSeconds: 1800 } }),
            "CronJob",
            "bots-engine",
        ).inputs;
        assert.equal(spec.startingDeadlineSeconds, 1800);
    });

    it("never runs again where no retry mends it, and always after a drained node", async () => {
        const job = find(await system(), "CronJob", "bots-engine").inputs.spec.jobTemplate.spec;
        assert.equal(job.template.spec.restartPolicy, "Never");
        assert.deepEqual(job.podFailurePolicy.rules, [
            {
                action: "FailJob",
                onExitCodes: { containerName: "engine", operator: "In", values: [2, 3, 78, 126, 127] },
            },
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

    it("is one CronJob a schedule, each with its own time, zone, arguments, deadline, window and name for /metrics", async () => {
        const made = await system({
            timeZone: "Europe/Amsterdam",
            engine: {
                schedules: [
                    { name: "night", schedule: "0 3 * * *", timeZone: "UTC", arguments: ["--cleanup"] },
                    {
                        name: "orders-2",
                        schedule: "@hourly",
                        routes: ["orders"],
                        deadlineSeconds: 900,
                        startingDeadlineSeconds: 60,
                        suspend: true,
                    },
                ],
            },
        });
        const seen = (cronJob: string) => {
            const { inputs } = find(made, "CronJob", cronJob);
            const { spec } = inputs;
            const [container] = spec.jobTemplate.spec.template.spec.containers;
            const env = container.env as { name: string; value?: string }[];
            return [
                [spec.schedule, spec.timeZone, spec.suspend, spec.startingDeadlineSeconds],
                [spec.concurrencyPolicy, spec.jobTemplate.spec.activeDeadlineSeconds],
                container.args,
                env.find(({ name }) => name === "ENGINE_SCHEDULE")?.value,
            ];
        };
        assert.deepEqual(seen("bots-engine"), [
            ["*/5 * * * *", "Europe/Amsterdam", false, 300],
            ["Forbid", 3600],
            ["engine", "--new"],
            "bots-engine",
        ]);
        assert.deepEqual(seen("bots-engine-night"), [
            ["0 3 * * *", "UTC", false, 86400],
            ["Forbid", 3600],
            ["engine", "--cleanup"],
            "bots-engine-night",
        ]);
        assert.deepEqual(seen("bots-engine-orders-2"), [
            ["@hourly", "Europe/Amsterdam", true, 60],
            ["Forbid", 900],
            ["engine", "--new", "orders"],
            "bots-engine-orders-2",
        ]);
    });

    it("waits for another engine no longer than the shortest deadline of a schedule, by default", async () => {
        const wait = async (engine: object) =>
            find(await system({ engine }), "ConfigMap", "bots-config-env").inputs.data.ENGINE_WAIT as string;
        assert.equal(await wait({}), "600");
        assert.equal(await wait({ schedules: [{ name: "short", schedule: "@daily", deadlineSeconds: 90 }] }), "90");
        assert.equal(await wait({ waitSeconds: 30 }), "30");
    });
});
