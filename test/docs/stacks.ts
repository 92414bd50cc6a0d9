/** What the stacks differ in, from their files: the table of docs/configuration.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { stacksOf } from "../../operations/stackSettings";
import { settingAt } from "../../settings/schema";
import { checkout } from "../../sandbox/paths";

const PREFIX = "bots-edi:";

/** The stacks of the documentation, in the order in which a change passes through them; those after them by name. */
const ORDER = ["dev", "staging", "prod"];

/** The stacks that have a file here. */
export function stackNames(): string[] {
    const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
    return stacksOf(checkout).sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** What a stack's file says, by the path of the setting. */
function saidBy(stack: string): Map<string, unknown> {
    const text = readFileSync(join(checkout, `Pulumi.${stack}.yaml`), "utf8");
    const { config } = parse(text) as { config: Record<string, unknown> };
    const ours = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
    return new Map(ours.flatMap(([key, value]) => leaves(key.slice(PREFIX.length), value)));
}

function leaves(path: string, value: unknown): [string, unknown][] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
    const inner = Object.entries(value).flatMap(([key, each]) => leaves(`${path}.${key}`, each));
    return inner.length > 0 ? inner : [[path, "on"]];
}

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** A value as it is written; a default stands in brackets, and none where the stack is without the whole group. */
function shown(path: string, said: ReadonlyMap<string, unknown>): string {
    const value = said.get(path);
    if (value !== undefined) return `\`${text(value)}\``;
    const [group = "", ...within] = path.split(".");
    const hasGroup =
        settingAt([group])?.default !== undefined || [...said.keys()].some((key) => key.startsWith(`${group}.`));
    const fallback = settingAt([group, ...within])?.default;
    return fallback === undefined || !hasGroup ? "none" : `(\`${text(fallback)}\`)`;
}

/** A row for each setting that not all stacks have the same value of. */
export function differences(): string[] {
    const stacks = stackNames().map(saidBy);
    const paths = [...new Set(stacks.flatMap((said) => [...said.keys()]))];
    return paths
        .map((path) => ({ path, cells: stacks.map((said) => shown(path, said)) }))
        .filter(({ cells }) => new Set(cells.map((cell) => cell.replace(/[()]/g, ""))).size > 1)
        .map(({ path, cells }) => `| \`${path}\` | ${cells.join(" | ")} |`);
}
