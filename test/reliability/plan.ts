/** What is run: everything, or the part that every change is held against. */

const isShort = process.env.RELIABILITY === "short";

/** The databases, each with a system of its own. */
export type DatabaseName = "mariadb" | "postgresql";

const DATABASES: readonly DatabaseName[] = ["mariadb", "postgresql"];

/** How much is tried. */
export interface Plan {
    readonly name: "short" | "full";
    readonly databases: readonly DatabaseName[];
    /** Orders of one run. */
    readonly orders: number;
    /** How often each pair of engines is started at once. */
    readonly repeats: number;
    /** At how many moments of a run each kind of loss happens. */
    readonly moments: number;
    /** For how many seconds the database is away. */
    readonly absences: readonly number[];
}

/** The plan that `RELIABILITY=short` asks for, or `RELIABILITY_DATABASE`, `_MOMENTS` and `_REPEATS` for less than all. */
export const plan: Plan = {
    name: isShort ? "short" : "full",
    databases: chosen(process.env.RELIABILITY_DATABASE),
    orders: 300,
    repeats: isShort ? 1 : Number(process.env.RELIABILITY_REPEATS ?? 5),
    moments: isShort ? 1 : Number(process.env.RELIABILITY_MOMENTS ?? 20),
    absences: isShort ? [20] : [60, 600],
};

function chosen(name: string | undefined): readonly DatabaseName[] {
    if (name === undefined) return isShort ? ["mariadb"] : DATABASES;
    const found = DATABASES.filter((database) => database === name);
    if (found.length === 0) throw new Error(`RELIABILITY_DATABASE is ${name}: takes ${DATABASES.join(" or ")}`);
    return found;
}

/**
 * When the moments of a kind of loss come, as shares of a run: spread evenly.
 *
 * @param kind - number of the kind, of `kinds`: where there is one moment for each, each has another one
 */
export function moments(kind: number, kinds: number): number[] {
    if (plan.moments === 1) return [(kind + 0.5) / kinds];
    return Array.from({ length: plan.moments }, (_, index) => (index + 0.5) / plan.moments);
}
