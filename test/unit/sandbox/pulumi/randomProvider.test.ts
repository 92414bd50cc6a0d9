import assert from "node:assert/strict";
import fc from "fast-check";
import { draw, failures } from "../../../../sandbox/pulumi/plugins/randomProvider";

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe("the stand-in for the random provider", () => {
    it("draws what the inputs ask for: length, sets, minimums and special characters of one's own", () => {
        const minimum = fc.integer({ min: 0, max: 5 });
        fc.assert(
            fc.property(
                fc.record({ length: fc.integer({ min: 20, max: 60 }), special: fc.boolean(), upper: fc.boolean() }),
                fc.record({ minLower: minimum, minNumeric: minimum }),
                fc.constantFrom(undefined, "", "_%@"),
                (sets, minimums, overrideSpecial) => {
                    const inputs = { ...sets, ...minimums, overrideSpecial };
                    assert.deepEqual(failures(inputs), []);
                    const password = draw(inputs);
                    assert.equal(password.length, sets.length);
                    assert.ok(count(password, /[a-z]/g) >= minimums.minLower);
                    assert.ok(count(password, /[0-9]/g) >= minimums.minNumeric);
                    if (!sets.upper) assert.doesNotMatch(password, /[A-Z]/);
                    const special = password.match(/[^A-Za-z0-9]/g) ?? [];
                    const allowed = sets.special ? overrideSpecial || "!@#$%&*()-_=+[]{}<>:?" : "";
                    for (const character of special) assert.ok(allowed.includes(character), character);
                },
            ),
        );
    });

    it("draws another one each time", () => {
        assert.equal(new Set(Array.from({ length: 100 }, () => draw({ length: 20 }))).size, 100);
    });

    it("refuses what it does not honour and what cannot be, naming the input, its value and what it takes", () => {
        for (const [inputs, property, reason] of [
            [{}, "length", /is undefined; takes a whole number above zero/],
            [{ length: 0 }, "length", /is 0; takes a whole number above zero/],
            [{ length: 2.5 }, "length", /is 2.5;/],
            [{ length: 8, bcrypt: true }, "bcrypt", /is not supported .*: install Pulumi/],
            [{ length: 8, special: "no" }, "special", /is "no"; takes true or false/],
            [{ length: 8, minUpper: -1 }, "minUpper", /is -1; takes a whole number/],
            [{ length: 8, upper: false, minUpper: 1 }, "minUpper", /is 1; takes 0, since upper is false/],
            [{ length: 8, minUpper: 5, minLower: 5 }, "length", /is 8; takes at least the sum of the minimums, 10/],
            [{ length: 8, overrideSpecial: 1 }, "overrideSpecial", /is 1; takes the characters/],
            [{ length: 8, lower: false, upper: false, numeric: false, special: false }, "special", /takes true/],
        ] as const) {
            const [failure] = failures(inputs);
            assert.equal(failure?.property, property);
            assert.match(failure.reason, reason);
        }
    });
});
