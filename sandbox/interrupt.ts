/** How a command ends at Ctrl-C. */

/** Exit code after Ctrl-C, as shells give it. */
export const INTERRUPTED = 130;

/** The work was ended by Ctrl-C or SIGTERM. */
export class Interrupted extends Error {
    constructor(cause: unknown) {
        super("interrupted; what is done is kept, and the next run goes on from there", { cause });
    }
}

/**
 * Lets `work` come to a good end at the first Ctrl-C or SIGTERM, whose name is the signal's reason; the second ends the
 * process. Outside of `work` the first does: every other step can be killed at any moment and done again.
 *
 * @throws Interrupted where it was asked to end.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const stop = (name: string) => {
        if (signal.aborted) process.exit(INTERRUPTED);
        process.stderr.write("sandbox: stopping at the next safe place; once more stops at once\n");
        controller.abort(name);
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const name of signals) process.on(name, stop);
    try {
        const result = await work(signal);
        if (signal.aborted) throw new Error("it had ended already");
        return result;
    } catch (error) {
        throw signal.aborted ? new Interrupted(error) : error;
    } finally {
        for (const name of signals) process.off(name, stop);
    }
}
