/** How late a run of a CronJob may start. */
import { longestGap, parseSchedule } from "./schedule";

/** Seconds that a controller may be down, however often the schedule comes. */
const LEAST = 300;

/**
 * Seconds after which a run that did not start is given up: until the next is due, where they are furthest apart. Of several
 * that were missed only the last is started, so late is better than not at all.
 */
export function startingDeadline(schedule: string): number {
    return Math.max(LEAST, longestGap(parseSchedule(schedule)));
}
