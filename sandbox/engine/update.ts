import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

import { type Change, diff } from "./diff";
import type { Driver } from "./driver";
import { checkType, Drivers, isProvider } from "./drivers";
import { Execution } from "./execution";
import { covers, expand, parsePath } from "./paths";
import { preview } from "./preview";
import { readRegistration, type Registration, stackType } from "./registration";
import { removeAll } from "./removal";
import type { Host, Registered } from "./server";
import type { Entry, State } from "./state";
import { type Step, toEntry } from "./step";
import { getAt, type JsonObject, revealObject, secretTexts, setAt } from "./values";

/** How many resources of each fate; components are not counted. */
export interface Summary {
    created: number;
    updated: number;
    replaced: number;
    deleted: number;
    same: number;
}

export interface Context {
    project: string;
    stack: string;
    state: State;
    kubeconfig: string;
    dryRun: boolean;
    signal: AbortSignal;
    print: (line: string) => void;
}

const verbs = { create: "created", update: "updated", replace: "replaced", same: "same" } as const;
const signs = { create: "+", update: "~", replace: "+-", same: "" };

/** One run of the program: every registration becomes a step, and what was not registered goes at the end. */
export class Update implements Host {
    readonly summary: Summary = { created: 0, updated: 0, replaced: 0, deleted: 0, same: 0 };
    readonly failures: string[] = [];
    private readonly seen = new Set<string>();
    private readonly running = new Set<Promise<unknown>>();
    private readonly providers = new Map<string, JsonObject>();
    private readonly secrets = new Set<string>();
    private readonly drivers: Drivers;
    private readonly execution: Execution;
    private outputs: JsonObject | undefined;

    constructor(private readonly context: Context) {
        const { kubeconfig, signal, state } = context;
        this.execution = new Execution(state, signal);
        this.drivers = new Drivers({
            kubeconfig,
            signal,
            print: this.print,
            providerInputs: (urn) => this.providers.get(urn) ?? state.get(urn)?.inputs,
        });
        for (const entry of state.all()) this.learn(entry.inputs, entry.outputs);
    }

    private readonly print = (line: string): void => {
        this.context.print(this.redact(line));
    };

    /** The text with every known secret taken out: the server may quote what it refuses. */
    private redact(text: string): string {
        return [...this.secrets].reduce((rest, hidden) => rest.replaceAll(hidden, "[secret]"), text);
    }

    private learn(...wires: JsonObject[]): void {
        for (const text of wires.flatMap(secretTexts)) this.secrets.add(text);
    }

    log(severity: "info" | "warning" | "error", message: string): void {
        const text = this.redact(message);
        if (severity === "error") this.failures.push(text);
        this.print(`${severity}: ${text}`);
    }

    private interrupted(): boolean {
        return this.context.signal.aborted;
    }

    async register(request: RegisterResourceRequest): Promise<Registered> {
        if (this.failures.length > 0 || this.interrupted()) throw new Error("the deployment has stopped");
        const work = this.realise(request);
        this.running.add(work);
        try {
            return await work;
        } catch (error) {
            // After Ctrl-C every wait ends like this; it is reported once, by the command.
            if (!this.interrupted())
                this.log("error", `${request.getType()} ${request.getName()}: ${(error as Error).message}`);
            throw error;
        } finally {
            this.running.delete(work);
        }
    }

    registerOutputs(urn: string, outputs: JsonObject): void {
        if (urn.split("::")[2] === stackType) this.outputs = outputs;
    }

    /** Resolves when no step is under way. Steps that run when another fails come to their own end. */
    async settled(): Promise<void> {
        while (this.running.size > 0) await Promise.allSettled(this.running);
    }

    /** After the program has succeeded: deletes what was replaced and what the program no longer registers. */
    async finish(): Promise<void> {
        const { state, dryRun, signal } = this.context;
        if (this.outputs && !dryRun) state.setOutputs(this.outputs);
        const gone = state.all().filter(({ urn }) => !this.seen.has(urn));
        const removal = { state, drivers: this.drivers, dryRun, signal, print: this.print };
        await removeAll([...state.superseded(), ...gone], removal);
        this.summary.deleted = gone.filter(({ custom }) => custom).length;
    }

