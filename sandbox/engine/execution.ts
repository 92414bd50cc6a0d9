import { ApiError } from "./client";
import type { Driver, Made } from "./driver";
import type { Registration } from "./registration";
import type { Entry, Pending, State } from "./state";
import { hiddenPaths, type Step, toEntry } from "./step";
import { type JsonObject, seal } from "./values";

const nothing: Made = { id: "", outputs: {} };

/** Does what a step says. The intent is in the state before anything happens, the result right after. */
export class Execution {
    constructor(
        private readonly state: State,
        private readonly signal: AbortSignal,
    ) {}

    async run(step: Step, next: Registration, driver: Driver): Promise<Entry> {
        switch (step.action) {
            case "same": {
                const { id, outputs } = step.old;
                const entry = toEntry(next, { id, outputs: seal(outputs, hiddenPaths(next)) });
                this.keep(step.old, entry);
                return entry;
            }
            case "create":
                this.state.put(toEntry(next, nothing, "create"));
                return this.carryOut(next, driver, "create", step.old, () => driver.create(next, Boolean(step.old)));
            case "update":
                this.state.put({ ...step.old, pending: "update" });
                return this.carryOut(next, driver, "update", step.old, () => driver.update(step.old, next));
            case "replace":
                return this.replace(step.old, next, driver);
        }
    }

    /** Writes an entry if it says anything new. */
    keep(old: Entry | undefined, entry: Entry): void {
        if (JSON.stringify(entry) !== JSON.stringify(old)) this.state.put(entry);
    }

    private async replace(old: Entry, next: Registration, driver: Driver): Promise<Entry> {
        const blank = toEntry(next, nothing, "create");
        const create = (): Promise<Made> => driver.create(next, false);
        if (!next.deleteBeforeReplace && !driver.collides(old, next)) {
            this.state.supersede(old, blank);
            return this.carryOut(next, driver, "create", old, create);
        }
        this.state.put({ ...old, pending: "replace" });
        if (!old.retainOnDelete) await driver.remove(old);
        this.state.put(blank);
        return this.carryOut(next, driver, "create", old.retainOnDelete ? old : undefined, create);
    }

    /** Makes the change and waits; whatever happens, the state says what is known afterwards. */
    private async carryOut(
        next: Registration,
        driver: Driver,
        pending: Pending & ("create" | "update"),
        before: Entry | undefined,
        change: () => Promise<Made>,
    ): Promise<Entry> {
        const made = await this.attempt(next, before, change);
        const entry = (outputs: JsonObject, open?: Pending): Entry =>
            toEntry(next, { id: made.id, outputs: seal(outputs, hiddenPaths(next)) }, open);
        this.state.put(entry(made.outputs, pending));
        try {
            const done = entry(await driver.settle(made, next, next.timeoutsMs[pending]));
            this.state.put(done);
            return done;
        } catch (error) {
            const failed = (error as Error).message;
            if (!this.signal.aborted) this.state.put({ ...entry(made.outputs), failed });
            throw error;
        }
    }

    private async attempt(next: Registration, before: Entry | undefined, change: () => Promise<Made>): Promise<Made> {
        try {
            return await change();
        } catch (error) {
            // The server has refused, or nothing was sent: nothing has changed. Anything else stays an open question.
            const refused = error instanceof ApiError || !(error as NodeJS.ErrnoException).code;
            if (refused && before) this.state.restore(before);
            else if (refused) this.state.forget(next.urn);
            throw error;
        }
    }
}
