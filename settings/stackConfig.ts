/** The one place where raw configuration is read: what Pulumi hands over, which of it is secret, what its file says. */
import * as pulumi from "@pulumi/pulumi";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, isScalar, isSeq, Node, parseDocument, Scalar } from "yaml";
import { Misread } from "./text";
import { valueAt } from "./valueAt";

/** A stack's configuration as it arrives. */
export interface StackConfig {
    /** The project's name: the prefix of the keys. */
    readonly project: string;
    /** The stack's name. */
    readonly stack: string;
    /** The values by top-level key, without the prefix. */
    readonly values: Readonly<Record<string, unknown>>;
    /** The top-level keys that hold a secret, alone or somewhere in a group. */
    readonly secretKeys: readonly string[];
    /** What YAML made something else of. Empty where the stack has no file, as under the Automation API. */
    readonly misread: readonly Misread[];
}

/** Internal to the SDK, and all that knows the secret keys of a program that the Automation API runs in its own process. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };

/** A top-level value as Pulumi hands it over: structured ones are JSON. */
function decoded(value: string): unknown {
    if (!/^\s*[{[]/.test(value)) return value;
    try {
        return JSON.parse(value);
    } catch {
        // Text, then: where it should have been a group, the schema says so, beside all other errors.
        return value;
    }
}

interface Written {
    readonly path: readonly string[];
    readonly scalar: Scalar;
}

function scalarsOf(node: unknown, path: readonly string[] = []): Written[] {
    if (isMap(node)) {
        return node.items.flatMap(({ key, value }) => scalarsOf(value, [...path, String((key as Scalar).value)]));
    }
    if (isSeq(node)) return node.items.flatMap((item, index) => scalarsOf(item, [...path, String(index)]));
    return isScalar(node) ? [{ path, scalar: node }] : [];
}

/** Whether YAML may have read this text as that value: a number in another notation, a switch, a date. */
function mayBe(written: string, read: string): boolean {
    const digits = written.replaceAll("_", "");
    const isNumber = Number(digits) === Number(read) || parseInt(digits, 8) === Number(read);
    return isNumber || written.toLowerCase() === read || read.startsWith(`${written} `);
}

/** Compares a stack's file with what arrived. What was taken from elsewhere (`--config-file`) differs too, and is no misreading. */
export function misreadings(file: string, prefix: string, values: Readonly<Record<string, unknown>>): Misread[] {
    if (!existsSync(file)) return [];
    const document = parseDocument(readFileSync(file, "utf8"), { logLevel: "silent" });
    const config = document.get("config") as Node | undefined;
    return scalarsOf(config).flatMap(({ path: [top = "", ...inner], scalar }) => {
        const path = [top.replace(prefix, ""), ...inner];
        const [written, read] = [scalar.source ?? "", String(valueAt(values, path))];
        const isChanged = scalar.type === "PLAIN" && read !== written && mayBe(written, read);
        return isChanged ? [{ path, written, read }] : [];
    });
}

/** The configuration of the stack that runs. */
export function readStackConfig(): StackConfig {
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    const prefix = `${project}:`;
    const ours = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
    const values = Object.fromEntries(ours.map(([key, value]) => [key.slice(prefix.length), decoded(value)]));
    return {
        project,
        stack,
        values,
        secretKeys: Object.keys(values).filter((key) => isConfigSecret(prefix + key)),
        misread: misreadings(join(pulumi.runtime.getRootDirectory(), `Pulumi.${stack}.yaml`), prefix, values),
    };
}
