import assert from "node:assert/strict";

import {
    getAt,
    hasUnknown,
    reveal,
    seal,
    secret,
    secretPaths,
    secretTexts,
    setAt,
} from "../../../../sandbox/engine/values";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("engine: wire values", () => {
    const wire = { plain: 1, list: ["a", secret({ deep: "value" })], all: secret(["x", secret("y")]) };

    it("takes the secret markers off, nested ones too", () => {
        assert.deepEqual(reveal(wire), { plain: 1, list: ["a", { deep: "value" }], all: ["x", "y"] });
    });

    it("finds the outermost markers", () => {
        assert.deepEqual(secretPaths(wire), [["list", 1], ["all"]]);
    });

    it("puts markers on what is there, once", () => {
        const sealed = seal({ a: { b: "x" }, c: "z" }, [["a", "b"], ["a"], ["a", "b"], ["none"], ["c", "d"]]);
        assert.deepEqual(secretPaths(sealed), [["a"]]);
        assert.deepEqual(reveal(sealed), { a: { b: "x" }, c: "z" });
    });

    it("knows the texts to keep out of messages, in base64 too, and leaves short ones alone", () => {
        assert.deepEqual(secretTexts({ a: secret({ b: "long enough", c: "short" }) }), [
            "long enough",
            Buffer.from("long enough").toString("base64"),
        ]);
    });

    it("sees an unknown value anywhere", () => {
        assert.equal(hasUnknown({ a: [{ b: secret(unknown) }] }), true);
        assert.equal(hasUnknown({ a: [{ b: "known" }] }), false);
    });

    it("refuses assets instead of sending their markers", () => {
        assert.throws(() => reveal({ a: { "4dabf18193072939515e22adb298388d": "asset" } }), /assets/);
    });

    it("reads and replaces by path without touching the original", () => {
        const before = { a: [{ b: 1 }, { b: 2 }], c: {} };
        assert.equal(getAt(before, ["a", 1, "b"]), 2);
        assert.equal(getAt(before, ["a", "1"]), undefined);
        assert.deepEqual(setAt(before, ["a", 1, "b"], 3), { a: [{ b: 1 }, { b: 3 }], c: {} });
        assert.deepEqual(setAt(before, ["a", 0], undefined), { a: [{ b: 2 }], c: {} });
        assert.deepEqual(setAt(before, ["c", "d", "e"], "new"), { a: before.a, c: { d: { e: "new" } } });
        assert.deepEqual(setAt(before, ["c"], undefined), { a: before.a });
        assert.deepEqual(before, { a: [{ b: 1 }, { b: 2 }], c: {} });
    });
});
