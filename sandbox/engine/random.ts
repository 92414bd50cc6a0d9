import { randomInt } from "node:crypto";

import type { JsonObject } from "./values";

/** The characters of each of the provider's sets; a set is used unless its input is false. */
const alphabets: Record<string, string> = {
    lower: "abcdefghijklmnopqrstuvwxyz",
    upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    numeric: "0123456789",
    special: "!@#$%&*()-_=+[]{}<>:?",
};
const honoured = ["length", "keepers", ...Object.keys(alphabets)];

/** A RandomPassword. bcryptHash is not computed. */
export function drawPassword(inputs: JsonObject): { id: string; outputs: JsonObject } {
    const unknown = Object.keys(inputs).filter((key) => !honoured.includes(key));
    if (unknown.length > 0)
        throw new Error(
            `${unknown.join(", ")}: not supported by the sandbox's engine: deploy this program with the Pulumi CLI`,
        );
    const { length } = inputs;
    if (typeof length !== "number" || !Number.isInteger(length) || length < 1)
        throw new Error(`length: ${JSON.stringify(length)}: expected a whole number above zero`);
    const used = Object.entries(alphabets).filter(([set]) => inputs[set] !== false);
    const characters = used.map(([, letters]) => letters).join("");
    if (!characters) throw new Error("every set of characters is false: expected one to draw from");
    const result = Array.from({ length }, () => characters.charAt(randomInt(characters.length))).join("");
    return { id: "none", outputs: { ...inputs, result } };
}
