import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../../../sandbox/writeWhole";

describe("a file that is written whole", () => {
    it("keeps its old content on a full disk, and is named: the system's message did not say which disk", () => {
        const folder = mkdtempSync(join(tmpdir(), "bots-edi-write-"));
        const file = join(folder, "below", "file");
        writeWhole(file, "old");
        symlinkSync("/dev/full", `${file}.new`);
        assert.throws(
            () => {
                writeWhole(file, "new");
            },
            { name: "SandboxError", message: `${file} cannot be written: ENOSPC: no space left on device, write` },
        );
        assert.equal(readFileSync(file, "utf8"), "old");
        rmSync(folder, { recursive: true });
    });
});
