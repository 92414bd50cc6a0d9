import assert from "node:assert/strict";

import { diff, formatChanges } from "../../../../sandbox/engine/diff";
import { type JsonObject, setAt } from "../../../../sandbox/engine/values";
import { fc } from "./properties";

describe("engine: differences", () => {
    const lines = (before: JsonObject, after: JsonObject, ...secrets: string[]): string[] =>
        formatChanges(
            diff(before, after),
            secrets.map((key) => [key]),
        );

    it("names every field that differs, with + ~ -", () => {
        assert.deepEqual(lines({ a: 1, b: { c: "x" }, gone: true }, { a: 2, b: { c: "x", d: [1] } }), [
            "~ a: 1 => 2",
            "- gone: true",
            "+ b.d[0]: 1",
        ]);
    });

    it("tells an empty object from none, and null from nothing", () => {
        assert.deepEqual(lines({}, { a: {} }), ["+ a: {}"]);
        assert.deepEqual(lines({ a: null }, {}), ["- a: null"]);
    });

    it("masks what a secret path covers", () => {
        const printed = lines(
            { data: { a: "old-secret" }, x: 1 },
            { data: { a: "new-secret", b: "more" }, x: 2 },
            "data",
        );
        assert.deepEqual(printed, ["~ data.a: [secret] => [secret]", "~ x: 1 => 2", "+ data.b: [secret]"]);
    });

    it("shows the changed lines of a long text, and only their number when the text is new", () => {
        assert.deepEqual(lines({ t: "1\n2\n3\n4\n" }, { t: "1\n2\nthree\n3.5\n4\n" }), [
            "~ t:",
            "    @@ line 3 @@",
            "    - 3",
            "    + three",
            "    + 3.5",
        ]);
        assert.deepEqual(lines({}, { t: "1\n2\n" }), ["+ t: 3 lines"]);
    });

    it("says what is known only after up", () => {
        assert.deepEqual(lines({}, { id: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }), ["+ id: [known after up]"]);
    });

    it("is empty exactly for equal values, and leads from one to the other", () => {
        fc.assert(
            fc.property(fc.objects, fc.objects, (before, after) => {
                const changes = diff(before, after);
                assert.deepEqual(diff(before, before), []);
                const removed = changes.filter(({ after: to }) => to === undefined);
                const stripped = removed.reduce((at, { path }) => setAt(at, path, undefined), before);
                const rebuilt = changes.reduce(
                    (at, { path, after: to }) => (to === undefined ? at : setAt(at, path, to)),
                    stripped,
                );
                assert.deepEqual(
                    diff(rebuilt, after).filter(({ before: was }) => JSON.stringify(was) !== "{}"),
                    [],
                );
            }),
        );
    });
});
