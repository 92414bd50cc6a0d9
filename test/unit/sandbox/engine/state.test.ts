import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { State } from "../../../../sandbox/engine/state";
import { entry } from "./entries";

describe("engine: state", () => {
    let dir: string;
    let file: string;
    beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "engine-state-"));
        file = join(dir, "deep", "stack.json");
    });
    afterEach(() => {
        rmSync(dir, { recursive: true });
    });

    const open = (): State => State.open(file, "p", "s");

    it("reads back what it wrote, in the order of creation, from a file for its owner only", () => {
        const state = open();
        state.put(entry("a"));
        state.put(entry("b"));
        state.put(entry("a", { id: "new" }));
        state.setOutputs({ x: 1 });
        assert.deepEqual(open().all(), [entry("a", { id: "new" }), entry("b")]);
        assert.deepEqual(open().outputs(), { x: 1 });
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(statSync(join(dir, "deep")).mode & 0o777, 0o700);
        assert.deepEqual(readdirSync(join(dir, "deep")), ["stack.json"]);
    });

    it("keeps the file as it was when the disk is full", function () {
        if (process.platform !== "linux") this.skip();
        const state = open();
        state.put(entry("a"));
        const before = readFileSync(file, "utf8");
        symlinkSync("/dev/full", `${file}.new`);
        assert.throws(() => {
            state.put(entry("b"));
        }, /ENOSPC/);
        assert.equal(readFileSync(file, "utf8"), before);
    });

    it("keeps what was superseded until it is dropped, and can put it back", () => {
        const [old, next] = [entry("a", { id: "old" }), entry("a", { id: "next" })];
        const state = open();
        state.put(old);
        state.supersede(old, next);
        assert.deepEqual([open().all(), open().superseded()], [[next], [old]]);
        state.restore(old);
        assert.deepEqual([open().all(), open().superseded()], [[old], []]);
        state.supersede(old, next);
        state.drop(old);
        assert.deepEqual([open().all(), open().superseded()], [[next], []]);
        state.drop(next);
        assert.deepEqual(open().all(), []);
    });

    it("refuses another stack's file, and a file that is no state, and leaves both as they are", () => {
        open().put(entry("a"));
        assert.throws(() => State.open(file, "p", "other"), /is the state of p\/s, not of p\/other/);
        for (const broken of ["{", "[]", '{"version":2,"resources":[]}']) {
            writeFileSync(file, broken);
            assert.throws(open, /stack.json is not a state file of version 1/);
            assert.equal(readFileSync(file, "utf8"), broken);
        }
    });
});