    stackOutputs(): JsonObject {
        return this.outputs ?? {};
    }

    private async realise(request: RegisterResourceRequest): Promise<Registered> {
        const { project, stack, dryRun } = this.context;
        const registration = readRegistration(request, project, stack);
        const { urn, name, type } = registration;
        if (this.seen.has(urn)) throw new Error(`another resource has the same type, name and parent: rename one`);
        this.seen.add(urn);
        const known = this.find(registration);
        if (!registration.custom) {
            if (!dryRun) this.execution.keep(known, toEntry(registration, { id: "", outputs: {} }));
            return { urn, id: "", outputs: {} };
        }
        checkType(type, name, registration.inputs);
        this.learn(registration.inputs);
        if (isProvider(type)) this.providers.set(urn, registration.inputs);
        const driver = await this.drivers.of(type, registration.provider);
        const old = this.takeBack(known, registration, driver);
        const next = keepOld(old, registration);
        const step = await this.decide(old, next, driver);
        const begun = Date.now();
        const result = dryRun ? preview(step, next, this.print) : await this.execution.run(step, next, driver);
        this.learn(result.outputs);
        const verb = verbs[step.action];
        this.summary[verb]++;
        const seconds = ((Date.now() - begun) / 1000).toFixed(1);
        if (!dryRun && verb !== "same") this.print(`${signs[step.action]} ${type} ${name} ${verb} (${seconds} s)`);
        return result;
    }

    /** The resource's entry, under its own name or one that it had. */
    private find({ urn, aliases }: Registration): Entry | undefined {
        const { state } = this.context;
        const own = state.get(urn);
        const former = aliases.map((alias) => state.get(alias)).find(Boolean);
        return own ?? (former && state.rename(former, urn));
    }

    /** A replacement whose update failed has left both objects: the former one is taken back where the program wants it again. */
    private takeBack(known: Entry | undefined, next: Registration, driver: Driver): Entry | undefined {
        const { state, dryRun } = this.context;
        const former = state.superseded().find((entry) => entry.urn === next.urn && driver.collides(entry, next));
        if (!known || !former || driver.collides(known, next)) return known;
        if (!dryRun) state.exchange(known, former);
        return former;
    }

    private async decide(old: Entry | undefined, next: Registration, driver: Driver): Promise<Step> {
        if (!old) return { action: "create", ...(this.context.dryRun && { foreseen: await driver.foresee(next) }) };
        if (old.pending === "create" && driver.collides(old, next)) return { action: "create", old };
        const changes = diff(revealObject(old.inputs), revealObject(next.inputs));
        if (changes.length === 0 && !old.pending && !old.failed) return { action: "same", old };
        const patterns = next.replaceOnChanges.map(parsePath);
        const asked =
            changes.some(({ path }) => patterns.some((pattern) => covers(pattern, path))) ||
            (old.failed !== undefined && next.replaceOnChanges.includes("*"));
        const begun = old.pending === "replace" || old.pending === "delete";
        if (asked || begun || driver.needsReplacement(old, next, changes)) return replacement(old, changes);
        const comparison = await driver.compare(old, next);
        if (comparison.can === "replace") return replacement(old, changes);
        if (comparison.can === "update")
            return { action: "update", old, changes: comparison.changes, foreseen: comparison.outputs };
        if (old.pending ?? old.failed) return { action: "create", old };
        throw new Error(comparison.reason);
    }
}

function replacement(old: Entry, changes: Change[]): Step {
    if (old.protect)
        throw new Error(
            "it is protected, and this change would replace it: take its option protect away first, with an up of its own",
        );
    return { action: "replace", old, changes };
}

/** ignoreChanges: at these paths the old input stays, whatever the program says. */
function keepOld(old: Entry | undefined, next: Registration): Registration {
    if (!old || next.ignoreChanges.length === 0) return next;
    const paths = next.ignoreChanges
        .map(parsePath)
        .flatMap((pattern) => [...expand(pattern, old.inputs), ...expand(pattern, next.inputs)]);
    const inputs = paths.reduce((kept, path) => setAt(kept, path, getAt(old.inputs, path)), next.inputs);
    return { ...next, inputs };
}
