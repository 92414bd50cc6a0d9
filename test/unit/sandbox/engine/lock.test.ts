import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lock } from "../../../../sandbox/engine/lock";

describe("engine: lock", () => {
    let dir: string;
    let file: string;
    beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "engine-lock-"));
        file = join(dir, "stack.json.lock");
    });
    afterEach(() => {
        rmSync(dir, { recursive: true });
    });

    it("names the process that holds it, and is free after release", () => {
        const release = lock(file);
        assert.throws(() => lock(file), new RegExp(`another run holds .*: process ${process.pid}, since 20`));
        release();
        assert.deepEqual(readdirSync(dir), []);
        lock(file)();
    });

    it("takes over from a process that is gone", async () => {
        const child = spawn("true");
        await once(child, "exit");
        writeFileSync(file, JSON.stringify({ pid: child.pid, started: "1", since: "x" }));
        lock(file)();
        assert.equal(existsSync(file), false);
    });

    it("takes over from an earlier process with the pid of a living one", () => {
        writeFileSync(file, JSON.stringify({ pid: process.pid, started: "1", since: "x" }));
        const release = lock(file);
        assert.notEqual((JSON.parse(readFileSync(file, "utf8")) as { started: string }).started, "1");
        release();
    });

    it("does not guess about a file that is no lock", () => {
        writeFileSync(file, "");
        assert.throws(() => lock(file), /is not a lock file/);
    });
});
