/** A stack's settings, read from its file: no state, no passphrase and no engine is asked. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseSettings, type Settings } from "../settings";
import { misreadings } from "../settings/stackFile";
import { OperatorError } from "./errors";

/** What stands in for a secret value: it is in the file, encrypted. */
const SECRET = "[secret]";

/** The value as Pulumi hands it to the program, secrets masked. */
function masked(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(masked);
    if (typeof value !== "object" || value === null) return value;
    if (isSecret(value)) return SECRET;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}

function isSecret(value: object): boolean {
    return Object.keys(value).join() === "secure";
}

function holdsSecret(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    return isSecret(value) || Object.values(value).some(holdsSecret);
}

/** The stacks of a checkout. */
export function stacksOf(root: string): string[] {
    return readdirSync(root).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
}

/**
 * The settings of a stack, checked as the program checks them.
 *
 * @param root - the checkout, with Pulumi.yaml and the stacks' files
 * @throws OperatorError where there is no such stack; the settings' own errors otherwise
 */
export function stackSettings(root: string, stack: string): Settings {
    const file = join(root, `Pulumi.${stack}.yaml`);
    if (!existsSync(file)) {
        throw new OperatorError(
            `there is no stack ${stack}: no file Pulumi.${stack}.yaml; takes ${stacksOf(root).join(" | ")}`,
        );
    }
    const { name: project } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { name: string };
    const prefix = `${project}:`;
    const content = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
    const ours = Object.entries(content?.config ?? {}).filter(([key]) => key.startsWith(prefix));
    const entries = ours.map(([key, value]) => [key.slice(prefix.length), value] as const);
    const scalarsAsText = (value: unknown) =>
        typeof value === "object" && value !== null ? masked(value) : String(value);
    const values = Object.fromEntries(entries.map(([key, value]) => [key, scalarsAsText(value)]));
    const secretKeys = entries.filter(([, value]) => holdsSecret(value)).map(([key]) => key);
    return parseSettings(values, { project, stack, secretKeys, misread: misreadings(file, prefix, values) });
}
