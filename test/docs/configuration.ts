/** docs/configuration.md, made from the schema: the two cannot differ. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OWNERS, Ownership } from "../../components/owners";
import { jsonSchema } from "../../settings";
import { differences, stackNames } from "./stacks";

type Schema = z.core.JSONSchema.BaseSchema;

/** Where the reference is kept. */
export const FILE = join(__dirname, "..", "..", "docs", "configuration.md");

const INTRODUCTION = `# Configuration

Every setting of a stack, made from \`settings/schema.ts\` by \`npm run docs\`. Set one by
\`pulumi config set imageTag 4.1\`, one inside a group by \`pulumi config set --path engine.schedule "@hourly"\`, or edit
\`Pulumi.<stack>.yaml\`, where each top-level key has the prefix \`bots-edi:\`. Write text in quotes there: an unquoted
\`4.10\` is the number 4.1, and refused where \`pulumi up\` finds it in the file. With \`--path\` goes
\`--type string\` for text that looks like something else.

A wrong setting ends the program before anything is registered; all wrong ones are named at once. So does one that another
makes void, and a secret (\`--secret\`) anywhere but in \`secretEnv\`. "(spec)" marks the values of the user's document; CPU,
memory and sizes are Kubernetes quantities.

| Setting | Default | What it is |
| --- | --- | --- |
`;

/** One row a setting; a group's settings follow it, below its name. */
function rows(schema: Schema, path: string, required: boolean): string[] {
    if (schema.properties) {
        const inner = Object.entries(schema.properties).flatMap(([key, value]) =>
            rows(value as Schema, path === "" ? key : `${path}.${key}`, schema.required?.includes(key) ?? false),
        );
        return [...(schema.description === undefined ? [] : [row(path, "none", schema.description)]), ...inner];
    }
    const own = row(path, shown(schema, required), schema.description ?? "");
    const inner = (entry: unknown, at: string) =>
        (entry as Schema | undefined)?.properties
            ? rows({ ...(entry as Schema), description: undefined }, `${path}${at}`, false)
            : [];
    return [own, ...inner(schema.items, "[]"), ...inner(schema.additionalProperties, ".NAME")];
}

function shown(schema: Schema, required: boolean): string {
    if (schema.default !== undefined) return `\`${JSON.stringify(schema.default)}\``;
    return required ? "**required**" : "none";
}

function row(path: string, fallback: string, description: string): string {
    return `| \`${path}\` | ${fallback} | ${description} |`;
}

const OWNERSHIP = `
## Who owns what

Made from \`components/owners.ts\`, which decides by it what an update takes back and what it leaves.

| Object | Field | Owner | With | What an update does |
| --- | --- | --- | --- | --- |
`;

/** What an update does, in words. */
const UPDATES: Readonly<Record<Ownership["update"], string>> = {
    ignores: "leaves the owner's value (`ignoreChanges`)",
    "takes back": "sets it to what the stack says (`pulumi.com/patchForce`)",
    leaves: "nothing: it is in no manifest of this program",
    reports: "a change by somebody else shows with `--refresh`, and meets a conflict where it is changed here too",
};

function ownerRow({ object, field, owner, sharing, update }: Ownership): string {
    const setting = sharing === undefined ? "" : `\`${sharing}\``;
    return `| ${object} | ${field} | ${owner} | ${setting} | ${UPDATES[update]} |`;
}

const STACKS = `
## What the stacks differ in

Made from the stacks' files, which alone make the difference: a further environment is one more \`Pulumi.<stack>.yaml\`. A default
stands in brackets.

| Setting | ${stackNames().join(" | ")} |
| --- | ${stackNames()
    .map(() => "---")
    .join(" | ")} |
`;

/** The whole reference. */
export function reference(): string {
    const settings = `${INTRODUCTION}${rows(jsonSchema(), "", true).join("\n")}\n`;
    const owners = `${OWNERSHIP}${OWNERS.map(ownerRow).join("\n")}\n`;
    return `${settings}${owners}${STACKS}${differences().join("\n")}\n`;
}

if (require.main === module) writeFileSync(FILE, reference());
