import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "./errors";

/** Whether it is so; text says why it is not, as far as that is known. */
export type Answer = boolean | string;

export interface WaitOptions {
    /** Seconds until it gives up. */
    timeout: number;
    /** Milliseconds between two looks; default 200. A look that took long is followed by a rest as much longer. */
    interval?: number;
}

/** How many times as long as a look the rest after it is: a look is a process as a rule, and who waits leaves the machine to others. */
const REST = 3;

/** Milliseconds that such a rest is at most. */
const LONGEST = 2000;

/** Looks until `probe` answers true. Fails with `what` and the last answer when the time is up. */
export async function waitUntil(
    what: string,
    probe: () => Answer | Promise<Answer>,
    { timeout, interval = 200 }: WaitOptions,
): Promise<void> {
    const deadline = Date.now() + timeout * 1000;
    for (;;) {
        const begin = Date.now();
        const answer = await probe();
        if (answer === true) return;
        if (Date.now() > deadline) {
            throw new OperatorError(`gave up after ${timeout} s waiting for ${what}${answer ? `: ${answer}` : ""}`);
        }
        await sleep(Math.max(interval, Math.min(REST * (Date.now() - begin), LONGEST)));
    }
}
