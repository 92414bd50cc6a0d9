import assert from "node:assert/strict";

import { drawPassword } from "../../../../sandbox/engine/random";
import type { JsonObject } from "../../../../sandbox/engine/values";

describe("engine: random values", () => {
    const password = (inputs: JsonObject): string => drawPassword(inputs).outputs.result as string;

    it("draws from every set by default, and from those that are asked for", () => {
        assert.match(password({ length: 400 }), /^[\w!@#$%&*()\-=+[\]{}<>:?]{400}$/);
        assert.match(password({ length: 400, special: false }), /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9]{400}$/);
        assert.match(password({ length: 50, special: false, upper: false, lower: false }), /^\d{50}$/);
        assert.match(password({ length: 50, numeric: false, special: false }), /^[A-Za-z]{50}$/);
    });

    it("names an input that it cannot work with", () => {
        assert.throws(() => password({ length: 6, minNumeric: 2 }), /^Error: minNumeric: not supported .* Pulumi CLI$/);
        assert.throws(() => password({ length: 0 }), /length: 0: expected a whole number above zero/);
        const nothing = { lower: false, upper: false, numeric: false, special: false };
        assert.throws(() => password({ length: 6, ...nothing }), /every set of characters is false/);
    });

    it("draws another value every time", () => {
        const drawn = new Set(Array.from({ length: 100 }, () => password({ length: 16 })));
        assert.equal(drawn.size, 100);
    });
});
