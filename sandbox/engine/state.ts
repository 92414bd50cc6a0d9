import { readFileSync } from "node:fs";

import { writeWhole } from "../writeWhole";
import type { JsonObject } from "./values";

/** An operation that was begun and not seen to end: written before it starts, so that a crash leaves a trace. */
export type Pending = "create" | "update" | "replace" | "delete";

/** What is known of one resource. Inputs and outputs are wire values: their secret markers are kept. */
export interface Entry {
    urn: string;
    type: string;
    name: string;
    /** False for components: nothing stands behind them. */
    custom: boolean;
    id: string;
    inputs: JsonObject;
    outputs: JsonObject;
    provider: string;
    /** URNs of what must outlive this: dependencies, parent and provider. */
    needs: string[];
    protect: boolean;
    retainOnDelete: boolean;
    deleteTimeoutMs?: number | undefined;
    pending?: Pending | undefined;
    /** Why the last operation did not end well: it is tried again although nothing changed. */
    failed?: string | undefined;
}

interface Content {
    version: 1;
    project: string;
    stack: string;
    resources: Entry[];
    /** Replaced resources that are still to be deleted. */
    superseded: Entry[];
    outputs: JsonObject;
}

/** The state of one stack: one JSON file, readable by its owner only, replaced as a whole at every change. */
export class State {
    private constructor(
        private readonly file: string,
        private readonly content: Content,
        private readonly resources: Map<string, Entry>,
    ) {}

    /** Reads the file; a file that is not there is an empty state. */
    static open(file: string, project: string, stack: string): State {
        const content = readContent(file) ?? { version: 1, project, stack, resources: [], superseded: [], outputs: {} };
        if (content.project !== project || content.stack !== stack)
            throw new Error(
                `${file} is the state of ${content.project}/${content.stack}, not of ${project}/${stack}: give each stack a state file of its own`,
            );
        return new State(file, content, new Map(content.resources.map((entry) => [entry.urn, entry])));
    }

    get(urn: string): Entry | undefined {
        return this.resources.get(urn);
    }

    all(): Entry[] {
        return [...this.resources.values()];
    }

    superseded(): readonly Entry[] {
        return this.content.superseded;
    }

    outputs(): JsonObject {
        return this.content.outputs;
    }

    put(entry: Entry): void {
        this.resources.set(entry.urn, entry);
        this.save();
    }

    /** Puts the new entry in the old one's place and remembers the old one for deletion. */
    supersede(old: Entry, entry: Entry): void {
        this.content.superseded.push(old);
        this.put(entry);
    }

    /** Puts a superseded entry back in its place, and the one that took it among those to be deleted. */
    exchange(entry: Entry, superseded: Entry): void {
        this.content.superseded.push(entry);
        this.restore(superseded);
    }

    /** Puts an entry back in its place as it was. */
    restore(entry: Entry): void {
        this.content.superseded = this.content.superseded.filter((one) => one !== entry);
        this.put(entry);
    }

    forget(urn: string): void {
        this.resources.delete(urn);
        this.save();
    }

    /** Forgets a resource, in its place or superseded. */
    drop(entry: Entry): void {
        this.content.superseded = this.content.superseded.filter((one) => one !== entry);
        if (this.resources.get(entry.urn) === entry) this.resources.delete(entry.urn);
        this.save();
    }

    /** Gives an entry its new name; nothing else changes. */
    rename(entry: Entry, urn: string): Entry {
        const renamed = { ...entry, urn };
        this.resources.delete(entry.urn);
        this.resources.set(urn, renamed);
        return renamed;
    }

    setOutputs(outputs: JsonObject): void {
        this.content.outputs = outputs;
        this.save();
    }

    private save(): void {
        writeWhole(this.file, JSON.stringify({ ...this.content, resources: this.all() }, undefined, 2));
    }
}

function readContent(file: string): Content | undefined {
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
    try {
        const content = JSON.parse(text) as Partial<Content>;
        if (content.version === 1 && Array.isArray(content.resources)) return content as Content;
    } catch {
        // Falls through: a file that is no JSON and JSON that is no state end alike.
    }
    throw new Error(
        `${file} is not a state file of version 1: restore it from a backup; deleting it orphans what it made`,
    );
}
