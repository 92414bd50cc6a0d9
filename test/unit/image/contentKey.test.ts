import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentKey } from "../../../image/contentKey";

describe("content key", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "content-key-"));
        mkdirSync(join(folder, "scripts"));
        writeFileSync(join(folder, "entrypoint.sh"), "exit 0\n", { mode: 0o755 });
        writeFileSync(join(folder, "scripts", "a.py"), "1\n");
    });
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    const changes: Record<string, () => void> = {
        "a file's content": () => {
            writeFileSync(join(folder, "scripts", "a.py"), "2\n");
        },
        "a file's name": () => {
            writeFileSync(join(folder, "scripts", "b.py"), "1\n");
        },
        "a file's executable bit": () => {
            chmodSync(join(folder, "entrypoint.sh"), 0o644);
        },
        "a file that goes": () => {
            rmSync(join(folder, "scripts", "a.py"));
        },
    };
    for (const [what, change] of Object.entries(changes)) {
        it(`changes with ${what}`, () => {
            const before = contentKey(["base"], [folder]);
            change();
            assert.notEqual(contentKey(["base"], [folder]), before);
        });
    }

    it("changes with the texts, and with where one ends and the next begins", () => {
        const keys = [["ab", "c"], ["a", "bc"], ["abc"], []].map((texts) => contentKey(texts, [folder]));
        assert.equal(new Set(keys).size, keys.length);
    });

    it("is the same for the same content in another folder", () => {
        const other = mkdtempSync(join(tmpdir(), "content-key-"));
        mkdirSync(join(other, "scripts"));
        writeFileSync(join(other, "scripts", "a.py"), "1\n");
        writeFileSync(join(other, "entrypoint.sh"), "exit 0\n", { mode: 0o755 });
        const keys = [folder, other].map((each) => contentKey(["base"], [each]));
        rmSync(other, { recursive: true });
        assert.equal(keys[0], keys[1]);
        assert.match(keys[0] ?? "", /^[0-9a-f]{16}$/);
    });
});
