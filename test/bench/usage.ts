/** What one run of a program took. */
export interface Usage {
    /** Seconds of CPU, user and system. */
    readonly cpu: number;
    /** Peak memory in MiB. */
    readonly memory: number;
    /** Types of what was registered. */
    readonly types: readonly string[];
}

/** The middle value: one slow run does not move it. */
export function median(values: readonly number[]): number {
    return [...values].sort((one, other) => one - other)[values.length >> 1] ?? NaN;
}
