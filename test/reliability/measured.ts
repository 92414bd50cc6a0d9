/** What was measured, for docs/reliability.md: each part of the suite has a table there, and each row says when it was measured. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { plan } from "./plan";

const FILE = join(__dirname, "..", "..", "docs", "reliability.md");

type Row = readonly string[];

/** A table of the document. */
export class Measured {
    /** `part`: the name of the table's markers; `columns`: the first one is what its rows are known by. */
    constructor(
        private readonly part: string,
        private readonly columns: readonly string[],
    ) {}

    /** Adds a row, in place of what an earlier run measured of it; with a short plan, which proves less, it is only shown. */
    async add(...cells: readonly (string | number)[]): Promise<void> {
        const row = [...cells.map(String), new Date().toISOString().slice(0, 10)];
        console.log(`        measured: ${row.join(" | ")}`);
        if (plan.name === "short") return;
        const text = readFileSync(FILE, "utf8");
        const [begin, end] = [`<!-- measured: ${this.part} -->`, `<!-- end: ${this.part} -->`];
        const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
        if (to < from) throw new Error(`docs/reliability.md has no markers ${begin} and ${end}`);
        const rows = new Map(rowsOf(text.slice(from, to)).map((each) => [each[0], each]));
        rows.set(row[0], row);
        const columns = [...this.columns, "On"];
        const table = [columns, columns.map(() => "---"), ...rows.values()].map((each) => `| ${each.join(" | ")} |`);
        const changed = `${text.slice(0, from)}\n\n${table.join("\n")}\n\n${text.slice(to)}`;
        writeFileSync(FILE, await format(changed, { ...(await resolveConfig(FILE)), filepath: FILE }));
    }
}

/** The rows of a table, without its head. */
function rowsOf(table: string): Row[] {
    const lines = table.split("\n").filter((line) => line.startsWith("|"));
    return lines.slice(2).map((line) =>
        line
            .split("|")
            .slice(1, -1)
            .map((cell) => cell.trim()),
    );
}
