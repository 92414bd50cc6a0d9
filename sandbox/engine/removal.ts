import type { Drivers } from "./drivers";
import type { Entry, State } from "./state";

export interface Removal {
    state: State;
    drivers: Pick<Drivers, "of">;
    dryRun: boolean;
    signal: AbortSignal;
    print: (line: string) => void;
}

/** Deletes these resources, each after everything that needs it. The first failure is thrown at the end. */
export async function removeAll(entries: readonly Entry[], removal: Removal): Promise<void> {
    const locked = entries.filter((entry) => entry.protect);
    if (locked.length > 0)
        throw new Error(
            `protected, so nothing was deleted: ${locked.map(({ type, name }) => `${type} ${name}`).join(", ")}: take their option protect away first, with an up of its own`,
        );
    const removals = new Map<Entry, Promise<void>>();
    const begin = (entry: Entry): Promise<void> => {
        const known = removals.get(entry);
        if (known) return known;
        const dependents = entries.filter((other) => other !== entry && other.needs.includes(entry.urn));
        const started = Promise.all(dependents.map(begin)).then(() => removeOne(entry, removal));
        removals.set(entry, started);
        return started;
    };
    const results = await Promise.allSettled(entries.map(begin));
    const failure = results.find((result) => result.status === "rejected");
    if (failure) throw failure.reason;
}

async function removeOne(entry: Entry, { state, drivers, dryRun, signal, print }: Removal): Promise<void> {
    const { type, name, custom, retainOnDelete } = entry;
    const what = retainOnDelete ? "retained in the cluster, forgotten here" : "deleted";
    if (dryRun) {
        if (custom) print(`- ${type} ${name} (${retainOnDelete ? what : "delete"})`);
        return;
    }
    signal.throwIfAborted();
    const begun = Date.now();
    if (custom && !retainOnDelete) {
        const driver = await drivers.of(type, entry.provider);
        if (state.get(entry.urn) === entry) state.put(Object.assign(entry, { pending: "delete" }));
        await driver.remove(entry);
    }
    state.drop(entry);
    if (custom) print(`- ${type} ${name} ${what} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
}
