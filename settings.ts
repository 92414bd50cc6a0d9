/** The stack's configuration: read once, checked at once, typed. */
import * as pulumi from "@pulumi/pulumi";
import { withEngineMemory } from "./settings/engineMemory";
import { describe, keyOf, line, misreadLine, Origin } from "./settings/messages";
import { notices } from "./settings/notices";
import { brokenRules } from "./settings/rules";
import { Checked, jsonSchema, schema, SettingsInput, takesSecrets } from "./settings/schema";
import { readStackConfig } from "./settings/stackConfig";
import { digitsAsText, isMisreadText, Misread } from "./settings/text";
import { valueAt } from "./settings/valueAt";

export { jsonSchema };
export type { SettingsInput };

/** What a stack is made from: every key present, checked, defaults filled in. docs/configuration.md describes each. */
export interface Settings extends Checked {
    // Their defaults depend on other settings.
    createNamespace: boolean;
    tls: boolean;
}

/** Where the configuration comes from. */
export interface SettingsContext {
    /** Prefix of the keys in messages: the project's name. Default: `bots-edi`. */
    readonly project?: string;
    /** Name of the stack. `prod` turns the production rules on unless the configuration says otherwise. */
    readonly stack?: string;
    /** Top-level keys that hold a secret. Default: those that may, for use as a library. */
    readonly secretKeys?: readonly string[];
    /** What YAML made something else of. Default: nothing. */
    readonly misread?: readonly Misread[];
}

type Raw = Readonly<Record<string, unknown>>;

/** The settings that are right in themselves, where others are not. */
function rightOnes(raw: Raw, wrong: readonly PropertyKey[]): Partial<Checked> {
    const right = Object.entries(schema.shape).filter(([key]) => !wrong.includes(key));
    return Object.fromEntries(right.map(([key, form]) => [key, form.parse(raw[key])]));
}

/** Secrets where anyone could read them, and plain text where only secrets belong. */
function misplaced(origin: Origin): string[] {
    const set = "`pulumi config set --secret --path secretEnv.NAME`";
    return Object.keys(origin.raw).flatMap((key) => {
        const isSecret = origin.secretKeys.includes(key);
        if (isSecret === takesSecrets(key)) return [];
        return isSecret
            ? [line([key], `takes nothing secret, since it ends where anyone may read it: use ${set}`, origin)]
            : [`${keyOf([key], origin)} is plain text; takes secrets only: set each by ${set}`];
    });
}

/** Every error of a configuration, a line each; the settings where there is none. */
function check(origin: Origin, misread: readonly Misread[]): { settings?: Checked; errors: string[] } {
    const { raw } = origin;
    const parsed = schema.safeParse(raw);
    const issues = parsed.error?.issues ?? [];
    const isNamed = (path: readonly PropertyKey[]) =>
        misread.some((other) => other.path.join(".") === path.map(String).join("."));
    const settings =
        parsed.data ??
        rightOnes(
            raw,
            issues.map(({ path }) => path[0] ?? ""),
        );
    const broken = brokenRules({ settings, given: (key) => valueAt(raw, key.split(".")) });
    const errors = [
        ...misread.map((one) => misreadLine(one, origin)),
        ...issues.filter(({ path }) => !isNamed(path)).flatMap((issue) => describe(issue, origin)),
        ...misplaced(origin),
        ...broken.map(({ path, message }) => line(path, message, origin)),
    ];
    return { settings: parsed.data, errors };
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param raw the configuration, top-level keys without the project's prefix.
 * @throws pulumi.RunError that names every wrong key at once: its value and what it takes.
 */
export function parseSettings(raw: SettingsInput | Raw, context: SettingsContext = {}): Settings {
    const { project = "bots-edi", stack, secretKeys = Object.keys(raw).filter(takesSecrets), misread = [] } = context;
    const input = digitsAsText({ production: stack === "prod", ...raw }) as Raw;
    const { settings, errors } = check({ project, raw: input, secretKeys }, misread.filter(isMisreadText));
    if (settings && errors.length === 0) {
        const { createNamespace = settings.database !== undefined, tls = settings.ingress !== undefined } = settings;
        const isGiven = (key: string) => valueAt(input, key.split(".")) !== undefined;
        return { ...withEngineMemory(settings, isGiven), createNamespace, tls };
    }
    const title = `The configuration${stack === undefined ? "" : ` of stack ${stack}`} has ${errors.length === 1 ? "an error" : `${errors.length} errors`}:`;
    throw new pulumi.RunError(
        [title, ...errors.map((error) => `  ${error}`), "docs/configuration.md lists every setting."].join("\n"),
    );
}

/** The settings of the stack that runs. What is legal and yet worth knowing is logged as a warning. */
export function readSettings(): Settings {
    const { values, ...context } = readStackConfig();
    const settings = parseSettings(values, context);
    for (const notice of notices(settings, Date.now())) void pulumi.log.warn(`${context.project}:${notice}`);
    return settings;
}
