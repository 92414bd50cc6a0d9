import type { Change } from "./diff";
import type { Registration } from "./registration";
import type { Entry, Pending } from "./state";
import { type JsonObject, type Path, secretPaths } from "./values";

/** What is to be done about one resource. */
export type Step =
    | { action: "same"; old: Entry }
    | { action: "create"; old?: Entry | undefined; foreseen?: JsonObject }
    | { action: "update"; old: Entry; changes: Change[]; foreseen: JsonObject }
    | { action: "replace"; old: Entry; changes: Change[] };

/** Where a resource's outputs are secret: as its inputs are, and where its type says so. */
export function hiddenPaths({ inputs, additionalSecretOutputs }: Registration): Path[] {
    return [...secretPaths(inputs), ...additionalSecretOutputs.map((key) => [key])];
}

/** The state's entry for what the program asks for. */
export function toEntry(next: Registration, made: { id: string; outputs: JsonObject }, pending?: Pending): Entry {
    const { urn, type, name, custom, inputs, provider, needs, protect, retainOnDelete, timeoutsMs } = next;
    const { id, outputs } = made;
    return {
        ...{ urn, type, name, custom, id, inputs, outputs, provider, needs, protect, retainOnDelete },
        ...(timeoutsMs.delete !== undefined && { deleteTimeoutMs: timeoutsMs.delete }),
        ...(pending && { pending }),
    };
}
