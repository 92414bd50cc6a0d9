/** Summer time: wall-clock times that a day leaves out, or has twice. */
import { CalendarSchedule, isDue } from "./schedule";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS_AHEAD = 366;

/** A change of the clock. */
export interface ClockChange {
    /** Date of the change, such as 2027-03-28. */
    readonly date: string;
    /** Whether the times between are left out; they come twice otherwise. */
    readonly isSkipped: boolean;
    /** First and last wall-clock minute that is left out or comes twice, as if it were UTC; the last is not in it. */
    readonly from: number;
    readonly to: number;
}

/** The wall clock of a zone, as if it were UTC. */
function wallClock(timeZone: string): (moment: number) => number {
    const format = new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short", timeStyle: "medium" });
    // Swedish writes 2027-03-28 01:59:00.
    return (moment) => Date.parse(`${format.format(moment).replace(" ", "T")}Z`);
}

/** The changes of a zone's clock in the year from a moment on, in milliseconds. */
export function clockChanges(timeZone: string, from: number): ClockChange[] {
    // The default, and no reason to load the tables of all zones at every run.
    if (timeZone === "UTC") return [];
    const clock = wallClock(timeZone);
    const start = Math.floor(from / DAY) * DAY;
    const offset = (moment: number) => clock(moment) - moment;
    const changes: ClockChange[] = [];
    for (let day = start; day < start + DAYS_AHEAD * DAY; day += DAY) {
        const [before, after] = [offset(day), offset(day + DAY)];
        if (before === after) continue;
        let [low, high] = [day, day + DAY];
        while (high - low > MINUTE) {
            const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
            if (offset(middle) === before) low = middle;
            else high = middle;
        }
        const [first, last] = [high + before, high + after].sort((one, other) => one - other) as [number, number];
        const date = new Date(first).toISOString().slice(0, 10);
        changes.push({ date, isSkipped: after > before, from: first, to: last });
    }
    return changes;
}

/** The changes that take a run from a schedule, or make it run twice. One that comes each hour anyway has none. */
export function changesAtRuns(schedule: CalendarSchedule, timeZone: string, from: number): ClockChange[] {
    const comes = (first: number, last: number) => {
        for (let minute = first; minute < last; minute += MINUTE) if (isDue(schedule, new Date(minute))) return true;
        return false;
    };
    return clockChanges(timeZone, from).filter(
        (change) => comes(change.from, change.to) && !comes(change.from - HOUR, change.from),
    );
}
