import assert from "node:assert/strict";
import { parseSettings } from "../../../settings";
import { notices } from "../../../settings/notices";
import { recordStack } from "../../support/stack";

const NOW = Date.UTC(2026, 10, 25);
const said = (settings: object) => notices(parseSettings({ imageTag: "4.0", ...settings }), NOW);

describe("notices", () => {
    it("a run at 02:30 was not made once a year and twice once a year, unsaid: schedule and dates are named", () => {
        const timeZone = "Europe/Amsterdam";
        const dates = "is skipped on 2027-03-28 and comes twice on 2027-10-31";
        assert.deepEqual(said({ timeZone, engine: { schedule: "30 2 * * *" }, backup: { schedule: "15 2 * * *" } }), [
            `engine.schedule is "30 2 * * *"; in ${timeZone} that time ${dates}`,
            `backup.schedule is "15 2 * * *"; in ${timeZone} that time ${dates}`,
        ]);
        const schedules = [
            { name: "night", schedule: "30 2 * * *" },
            { name: "other", schedule: "30 2 * * *", timeZone: "UTC" },
        ];
        assert.deepEqual(said({ timeZone, engine: { schedules } }), [
            `engine.schedules.0.schedule is "30 2 * * *"; in ${timeZone} that time ${dates}`,
        ]);
        assert.deepEqual(said({ timeZone, engine: { schedule: "@every 1h" } }), []);
        assert.deepEqual(said({ engine: { schedule: "30 2 * * *" } }), []);
    });

    it("end nothing", async () => {
        const changes = {
            "bots-edi:timeZone": "Europe/Amsterdam",
            "bots-edi:backup": JSON.stringify({ schedule: "30 2 * * *" }),
        };
        assert.ok((await recordStack("prod", changes)).length > 0);
    });
});
