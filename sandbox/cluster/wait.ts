import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "../errors";

export interface WaitOptions {
    /** Seconds until it gives up. */
    timeout: number;
    /** Milliseconds between two looks; default 200. */
    interval?: number;
    /** What to tell the user when the time is up: the cause as far as it is known. */
    explain?: () => string;
}

/** Looks until `probe` answers true. Fails with `what` and the explanation when the time is up. */
export async function waitUntil(
    what: string,
    probe: () => boolean | Promise<boolean>,
    { timeout, interval = 200, explain }: WaitOptions,
): Promise<void> {
    const deadline = Date.now() + timeout * 1000;
    while (!(await probe())) {
        if (Date.now() > deadline) {
            const cause = explain?.();
            throw new SandboxError(`gave up after ${timeout} s waiting for ${what}${cause ? `: ${cause}` : ""}`);
        }
        await sleep(interval);
    }
}
