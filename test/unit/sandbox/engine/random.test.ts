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
        assert.match(
            password({ length: 50, overrideSpecial: "_", upper: false, lower: false, number: false }),
            /^_{50}$/,
        );
    });

    it("holds at least what is asked for", () => {
        for (let round = 0; round < 50; round++) {
            const drawn = password({ length: 6, minNumeric: 2, minUpper: 2, minSpecial: 2 });
            for (const set of [/\d/g, /[A-Z]/g, /[^A-Za-z\d]/g]) assert.equal(drawn.match(set)?.length, 2, drawn);
        }
        assert.throws(() => password({ length: 3, minNumeric: 4 }), /length 3 has no room .* 4 at least/);
        assert.throws(() => password({ length: -1 }), /length: -1: expected a whole number/);
    });

    it("draws another value every time", () => {
        const drawn = new Set(Array.from({ length: 100 }, () => password({ length: 16 })));
        assert.equal(drawn.size, 100);
    });
});
