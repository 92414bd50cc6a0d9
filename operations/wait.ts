import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "./errors";

/** Whether it is so; text says why it is not, as far as that is known. */
export type Answer = boolean | string;

export interface WaitOptions {
    /** Seconds until it gives up. */
    timeout: number;
    /** Milliseconds between two looks; default 200. */
    interval?: number;
}

/** Looks until `probe` answers true. Fails with `what` and the last answer when the time is up. */
export async function waitUntil(
    what: string,
    probe: () => Answer | Promise<Answer>,
    { timeout, interval = 200 }: WaitOptions,
): Promise<void> {
    const deadline = Date.now() + timeout * 1000;
    for (let answer = await probe(); answer !== true; answer = await probe()) {
        if (Date.now() > deadline) {
            throw new OperatorError(`gave up after ${timeout} s waiting for ${what}${answer ? `: ${answer}` : ""}`);
        }
        await sleep(interval);
    }
}
