#!/usr/bin/env node
/**
 * pulumi-resource-random: `random.RandomPassword` of `@pulumi/random`, and nothing else of it. Upstream's provider is no Go
 * module. Its `bcryptHash` is not computed.
 */
import type { URN } from "@pulumi/pulumi";
import { main, type Provider } from "@pulumi/pulumi/provider";
import { randomInt } from "node:crypto";

const TYPE = "random:index/randomPassword:RandomPassword";

/** A set of characters: it is drawn from unless the input of its name is false, at least as often as its minimum says. */
interface CharacterSet {
    readonly name: string;
    readonly minimum: string;
    readonly characters: string;
}

const SETS: readonly CharacterSet[] = [
    { name: "lower", minimum: "minLower", characters: "abcdefghijklmnopqrstuvwxyz" },
    { name: "upper", minimum: "minUpper", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
    { name: "numeric", minimum: "minNumeric", characters: "0123456789" },
    { name: "special", minimum: "minSpecial", characters: "!@#$%&*()-_=+[]{}<>:?" },
];

const KNOWN = ["length", "keepers", "overrideSpecial", ...SETS.flatMap(({ name, minimum }) => [name, minimum])];

type Inputs = Readonly<Record<string, unknown>>;

interface Failure {
    readonly property: string;
    readonly reason: string;
}

/** What is wrong with the inputs of a RandomPassword; empty where nothing is. */
export function failures(inputs: Inputs): Failure[] {
    const found: Failure[] = [];
    const fail = (property: string, takes: string) =>
        found.push({ property, reason: `is ${JSON.stringify(inputs[property])}; takes ${takes}` });
    for (const property of Object.keys(inputs).filter((key) => !key.startsWith("__") && !KNOWN.includes(key))) {
        found.push({ property, reason: `is not supported by this stand-in for the random provider: install Pulumi` });
    }
    const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
    const { length, overrideSpecial = "" } = inputs;
    if (!isCount(length) || length === 0) fail("length", "a whole number above zero");
    if (typeof overrideSpecial !== "string") fail("overrideSpecial", "the characters to use as special ones");
    for (const { name, minimum } of SETS) {
        if (inputs[name] !== undefined && typeof inputs[name] !== "boolean") fail(name, "true or false");
        if (inputs[minimum] !== undefined && !isCount(inputs[minimum])) fail(minimum, "a whole number");
        else if (inputs[name] === false && Number(inputs[minimum] ?? 0) > 0) fail(minimum, `0, since ${name} is false`);
    }
    if (found.length > 0) return found;
    const least = SETS.reduce((sum, { minimum }) => sum + Number(inputs[minimum] ?? 0), 0);
    if (least > Number(length)) fail("length", `at least the sum of the minimums, ${least}`);
    if (used(inputs).every(({ characters }) => characters === ""))
        fail("special", "true, or another set of characters");
    return found;
}

function used(inputs: Inputs): CharacterSet[] {
    return SETS.filter(({ name }) => inputs[name] !== false).map((set) =>
        set.name === "special" && inputs.overrideSpecial
            ? { ...set, characters: inputs.overrideSpecial as string }
            : set,
    );
}

/** A password as the inputs, which have no {@link failures}, ask for it. */
export function draw(inputs: Inputs): string {
    const pick = (characters: string) => characters.charAt(randomInt(characters.length));
    const sets = used(inputs);
    const all = sets.map(({ characters }) => characters).join("");
    const drawn = sets.flatMap(({ minimum, characters }) =>
        Array.from({ length: Number(inputs[minimum] ?? 0) }, () => pick(characters)),
    );
    while (drawn.length < Number(inputs.length)) drawn.push(pick(all));
    // Shuffled (Fisher and Yates): what the minimums ask for was drawn first.
    for (let at = drawn.length - 1; at > 0; at--) {
        const other = randomInt(at + 1);
        [drawn[at], drawn[other]] = [drawn[other] ?? "", drawn[at] ?? ""];
    }
    return drawn.join("");
}

/** The inputs that differ; the engine compares the rest of the state by itself. */
function changed(olds: Inputs, news: Inputs): string[] {
    return KNOWN.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
}

function requirePassword(urn: URN): void {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    if (type === TYPE) return;
    throw new Error(`${type}: this stand-in for the random provider makes RandomPassword only: install Pulumi for it`);
}

const provider: Provider = {
    version: "4.21.2",
    check: (urn, _olds, inputs: Inputs) => {
        requirePassword(urn);
        return Promise.resolve({ inputs, failures: failures(inputs) });
    },
    diff: (_id, _urn, olds: Inputs, news: Inputs) => {
        const replaces = changed(olds, news);
        return Promise.resolve({ changes: replaces.length > 0, replaces });
    },
    create: (_urn, inputs: Inputs) => Promise.resolve({ id: "none", outs: { ...inputs, result: draw(inputs) } }),
};

if (require.main === module) {
    // The engine holds this process' input open: it ends where the engine ends, however that comes about.
    process.stdin.on("end", () => process.exit()).resume();
    void main(provider, process.argv.slice(2));
}
