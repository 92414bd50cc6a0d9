import assert from "node:assert/strict";
import { describeMetrics } from "../../../operations/status";
import { share, table } from "../../../operations/top";

const NOW = Date.UTC(2026, 10, 26, 12);
const ago = (minutes: number) => NOW / 1000 - 60 * minutes;

const metrics = (...lines: string[]) => ["# HELP bots_check Whether a health check passes.", ...lines, ""].join("\n");

describe("the status by the metrics", () => {
    it("is well where all checks pass and the newest run had no errors", () => {
        const { lines, isWell } = describeMetrics(
            metrics(
                'bots_check{check="database"} 1',
                'bots_run_success{command="new"} 1',
                `bots_run_success_timestamp_seconds{command="new"} ${ago(4)}`,
                "bots_engine_lock_held 0",
                "bots_inbox_files 2",
                `bots_inbox_oldest_file_timestamp_seconds ${ago(90)}`,
            ),
            NOW,
        );
        assert.equal(isWell, true);
        assert.deepEqual(lines, [
            "Checks     all pass",
            "Last run   without errors 4 min ago",
            "Inboxes    2 files wait, the oldest since 90 min ago",
            "Engine     does not run now",
        ]);
    });

    it("names what fails, and a run with errors", () => {
        const { lines, isWell } = describeMetrics(
            metrics(
                'bots_check{check="database"} 0',
                'bots_check{check="usersys"} 1',
                'bots_run_success{command="resend"} 1',
                'bots_run_success{command="new"} 0',
                'bots_run_success_timestamp_seconds{command="new"} 0',
                "bots_engine_lock_held 1",
            ),
            NOW,
        );
        assert.equal(isWell, false);
        assert.match(lines[0] ?? "", /fail: database;/);
        assert.equal(lines[1], "Last run   none without errors yet; the newest had errors");
        assert.equal(lines[3], "Engine     runs");
    });
});

describe("what a container takes", () => {
    it("is told beside its limit", () => {
        assert.equal(share(0.127, "500m", "m"), "127m of 500m (25 %)");
        assert.equal(share(2 ** 29, "1Gi", "Mi"), "512Mi of 1Gi (50 %)");
        assert.equal(share(2 ** 29, undefined, "Mi"), "512Mi");
    });

    it("stands in columns", () => {
        assert.equal(
            table([
                ["POD", "CPU"],
                ["bots-db-0", "1m"],
            ]),
            "POD         CPU\nbots-db-0   1m",
        );
    });
});
