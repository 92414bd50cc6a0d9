import * as check from "fast-check";

import type { JsonObject } from "../../../../sandbox/engine/values";

const key = check.constantFrom("a", "b", "c");
const json = check.letrec<{ value: unknown; object: unknown }>((tie) => ({
    value: check.oneof({ depthSize: "small" }, check.integer(), check.constantFrom("x", "y", true), tie("object")),
    object: check.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
}));

/** Generators that several tests share. */
export const fc = {
    assert: check.assert,
    property: check.property,
    asyncProperty: check.asyncProperty,
    objects: json.object as check.Arbitrary<JsonObject>,
    /** For each of up to eight things, those before it that it needs. */
    dependencies: check
        .array(check.array(check.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: 8 })
        .map((lists) => lists.map((list, index) => [...new Set(list.filter((need) => need < index))])),
};
