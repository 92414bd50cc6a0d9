/** How a wrong setting is reported: its key, its value and what it takes. */
import { closest } from "fastest-levenshtein";
import type { z } from "zod";
import { type JsonSchema, settingAt, takesSecrets } from "./schema";
import { looksSecret } from "./secretNames";
import type { Misread } from "./text";
import { valueAt } from "./valueAt";

/** Where what is reported comes from. */
export interface Origin {
    /** Prefix of the keys. */
    readonly project: string;
    /** The configuration as it was given. */
    readonly raw: Readonly<Record<string, unknown>>;
    /** Top-level keys that hold a secret. */
    readonly secretKeys: readonly string[];
}

/** Settings of former versions, and what to write instead. */
const MOVED: Readonly<Record<string, string>> = {
    "networkPolicy.ingressNamespace": "write networkPolicy.callers: [{ namespace: … }]",
    "networkPolicy.databaseCidrs": "write networkPolicy.database: [{ cidr: …, ports: [3306] }]",
    "networkPolicy.databasePort": "write networkPolicy.database: [{ cidr: …, ports: [3306] }]",
    "image.digest": 'write it behind the tag that it belongs to, imageTag: "4.0@sha256:…"',
};

type Path = readonly PropertyKey[];

/** Whether a value is never shown: it came as a secret, belongs where secrets do, or looks like one. */
function isHidden(path: Path, value: unknown, { secretKeys }: Origin): boolean {
    const group = String(path[0]);
    if (takesSecrets(group) || secretKeys.includes(group)) return true;
    // The schema's own names, such as databaseSecret, say nothing of the value.
    const last = String(path.at(-1));
    const isOwnName = settingAt(path.slice(0, -1))?.properties?.[last] !== undefined;
    return looksSecret(isOwnName ? "" : last, value);
}

/** A value as a message shows it: short, and never a secret. */
function shown(path: Path, origin: Origin): string {
    const value = valueAt(origin.raw, path);
    if (value === undefined) return "is missing";
    if (isHidden(path, value, origin)) return "is [secret]";
    const text = JSON.stringify(value, (key, inner: unknown) => (looksSecret(key, inner) ? "[secret]" : inner));
    return `is ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}

/** A setting as messages name it. */
export function keyOf(path: Path, { project }: Origin): string {
    return `${project}:${path.map(String).join(".")}`;
}

/** One line: key, value, what it takes. */
export function line(path: Path, message: string, origin: Origin): string {
    return `${keyOf(path, origin)} ${shown(path, origin)}; ${message}`;
}

/** The line of a scalar that YAML made something else of. */
export function misreadLine({ path, written, read }: Misread, origin: Origin): string {
    const difference = isHidden(path, written, origin)
        ? "is [secret], and read as something else than is written"
        : `is written ${written} and read as ${read}`;
    return `${keyOf(path, origin)} ${difference}; takes text: quote it`;
}

/** The names that a group takes: those of its settings, or of a list. */
function namesIn(group: JsonSchema | undefined): string[] {
    const listed = (group?.propertyNames as JsonSchema | undefined)?.enum;
    return (listed as string[] | undefined) ?? Object.keys(group?.properties ?? {});
}

function unknownKey(path: Path, origin: Origin): string {
    const moved = MOVED[path.map(String).join(".")];
    const near = closest(String(path.at(-1)), namesIn(settingAt(path.slice(0, -1))));
    const hint = moved ?? `the nearest is ${near}`;
    return `${keyOf(path, origin)} ${shown(path, origin)}, and is no setting; ${hint}`;
}

/** What the schema found, one line each. */
export function describe(issue: z.core.$ZodIssue, origin: Origin): string[] {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], origin));
    if (issue.code === "invalid_key") {
        const takes = issue.issues[0]?.message ?? "";
        return [`${keyOf(issue.path, origin)} is no legal name; ${takes}`];
    }
    const isListed = issue.code === "invalid_value" && !issue.message.startsWith("takes");
    const takes = isListed ? `takes ${issue.values.map(String).join(" | ")}` : issue.message;
    const isUnquoted =
        issue.code === "invalid_type" &&
        issue.expected === "string" &&
        /number|boolean/.test(typeof valueAt(origin.raw, issue.path));
    const message =
        takes.replace(/^Invalid input: expected/, "takes") +
        (isUnquoted ? ": quote it, or set it with --type string" : "");
    return [line(issue.path, message, origin)];
}
