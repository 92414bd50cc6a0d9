import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { CalendarSchedule, isDue, longestGap, parseSchedule, Schedule } from "../../../settings/schedule";

/** How Kubernetes 1.35 reads a schedule; made by `go run .` in test/schedules, with robfig/cron v3 itself. */
interface Entry {
    readonly schedule: string;
    readonly taken: boolean;
    /** Its first runs after FROM. */
    readonly runs?: readonly string[];
    readonly every?: number;
}

const TABLE = JSON.parse(readFileSync(join(__dirname, "../../schedules/table.json"), "utf8")) as Entry[];
const FROM = Date.UTC(2027, 0, 30, 22, 58, 30);
const DAY = 24 * 3600 * 1000;

function parsed(schedule: string): Schedule | undefined {
    try {
        return parseSchedule(schedule);
    } catch {
        return undefined;
    }
}

/** What the program refuses although the API takes it: a schedule without any run, and a duration of none. */
function isUseless({ schedule, runs, every }: Entry): boolean {
    return (runs === undefined && every === undefined) || /^@every (0|-.*)$/.test(schedule);
}

function firstRuns(schedule: CalendarSchedule, count: number): number[] {
    const runs: number[] = [];
    for (let day = FROM - (FROM % DAY); runs.length < count; day += DAY) {
        const [hour = 0, minute = 0] = [schedule.hours[0], schedule.minutes[0]];
        if (!isDue(schedule, new Date(day + (hour * 60 + minute) * 60_000))) continue;
        for (const hour of schedule.hours) {
            for (const minute of schedule.minutes) {
                const clock = day + (hour * 60 + minute) * 60_000;
                if (clock > FROM && runs.length < count && isDue(schedule, new Date(clock))) runs.push(clock);
            }
        }
    }
    return runs;
}

describe("schedules, against robfig/cron", () => {
    it("are taken exactly where Kubernetes takes them, and come at all", () => {
        assert.ok(TABLE.length >= 900);
        const wrong = TABLE.filter(
            (entry) => (parsed(entry.schedule) !== undefined) !== (entry.taken && !isUseless(entry)),
        );
        assert.deepEqual(wrong, []);
    });

    it("SAT-SUN was taken here and refused by the API; two spaces were refused here and are legal", () => {
        assert.throws(() => parseSchedule("0 0 * * SAT-SUN"), /"SAT-SUN" begins after its end/);
        assert.ok(parseSchedule("0  8-18/2  *   * MON-FRI"));
        assert.throws(() => parseSchedule("TZ=UTC 0 3 * * *"), /the time zone is the setting timeZone/);
        assert.throws(
            () => parseSchedule("0 0 * * 7"),
            /"7" is not within 0 to 6, as a day of the week \(Sunday is 0\) is/,
        );
        assert.throws(() => parseSchedule("0 0 31 2 *"), /it never comes/);
    });

    it("come when robfig/cron says, and never further apart than their longest gap", () => {
        const entries = TABLE.map((entry) => ({ ...entry, read: parsed(entry.schedule) }));
        for (const { schedule, runs = [], every, read } of entries) {
            if (read === undefined) continue;
            if ("everySeconds" in read) {
                assert.equal(longestGap(read), every, schedule);
                continue;
            }
            const moments = runs.map((run) => Date.parse(run));
            assert.deepEqual(firstRuns(read, moments.length), moments, schedule);
            const gaps = moments.slice(1).map((moment, index) => (moment - (moments[index] ?? 0)) / 1000);
            assert.ok(Math.max(...gaps) <= longestGap(read), schedule);
        }
    });

    it("end each way the text may be broken in the one error", () => {
        const parts = fc.constantFrom(
            "*",
            "?",
            "5",
            "0",
            "7",
            "MON",
            "jan",
            "-",
            "/",
            ",",
            " ",
            "  ",
            "@every ",
            "1h",
            "TZ",
            "+",
            ".",
        );
        fc.assert(
            fc.property(fc.array(parts, { maxLength: 14 }), (words) => {
                const read = parsed(words.join(""));
                if (read !== undefined) assert.ok(longestGap(read) >= 1);
            }),
        );
    });

    for (const [schedule, gap] of [
        ["*/5 * * * *", 300],
        ["30 4 * * *", 86400],
        ["*/5 8-17 * * MON-FRI", 62 * 3600 + 300],
        ["0 0 29 2 *", 1461 * 86400],
        ["@every 1h30m", 5400],
    ] as const) {
        it(`are ${gap} s apart at most: ${schedule}`, () => {
            assert.equal(longestGap(parseSchedule(schedule)), gap);
        });
    }
});
