import { covers, formatPath } from "./paths";
import { isObject, isUnknown, type Json, type Path } from "./values";

/** One field that differs. `before` is absent when it was added, `after` when it goes. */
export interface Change {
    path: Path;
    before?: Json | undefined;
    after?: Json | undefined;
}

/** Every leaf that differs, in the order of the paths; an empty list or object is a leaf. */
export function diff(before: Json, after: Json): Change[] {
    const was = leaves(before);
    const is = leaves(after);
    const paths = new Map([...was, ...is].map(([key, [path]]) => [key, path]));
    return [...paths]
        .map(([key, path]) => ({ path, before: was.get(key)?.[1], after: is.get(key)?.[1] }))
        .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

function leaves(value: Json, path: Path = []): Map<string, [Path, Json]> {
    const children: [string | number, Json][] = Array.isArray(value)
        ? [...value.entries()]
        : isObject(value)
          ? Object.entries(value)
          : [];
    if (children.length === 0) return new Map(path.length > 0 ? [[formatPath(path), [path, value]]] : []);
    return new Map(children.flatMap(([key, child]) => [...leaves(child, [...path, key])]));
}

/** The changes as lines, `+ ~ -` and field by field; what a secret path covers is masked. */
export function formatChanges(changes: readonly Change[], secrets: readonly Path[]): string[] {
    return changes.flatMap(({ path, before, after }) => {
        const name = formatPath(path);
        const hidden = secrets.some((pattern) => covers(pattern, path));
        const show = (value: Json): string => (hidden ? "[secret]" : formatValue(value));
        if (before === undefined) return [`+ ${name}: ${show(after ?? null)}`];
        if (after === undefined) return [`- ${name}: ${show(before)}`];
        if (!hidden && isText(before) && isText(after)) return [`~ ${name}:`, ...formatLines(before, after)];
        return [`~ ${name}: ${show(before)} => ${show(after)}`];
    });
}

function formatValue(value: Json): string {
    if (isUnknown(value)) return "[known after up]";
    if (isText(value)) return `${value.split("\n").length} lines`;
    return JSON.stringify(value);
}

function isText(value: Json): value is string {
    return typeof value === "string" && value.includes("\n");
}

/** The lines between the common head and the common tail of two texts. */
function formatLines(before: string, after: string): string[] {
    const was = before.split("\n");
    const is = after.split("\n");
    const shorter = Math.min(was.length, is.length);
    let head = 0;
    while (head < shorter && was[head] === is[head]) head++;
    let tail = 0;
    while (tail < shorter - head && was[was.length - 1 - tail] === is[is.length - 1 - tail]) tail++;
    const removed = was.slice(head, was.length - tail).map((line) => `    - ${line}`);
    const added = is.slice(head, is.length - tail).map((line) => `    + ${line}`);
    return [`    @@ line ${head + 1} @@`, ...removed, ...added];
}
