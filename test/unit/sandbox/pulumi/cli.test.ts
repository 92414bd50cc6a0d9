import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { providePulumi } from "../../../../sandbox/pulumi/cli";

describe("which Pulumi runs", () => {
    const path = process.env.PATH;
    let folder: string;

    /** Puts a command `pulumi` first on the PATH. */
    const install = (script: string) => {
        const file = join(folder, "pulumi");
        writeFileSync(file, `#!/bin/sh\n${script}\n`);
        chmodSync(file, 0o755);
        process.env.PATH = `${folder}:${path ?? ""}`;
        return file;
    };
    const provide = () =>
        providePulumi((line) => {
            assert.fail(line);
        });

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-path-"));
    });
    afterEach(() => {
        process.env.PATH = path;
        rmSync(folder, { recursive: true });
    });

    it("is the one on the PATH, with the plugins that it finds by itself", async () => {
        install("echo v3.300.1");
        assert.deepEqual(await provide(), { version: "3.300.1", title: "Pulumi 3.300.1, on the PATH", env: {} });
    });

    it("is none of another major version", async () => {
        const file = install("echo v4.0.0");
        await assert.rejects(provide(), {
            message: `${file} is Pulumi 4.0.0; takes version 3: install that, or take it off the PATH`,
        });
    });

    it("is none that does not start", async () => {
        const file = install("echo 'no such library' >&2; exit 127");
        await assert.rejects(provide(), {
            message: `${file} does not tell its version (no such library): mend it, or take it off the PATH`,
        });
    });
});
