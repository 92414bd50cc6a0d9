import assert from "node:assert/strict";

import { covers, expand, formatPath, parsePath } from "../../../../sandbox/engine/paths";
import type { JsonObject } from "../../../../sandbox/engine/values";

describe("engine: property paths", () => {
    for (const [text, path] of [
        ["spec.replicas", ["spec", "replicas"]],
        ["spec.template.spec.containers[0].image", ["spec", "template", "spec", "containers", 0, "image"]],
        ['metadata.annotations["a.b/c"]', ["metadata", "annotations", "a.b/c"]],
        ['["say \\"hi\\""].x', ['say "hi"', "x"]],
        ["containers[*].image", ["containers", "*", "image"]],
        ["*", ["*"]],
    ] as [string, (string | number)[]][])
        it(`reads ${text}`, () => {
            assert.deepEqual(parsePath(text), path);
        });

    it("refuses what is no path", () => {
        for (const text of ["a[", "a[x]", 'a["b]', "a]"])
            assert.throws(() => parsePath(text), new RegExp(`property path '${text.replace(/[[\]]/g, "\\$&")}'`));
    });

    it("covers what a pattern names and what lies inside", () => {
        assert.equal(covers(["*"], ["spec", "x"]), true);
        assert.equal(covers(["spec"], ["spec", "x"]), true);
        assert.equal(covers(["spec", "x"], ["spec"]), false);
        assert.equal(covers(["a", "*", "b"], ["a", 0, "b"]), true);
        assert.equal(covers(["a", "*", "b"], ["a", 0, "c"]), false);
    });

    it("expands wildcards to what is there", () => {
        const value: JsonObject = { a: [{ b: 1 }, { c: 2 }, { b: 3 }] };
        assert.deepEqual(expand(["a", "*", "b"], value), [
            ["a", 0, "b"],
            ["a", 2, "b"],
        ]);
        assert.deepEqual(expand(["x"], value), []);
    });

    it("writes paths as people do", () => {
        for (const text of ["spec.containers[0].image", 'metadata.annotations["a.b/c"]'])
            assert.equal(formatPath(parsePath(text)), text);
    });
});
