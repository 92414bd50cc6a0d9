/** The one place where raw configuration is read: what Pulumi hands over, which of it is secret, what its file says. */
import * as pulumi from "@pulumi/pulumi";
import { join } from "node:path";
import { misreadings } from "./stackFile";
import { Misread } from "./text";

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
