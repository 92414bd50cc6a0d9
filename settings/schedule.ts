/** Cron schedules as the Kubernetes CronJob reads them: the standard parser of robfig/cron v3, and the API's own rules. */

/** A schedule in parts. Each list is sorted. */
export interface CalendarSchedule {
    readonly minutes: readonly number[];
    readonly hours: readonly number[];
    readonly daysOfMonth: readonly number[];
    readonly months: readonly number[];
    readonly daysOfWeek: readonly number[];
    /** A day has to fit both its date and its weekday where one of them is `*`, else either. */
    readonly daysFitBoth: boolean;
}

/** A schedule by the clock, or one run each so many seconds. */
export type Schedule = CalendarSchedule | { readonly everySeconds: number };

interface Field {
    readonly what: string;
    readonly least: number;
    readonly most: number;
    /** Names of its values, from `least` on. */
    readonly names: readonly string[];
}

const MINUTE: Field = { what: "minute", least: 0, most: 59, names: [] };
const HOUR: Field = { what: "hour", least: 0, most: 23, names: [] };
const DATE: Field = { what: "day of the month", least: 1, most: 31, names: [] };
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH: Field = { what: "month", least: 1, most: 12, names: MONTHS };
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const WEEKDAY: Field = { what: "day of the week (Sunday is 0)", least: 0, most: 6, names: WEEKDAYS };

const MACROS: Readonly<Record<string, string>> = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
};

const SECONDS: Readonly<Record<string, number>> = {
    ns: 1e-9,
    us: 1e-6,
    µs: 1e-6,
    μs: 1e-6,
    ms: 1e-3,
    s: 1,
    m: 60,
    h: 3600,
};

function wholeNumber(text: string, what: string): number {
    if (!/^\+?\d{1,18}$/.test(text)) throw new Error(`"${text}" is no ${what}`);
    return Number(text);
}

function numberOf(text: string, { names, what, least }: Field): number {
    const index = names.indexOf(text.toLowerCase());
    return index < 0 ? wholeNumber(text, what) : least + index;
}

/** One part of a field: `*`, `5`, `5-9`, `MON-FRI`, each with or without `/step`. */
function range(part: string, field: Field): { values: number[]; isStar: boolean } {
    const [bounds = "", step, ...slashes] = part.split("/");
    const [low = "", high, ...hyphens] = bounds.split("-");
    const isStar = low === "*" || low === "?";
    if (slashes.length > 0 || (!isStar && hyphens.length > 0)) throw new Error(`"${part}" is no ${field.what}`);
    const start = isStar ? field.least : numberOf(low, field);
    const isOpen = isStar || (high === undefined && step !== undefined);
    const end = isOpen ? field.most : high === undefined ? start : numberOf(high, field);
    const stride = step === undefined ? 1 : wholeNumber(step, "step");
    if (start < field.least || end > field.most) {
        throw new Error(`"${part}" is not within ${field.least} to ${field.most}, as a ${field.what} is`);
    }
    if (start > end) throw new Error(`"${part}" begins after its end`);
    if (stride === 0) throw new Error(`"${part}" has a step of 0`);
    const values = [];
    for (let value = start; value <= end; value += stride) values.push(value);
    return { values, isStar: isStar && stride === 1 };
}

function list(text: string, field: Field): { values: number[]; isStar: boolean } {
    const parts = text
        .split(",")
        .filter(Boolean)
        .map((part) => range(part, field));
    const values = [...new Set(parts.flatMap((part) => part.values))].sort((one, other) => one - other);
    return { values, isStar: parts.some(({ isStar }) => isStar) };
}

function everySeconds(text: string): number {
    const isDuration = /^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)(?:(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/.test(
        text,
    );
    const parts = isDuration ? [...text.matchAll(/([\d.]+)([a-zµμ]+)/g)] : [];
    const total = parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (SECONDS[unit] ?? 0), 0);
    // Go's durations end at 292 years.
    if (total === 0 || total > 9e9) throw new Error(`"${text}" is no duration such as 1h30m`);
    return Math.max(1, Math.floor(total));
}

/**
 * Reads a schedule: five fields, a macro such as `@hourly`, or `@every 1h30m`.
 *
 * @throws Error that says what Kubernetes would refuse, or that the schedule never comes.
 */
export function parseSchedule(text: string): Schedule {
    if (text.includes("TZ")) throw new Error("the time zone is the setting timeZone");
    if (text.startsWith("@every ")) return { everySeconds: everySeconds(text.slice("@every ".length)) };
    const fields = (MACROS[text] ?? text).trim().split(/\s+/);
    if (fields.length !== 5) throw new Error(`it has ${fields.length} fields`);
    const [minute = "", hour = "", date = "", month = "", weekday = ""] = fields;
    const dates = list(date, DATE);
    const weekdays = list(weekday, WEEKDAY);
    const schedule = {
        minutes: list(minute, MINUTE).values,
        hours: list(hour, HOUR).values,
        daysOfMonth: dates.values,
        months: list(month, MONTH).values,
        daysOfWeek: weekdays.values,
        daysFitBoth: dates.isStar || weekdays.isStar,
    };
    if (schedule.minutes.length === 0 || schedule.hours.length === 0 || !DAYS.some((day) => fitsDay(schedule, day))) {
        throw new Error("it never comes");
    }
    return schedule;
}

const MINUTES_A_DAY = 24 * 60;
/** Days from 2000 on: eight years have every date, the 29th of February twice. */
const EIGHT_YEARS = 2922;
const DAYS = Array.from({ length: EIGHT_YEARS }, (_, day) => new Date(Date.UTC(2000, 0, 1 + day)));

/** Whether a schedule comes on a day, given as its beginning in UTC. */
function fitsDay(schedule: CalendarSchedule, day: Date): boolean {
    const byDate = schedule.daysOfMonth.includes(day.getUTCDate());
    const byWeekday = schedule.daysOfWeek.includes(day.getUTCDay());
    const fits = schedule.daysFitBoth ? byDate && byWeekday : byDate || byWeekday;
    return fits && schedule.months.includes(day.getUTCMonth() + 1);
}

/** Whether a schedule comes at a minute of the wall clock, given as if it were UTC. */
export function isDue(schedule: CalendarSchedule, clock: Date): boolean {
    const { minutes, hours } = schedule;
    return minutes.includes(clock.getUTCMinutes()) && hours.includes(clock.getUTCHours()) && fitsDay(schedule, clock);
}

/** Seconds between two runs, where they are furthest apart: a run that is later than that has been overtaken. */
export function longestGap(schedule: Schedule): number {
    if ("everySeconds" in schedule) return schedule.everySeconds;
    const times = schedule.hours.flatMap((hour) => schedule.minutes.map((minute) => hour * 60 + minute));
    const dates = DAYS.flatMap((day, index) => (fitsDay(schedule, day) ? [index] : []));
    const between = (numbers: readonly number[]) =>
        numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
    const overnight = Math.max(...between(dates)) * MINUTES_A_DAY - (times.at(-1) ?? 0) + (times[0] ?? 0);
    return Math.max(overnight, ...between(times)) * 60;
}
