import type { DeployedObject } from "./deployedObject";

/** One thing that every object keeps to. */
export interface Rule {
    /** Id, unique in the pack. */
    readonly name: string;
    /** What is asked for, in one sentence. */
    readonly description: string;
    /** What is wrong with an object and what to do about it, one sentence each; empty where nothing is. */
    readonly faults: (object: DeployedObject) => string[];
}
