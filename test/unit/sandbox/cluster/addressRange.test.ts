import { strict as assert } from "node:assert";
import { overlap } from "../../../../sandbox/cluster/addressRange";

describe("address ranges", () => {
    const cases: [string, string, boolean][] = [
        ["10.213.0.0/24", "10.213.0.0/24", true],
        ["10.0.0.0/8", "10.213.0.0/24", true],
        ["10.213.0.0/24", "10.213.0.200", true],
        ["10.213.0.0/24", "10.213.1.0/24", false],
        ["192.168.0.0/16", "10.213.0.0/24", false],
        ["0.0.0.0/0", "10.213.0.0/24", true],
        ["255.255.255.255/32", "255.255.255.254/31", true],
    ];
    for (const [one, other, expected] of cases) {
        it(`${one} and ${other} ${expected ? "overlap" : "do not overlap"}`, () => {
            assert.equal(overlap(one, other), expected);
            assert.equal(overlap(other, one), expected);
        });
    }

    for (const text of ["10.213.0/24", "10.213.0.256", "10.213.0.0/33", "node", ""]) {
        it(`refuses ${JSON.stringify(text)}`, () => {
            assert.throws(() => overlap(text, "10.0.0.0/8"), { message: `${text} is no IPv4 range` });
        });
    }
});
