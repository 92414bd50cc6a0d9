/** Text stays text, whatever YAML and JSON make of it on the way. */
import { JsonSchema, settingAt, typesOf } from "./schema";

/** A plain scalar of the stack's file that arrives as something else, such as 4.10 as 4.1. */
export interface Misread {
    readonly path: readonly string[];
    readonly written: string;
    readonly read: string;
}

/** `pulumi config set --path` stores 587 as a number, also where the setting is text. Of that number no digit is lost. */
export function digitsAsText(value: unknown, path: readonly PropertyKey[] = []): unknown {
    if (Array.isArray(value)) return value.map((item, index) => digitsAsText(item, [...path, index]));
    if (typeof value === "object" && value !== null) {
        return Object.fromEntries(
            Object.entries(value).map(([key, inner]) => [key, digitsAsText(inner, [...path, key])]),
        );
    }
    return Number.isSafeInteger(value) && isText(settingAt(path)) ? String(value) : value;
}

/** Whether a misread scalar matters: in text every character does, and `True` is as good as `true` for a switch. */
export function isMisreadText({ path, read }: Misread): boolean {
    const types = typesOf(settingAt(path.map((key) => (/^\d+$/.test(key) ? Number(key) : key))));
    return types.includes("string") && !(types.includes("boolean") && /^(true|false)$/.test(read));
}

function isText(setting: JsonSchema | undefined): boolean {
    return typesOf(setting).every((type) => type === "string" || type === "null");
}
