import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { missingModules, providePulumi } from "../../../../sandbox/pulumi/cli";

describe("which Pulumi runs", () => {
    const { PATH } = process.env;
    let folder: string;
    let file: string;

    const install = (script: string) => {
        writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const provide = () =>
        providePulumi((line) => {
            assert.fail(line);
        });

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-path-"));
        // A shell passes the first one by, which cannot be run.
        mkdirSync(join(folder, "sources", "pulumi"), { recursive: true });
        mkdirSync(join(folder, "bin"));
        file = join(folder, "bin", "pulumi");
        process.env.PATH = [join(folder, "sources"), join(folder, "bin"), PATH].join(delimiter);
    });
    afterEach(() => {
        process.env.PATH = PATH;
        rmSync(folder, { recursive: true });
    });

    it("is the one on the PATH, asked once, with the plugins that it finds by itself", async () => {
        install(`echo asked >> ${folder}/log; echo v3.300.1`);
        assert.deepEqual(await missingModules(), []);
        const title = "Pulumi 3.300.1, on the PATH";
        assert.deepEqual(await provide(), { version: "3.300.1", title, command: file, env: {} });
        assert.equal(readFileSync(join(folder, "log"), "utf8"), "asked\n");
    });

    for (const [what, script, message] of [
        ["of another major version", "echo v4.0.0", "is Pulumi 4.0.0; takes version 3: install that"],
        [
            "that does not start",
            "echo 'no such library' >&2; exit 127",
            "does not tell its version (no such library): mend it",
        ],
    ] as const) {
        it(`is none ${what}`, async () => {
            install(script);
            await assert.rejects(provide(), { message: `${file} ${message}, or take it off the PATH` });
        });
    }
});
