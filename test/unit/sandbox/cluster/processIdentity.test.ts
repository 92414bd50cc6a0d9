import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify, isRunning, readIdentity } from "../../../../sandbox/cluster/processIdentity";

describe("process identity", function () {
    before(function () {
        if (process.platform !== "linux") this.skip();
    });

    it("knows a running process, and that it has ended", async () => {
        const child = spawn("sleep", ["60"]);
        await once(child, "spawn");
        const identity = identify(child.pid ?? 0);
        assert.ok(identity);
        assert.equal(isRunning(identity), true);
        child.kill("SIGKILL");
        await once(child, "exit");
        assert.equal(isRunning(identity), false);
    });

    it("does not take another process with the same pid, or one of an earlier boot, for it", () => {
        const own = identify(process.pid);
        assert.ok(own);
        assert.equal(isRunning({ ...own, startTime: String(Number(own.startTime) - 1) }), false);
        assert.equal(isRunning({ ...own, bootId: "00000000-0000-0000-0000-000000000000" }), false);
    });

    it("takes a broken record for none", () => {
        const folder = mkdtempSync(join(tmpdir(), "identity-"));
        const file = join(folder, "record.json");
        assert.equal(readIdentity(file), undefined);
        for (const text of ["", "{", '{"pid": 1}']) {
            writeFileSync(file, text);
            assert.equal(readIdentity(file), undefined);
        }
        rmSync(folder, { recursive: true });
    });
});
