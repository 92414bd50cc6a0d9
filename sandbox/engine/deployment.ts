import { setMaxListeners } from "node:events";

import { withLock } from "../lock";
import { Drivers } from "./drivers";
import { runProgram } from "./program";
import { readProject } from "./project";
import { removeAll } from "./removal";
import { serve } from "./server";
import { type Entry, State } from "./state";
import { type Summary, Update } from "./update";
import { type Json, type JsonObject, reveal } from "./values";

export type { Summary } from "./update";

export interface DeploymentOptions {
    /** The folder with Pulumi.yaml and Pulumi.<stack>.yaml. */
    projectDir: string;
    stack: string;
    /** The file that providers without a kubeconfig of their own use. */
    kubeconfig: string;
    /** Where the stack's state is kept; made when missing, mode 0600. Its lock lies beside it. */
    stateFile: string;
    /** Wins over the stack's file: `key` or `project:key`. */
    config?: Record<string, Json>;
    /** Gets every line of progress. */
    log: (line: string) => void;
    /** Stops a run: waits end, the state is kept, the next `up` goes on from there. */
    signal?: AbortSignal;
}

export interface Result {
    summary: Summary;
    /** What the program exported, secrets in plain. */
    outputs: JsonObject;
}

/** A run that failed: `log` got each reason when it happened, the message has them all. */
export class RunFailed extends Error {
    constructor(
        readonly run: "preview" | "up",
        reasons: readonly string[],
    ) {
        super(`${run} failed: ${reasons.join("\n")}`);
    }
}

/** One stack of a Pulumi program on one cluster. Every method throws what went wrong; progress goes to `log`. */
export class Deployment {
    private readonly signal: AbortSignal;

    constructor(private readonly options: DeploymentOptions) {
        this.signal = options.signal ?? new AbortController().signal;
        // Each wait listens to it, and any number of resources may be waited for at once.
        setMaxListeners(0, this.signal);
    }

    /** Prints what `up` would do, asking the server in dry runs. Changes nothing, takes no lock. */
    async preview(): Promise<Result> {
        return this.run(true);
    }

    /** Makes the cluster what the program says. `refresh` first forgets what is no longer in the cluster. */
    async up({ refresh = false }: { refresh?: boolean } = {}): Promise<Result> {
        return this.alone(async () => {
            if (refresh) await this.refresh();
            return this.run(false);
        });
    }

    /**
     * Deletes everything, each resource after those that need it. Protected resources are refused before anything is
     * deleted; `excludeProtected` leaves them and what they need in place instead.
     */
    async destroy({ excludeProtected = false }: { excludeProtected?: boolean } = {}): Promise<Result> {
        return this.alone(async () => {
            const state = this.openState();
            const kept = excludeProtected ? protectedAndNeeded(state.all()) : new Set<Entry>();
            const doomed = [...state.superseded(), ...state.all()].filter((entry) => !kept.has(entry));
            const drivers = this.drivers(state);
            const { log: print } = this.options;
            await removeAll(doomed, { state, drivers, dryRun: false, signal: this.signal, print });
            const deleted = doomed.filter(({ custom }) => custom).length;
            state.setOutputs({});
            return { summary: { created: 0, updated: 0, replaced: 0, deleted, same: 0 }, outputs: {} };
        });
    }

    private async run(dryRun: boolean): Promise<Result> {
        const { projectDir, stack, kubeconfig, config, log } = this.options;
        const project = readProject(projectDir, stack, config);
        const { signal } = this;
        const state = this.openState();
        const update = new Update({ project: project.name, stack, state, kubeconfig, dryRun, signal, print: log });
        const server = await serve(update);
        try {
            const print = (line: string): void => {
                log(`  program: ${line}`);
            };
            const { address } = server;
            const code = await runProgram({ project, stack, address, kubeconfig, dryRun, signal, print });
            await update.settled();
            signal.throwIfAborted();
            if (code !== 0 && update.failures.length === 0)
                update.log("error", `the program ended with exit code ${code}`);
            if (update.failures.length > 0) throw new RunFailed(dryRun ? "preview" : "up", update.failures);
        } finally {
            server.close();
        }
        await update.finish();
        return { summary: update.summary, outputs: reveal(update.stackOutputs()) as JsonObject };
    }

    private async refresh(): Promise<void> {
        const state = this.openState();
        const drivers = this.drivers(state);
        for (const entry of state.all().filter(({ custom }) => custom)) {
            const driver = await drivers.of(entry.type, entry.provider);
            if (await driver.exists(entry)) continue;
            this.options.log(`  ${entry.type} ${entry.name} is no longer in the cluster: forgotten`);
            state.drop(entry);
        }
    }

    private drivers(state: State): Drivers {
        const { kubeconfig, log: print } = this.options;
        const providerInputs = (urn: string): JsonObject | undefined => state.get(urn)?.inputs;
        return new Drivers({ kubeconfig, signal: this.signal, print, providerInputs });
    }

    private openState(): State {
        const { projectDir, stack, stateFile } = this.options;
        return State.open(stateFile, readProject(projectDir, stack).name, stack);
    }

    /** One run at a time may change a stack. The second is the time that a killed run's lock takes to be freed. */
    private alone<T>(work: () => Promise<T>): Promise<T> {
        return withLock(`${this.options.stateFile}.lock`, work, { timeout: 1 });
    }
}

function protectedAndNeeded(entries: Entry[]): Set<Entry> {
    const kept = new Set<Entry>();
    const keep = (entry: Entry): void => {
        if (kept.has(entry)) return;
        kept.add(entry);
        for (const other of entries) if (entry.needs.includes(other.urn)) keep(other);
    };
    entries.filter((entry) => entry.protect).forEach(keep);
    return kept;
}
