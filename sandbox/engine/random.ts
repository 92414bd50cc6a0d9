import { randomInt } from "node:crypto";

import { isUnknown, type JsonObject } from "./values";

/** A RandomPassword: the inputs are the provider's, with its defaults. bcryptHash is not computed. */
export function drawPassword(inputs: JsonObject): { id: string; outputs: JsonObject } {
    return { id: "none", outputs: { ...inputs, result: characters(inputs) } };
}

/** One set of characters: whether it is used at all, and how many of it there must be. */
interface Alphabet {
    letters: string;
    use: string;
    least: string;
}

const alphabets: Alphabet[] = [
    { letters: "abcdefghijklmnopqrstuvwxyz", use: "lower", least: "minLower" },
    { letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", use: "upper", least: "minUpper" },
    { letters: "0123456789", use: "numeric", least: "minNumeric" },
    { letters: "!@#$%&*()-_=+[]{}<>:?", use: "special", least: "minSpecial" },
];

function characters(inputs: JsonObject): string {
    const length = count(inputs, "length");
    const used = alphabets
        .filter(({ use }) => (inputs[use] ?? (use === "numeric" ? inputs.number : true) ?? true) === true)
        .map(({ letters, use, least }) => ({
            letters: use === "special" && typeof inputs.overrideSpecial === "string" ? inputs.overrideSpecial : letters,
            least: count(inputs, least),
        }));
    const all = used.map(({ letters }) => letters).join("");
    const required = used.flatMap(({ letters, least }) => Array.from({ length: least }, () => pick(letters)));
    if (!all || required.length > length)
        throw new Error(`length ${length} has no room for the characters asked for: ${required.length} at least`);
    const rest = Array.from({ length: length - required.length }, () => pick(all));
    return shuffle([...required, ...rest]).join("");
}

function count(inputs: JsonObject, key: string): number {
    const value = inputs[key] ?? 0;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
        throw new Error(
            `${key}: ${isUnknown(value) ? "an unknown value" : JSON.stringify(value)}: expected a whole number`,
        );
    return value;
}

function pick(letters: string): string {
    return letters.charAt(randomInt(letters.length));
}

function shuffle(items: string[]): string[] {
    for (let last = items.length - 1; last > 0; last--) {
        const other = randomInt(last + 1);
        [items[last], items[other]] = [items[other] ?? "", items[last] ?? ""];
    }
    return items;
}
