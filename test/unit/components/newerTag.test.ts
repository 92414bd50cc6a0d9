import assert from "node:assert/strict";
import fc from "fast-check";
import { newerTag } from "../../../components/newerTag";

const is = (tag: string, than: string) => new RegExp(newerTag(than)).test(tag);

describe("versions that are newer", () => {
    it("an older version, a pre-release and a debug image were rolled out: none of them is", () => {
        for (const tag of [
            "3.3.2",
            "3.10",
            "4.1.0-rc.1",
            "4.0-debug",
            "latest",
            "4",
            "04.1",
            "4.0.1.2",
            "main-4.1",
            "x4.1",
        ]) {
            assert.equal(is(tag, "4.0"), false, tag);
        }
        for (const tag of ["4.0", "4.0.0", "4.0.13", "v4.1", "4.10.0", "5.0", "10.0"])
            assert.equal(is(tag, "4.0"), true, tag);
    });

    it("are compared as numbers, part by part", () => {
        const part = fc.nat({ max: 1200 });
        fc.assert(
            fc.property(part, part, part, part, part, part, fc.boolean(), (a, b, c, x, y, z, near) => {
                const [major, minor] = near ? [a, b] : [x, y];
                const newer = major - a || minor - b || z - c;
                assert.equal(is(`${major}.${minor}.${z}`, `${a}.${b}.${c}`), newer >= 0);
            }),
        );
    });

    it("are all released ones where the stack's tag is no version", () => {
        assert.deepEqual(
            ["0.1", "4.0.1", "4.0.1-rc.1", "main-2026"].map((tag) => is(tag, "main-2026")),
            [true, true, false, false],
        );
    });
});
