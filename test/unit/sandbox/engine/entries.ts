import type { Entry } from "../../../../sandbox/engine/state";

/** A state entry with nothing special about it. */
export function entry(urn: string, more: Partial<Entry> = {}): Entry {
    const base = { type: "t", name: urn, custom: true, id: "", inputs: {}, outputs: {}, provider: "", needs: [] };
    return { ...base, urn, protect: false, retainOnDelete: false, ...more };
}
