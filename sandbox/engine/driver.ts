import type { Change } from "./diff";
import type { Registration } from "./registration";
import type { Entry } from "./state";
import type { JsonObject } from "./values";

/** What stands behind a resource, now or (in a preview) as far as it can be told. Plain values. */
export interface Made {
    id: string;
    outputs: JsonObject;
}

/** What an update in place would do. */
export type Comparison =
    { can: "update"; changes: Change[]; outputs: JsonObject } | { can: "replace" } | { can: "nothing"; reason: string };

/** Realises resources of one family. `inputs` of a registration are wire values. */
export interface Driver {
    /** Whether these input changes need a new resource whatever the server says. */
    needsReplacement(old: Entry, next: Registration, changes: readonly Change[]): boolean;
    /** Whether old and new cannot be there at once. */
    collides(old: Entry, next: Registration): boolean;
    /** What `create` would make. Changes nothing. */
    foresee(next: Registration): Promise<JsonObject>;
    /** Asks what an update would change. Changes nothing. */
    compare(old: Entry, next: Registration): Promise<Comparison>;
    /** `adopt`: a run that was interrupted may have made it already. */
    create(next: Registration, adopt: boolean): Promise<Made>;
    update(old: Entry, next: Registration): Promise<Made>;
    /** Resolves with the outputs once the resource is of use. */
    settle(made: Made, next: Registration, timeoutMs: number | undefined): Promise<JsonObject>;
    exists(entry: Entry): Promise<boolean>;
    /** Resolves when it is gone; what is not there is gone. */
    remove(entry: Entry): Promise<void>;
}
