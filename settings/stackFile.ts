/** The stack's file, beside what arrives of it. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Scalar } from "yaml";
import { Misread } from "./text";
import { valueAt } from "./valueAt";

type Yaml = typeof import("yaml");

interface Written {
    readonly path: readonly string[];
    readonly scalar: Scalar;
}

function scalarsOf(node: unknown, yaml: Yaml, path: readonly string[] = []): Written[] {
    const inner = (value: unknown, key: unknown) => scalarsOf(value, yaml, [...path, String(key)]);
    if (yaml.isMap(node)) return node.items.flatMap(({ key, value }) => inner(value, (key as Scalar).value));
    if (yaml.isSeq(node)) return node.items.flatMap(inner);
    return yaml.isScalar(node) ? [{ path, scalar: node }] : [];
}

/** Whether YAML may have read this text as that value: a number in another notation, a switch, a date. */
function mayBe(written: string, read: string): boolean {
    const digits = written.replaceAll("_", "");
    const isNumber = Number(digits) === Number(read) || parseInt(digits, 8) === Number(read);
    return isNumber || written.toLowerCase() === read || read.startsWith(`${written} `);
}

/** Whether a text has a scalar that YAML may change. Most have none, and YAML's parser, slow to load, is left alone. */
function mayChange(text: string): boolean {
    const scalars = text.match(/(?<=[:-]\s+|[,[{]\s*)([-+.]?\d[^\s,\]}]*|true|false)(?=[\s,\]}]|$)/gi) ?? [];
    const isKept = /^(0|[1-9]\d{0,14}|true|false|\d+(\.\d+)?(m|[kMGTPE]i?)|\d+(\.\d+){2,})$/;
    return scalars.some((scalar) => !isKept.test(scalar));
}

/** Compares a stack's file with what arrived. What was taken from elsewhere (`--config-file`) differs too, and is no misreading. */
export function misreadings(file: string, prefix: string, values: Readonly<Record<string, unknown>>): Misread[] {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (!mayChange(text)) return [];
    const yaml = createRequire(__filename)("yaml") as Yaml;
    const config = yaml.parseDocument(text, { logLevel: "silent" }).get("config");
    return scalarsOf(config, yaml).flatMap(({ path: [top = "", ...inner], scalar }) => {
        const path = [top.replace(prefix, ""), ...inner];
        const [written, read] = [scalar.source ?? "", String(valueAt(values, path))];
        const isChanged = scalar.type === "PLAIN" && read !== written && mayBe(written, read);
        return isChanged ? [{ path, written, read }] : [];
    });
}
