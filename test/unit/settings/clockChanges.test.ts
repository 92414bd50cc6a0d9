import assert from "node:assert/strict";
import { changesAtRuns, clockChanges } from "../../../settings/clockChanges";
import { CalendarSchedule, parseSchedule } from "../../../settings/schedule";
import { parseSettings } from "../../../settings";

const FROM = Date.UTC(2026, 10, 25);
const at = (schedule: string, zone: string) =>
    changesAtRuns(parseSchedule(schedule) as CalendarSchedule, zone, FROM).map(
        ({ date, isSkipped }) => `${date} ${isSkipped ? "skipped" : "twice"}`,
    );

describe("changes of the clock", () => {
    it("are found to the minute, half hours and midnights too", () => {
        const [spring] = clockChanges("Europe/Amsterdam", FROM);
        assert.deepEqual(spring, {
            date: "2027-03-28",
            isSkipped: true,
            from: Date.UTC(2027, 2, 28, 2),
            to: Date.UTC(2027, 2, 28, 3),
        });
        const half = clockChanges("Australia/Lord_Howe", FROM).map(({ from, to }) => (to - from) / 60_000);
        assert.deepEqual(half, [30, 30]);
        assert.deepEqual(clockChanges("UTC", FROM), []);
    });

    it("take a daily run at 02:30, and give it twice; what comes each hour anyway loses nothing", () => {
        assert.deepEqual(at("30 2 * * *", "Europe/Amsterdam"), ["2027-03-28 skipped", "2027-10-31 twice"]);
        assert.deepEqual(at("30 2 * * MON", "Europe/Amsterdam"), []);
        assert.deepEqual(at("*/5 * * * *", "Europe/Amsterdam"), []);
        assert.deepEqual(at("30 1-4 * * *", "Europe/Amsterdam"), []);
        assert.deepEqual(at("@daily", "Africa/Cairo"), ["2027-04-30 skipped"]);
    });

    it("a daily backup at 02:30 was not made once a year: the default exists every day, everywhere", function () {
        this.timeout(20_000);
        const { schedule } = parseSettings({ imageTag: "4.0" }).backup;
        const broken = Intl.supportedValuesOf("timeZone").filter((zone) => at(schedule, zone).length > 0);
        assert.deepEqual(broken, []);
    });
});
