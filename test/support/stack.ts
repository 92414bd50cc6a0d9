/** Runs this repository's own program with a stack's own configuration. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";
import { record, RecordOptions, Registration } from "./recorder";

const ROOT = join(__dirname, "..", "..");

/** The stacks that come with the program. */
export const STACKS = ["dev", "staging", "prod", "sandbox"] as const;

/** A stack's configuration as Pulumi hands it to the program: structured values are JSON. */
export function stackConfig(stack: string): Record<string, string> {
    const { config } = parse(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as {
        config: Record<string, unknown>;
    };
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
}

/** Runs index.ts, whatever has run before. */
export async function recordStack(
    stack: string,
    changes: Record<string, string> = {},
    options: RecordOptions = {},
): Promise<Registration[]> {
    const index = require.resolve(join(ROOT, "index.ts"));
    return record(
        () => {
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the program runs when it is loaded
            delete require.cache[index];
            return (createRequire(__filename)(index) as () => Promise<unknown>)();
        },
        { stack, config: { ...stackConfig(stack), ...changes }, ...options },
    );
}
