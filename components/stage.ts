/** What is asked for is a candidate, which db-init alone reads, until db-init has completed with it; then it goes live. */
export type Stage = "candidate" | "live";

/** The name in a stage of an object of which there is one in each. */
export function nameIn(stage: Stage, name: string): string {
    return stage === "live" ? name : `${name}-candidate`;
}
