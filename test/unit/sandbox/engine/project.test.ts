import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readProject } from "../../../../sandbox/engine/project";

describe("engine: project and configuration", () => {
    let dir: string;
    beforeEach(() => {
        dir = realpathSync(mkdtempSync(join(tmpdir(), "engine-project-")));
        write("Pulumi.yaml", "name: p");
        write("Pulumi.s.yaml", "");
    });
    afterEach(() => {
        rmSync(dir, { recursive: true });
    });

    const write = (file: string, content: string): void => {
        writeFileSync(join(dir, file), content);
    };

    it("passes values as text and structures as JSON, under the project's name", () => {
        write("Pulumi.s.yaml", 'config:\n  p:a: "4.0"\n  b: 3\n  other:c: true\n  p:d: {x: [1, {y: z}]}');
        const { config } = readProject(dir, "s");
        assert.deepEqual(config, { "p:a": "4.0", "p:b": "3", "other:c": "true", "p:d": '{"x":[1,{"y":"z"}]}' });
    });

    it("takes defaults from Pulumi.yaml, then the stack's file, then the caller's values", () => {
        write(
            "Pulumi.yaml",
            "name: p\nconfig:\n  p:a: 1\n  p:b: {default: 1}\n  p:c: {value: 1}\n  p:d: {type: string}",
        );
        write("Pulumi.s.yaml", "config:\n  p:b: 2\n  p:c: 2");
        assert.deepEqual(readProject(dir, "s", { "p:c": 3 }).config, { "p:a": "1", "p:b": "2", "p:c": "3" });
    });

    it("names a secret that it cannot read, wherever it is", () => {
        for (const value of ["{secure: AAAA}", "{list: [{x: {secure: AAAA}}]}"]) {
            write("Pulumi.s.yaml", `config:\n  p:word: ${value}`);
            assert.throws(
                () => readProject(dir, "s"),
                /Pulumi.s.yaml: p:word: secrets encrypted by the Pulumi CLI cannot be read/,
            );
        }
    });

    it("says which file is missing or wrong", () => {
        assert.throws(() => readProject(dir, "none"), /Pulumi.none.yaml is not there/);
        write("Pulumi.yaml", "runtime: nodejs");
        assert.throws(() => readProject(dir, "s"), /Pulumi.yaml: name: expected/);
        assert.throws(() => readProject(dir, "../s"), /stack '..\/s': expected letters/);
        write("Pulumi.yaml", "- a");
        assert.throws(() => readProject(dir, "s"), /expected keys and values/);
    });

    it("finds the program: the folder itself, a folder or a file that main names", () => {
        assert.deepEqual(pick(), [dir, "."]);
        mkdirSync(join(dir, "sub"));
        write("Pulumi.yaml", "name: p\nmain: sub");
        assert.deepEqual(pick(), [join(dir, "sub"), "."]);
        write("sub/it.ts", "");
        write("Pulumi.yaml", "name: p\nmain: sub/it.ts");
        assert.deepEqual(pick(), [join(dir, "sub"), "./it.ts"]);
    });

    const pick = (): string[] => {
        const { workDir, entry } = readProject(dir, "s");
        return [workDir, entry];
    };
});
