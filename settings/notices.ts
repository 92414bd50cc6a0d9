/** What is legal, and yet worth knowing. */
import { changesAtRuns } from "./clockChanges";
import { engineSchedules } from "./engineSchedules";
import { parseSchedule } from "./schedule";
import type { Checked } from "./schema";

/**
 * Runs that a change of the clock takes away or makes twice, a line each: the schedule's key, itself, the dates.
 *
 * @param now moment from which the next year is looked at, in milliseconds.
 */
export function notices({ engine, backup, timeZone }: Checked, now: number): string[] {
    const schedules = [
        ...engineSchedules({ engine, timeZone }).map(({ path, ...own }) => ({ ...own, key: path.join(".") })),
        { key: "backup", schedule: backup.schedule, timeZone },
    ];
    return schedules.flatMap(({ key, schedule: text, timeZone }) => {
        const schedule = parseSchedule(text);
        const changes = "everySeconds" in schedule ? [] : changesAtRuns(schedule, timeZone, now);
        const dates = changes.map(({ date, isSkipped }) =>
            isSkipped ? `is skipped on ${date}` : `comes twice on ${date}`,
        );
        return dates.length === 0
            ? []
            : [`${key}.schedule is "${text}"; in ${timeZone} that time ${dates.join(" and ")}`];
    });
}
