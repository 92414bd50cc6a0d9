import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stackSettings } from "../../../operations/stackSettings";
import { stackConfig, STACKS } from "../../support/stack";
import { parseSettings } from "../../../settings";

const ROOT = join(__dirname, "..", "..", "..");

describe("a stack's settings, from its file", () => {
    let folder: string;
    const write = (text: string) => {
        writeFileSync(join(folder, "Pulumi.yaml"), "name: bots-edi\n");
        writeFileSync(join(folder, "Pulumi.north.yaml"), text);
    };
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-settings-"));
    });
    after(() => {
        rmSync(folder, { recursive: true });
    });

    for (const stack of STACKS) {
        it(`are what the program reads: ${stack}`, () => {
            const raw = Object.entries(stackConfig(stack)).map(([key, text]) => {
                const value: unknown = /^[{[]/.test(text) ? JSON.parse(text) : text;
                return [key.replace("bots-edi:", ""), value] as const;
            });
            assert.deepEqual(stackSettings(ROOT, stack), parseSettings(Object.fromEntries(raw), { stack }));
        });
    }

    it("mask what is secret, and still know it for a secret", () => {
        write("config:\n  bots-edi:imageTag: '4.0'\n  bots-edi:secretEnv:\n    LICENCE:\n      secure: v1:abc\n");
        assert.deepEqual(stackSettings(folder, "north").secretEnv, { LICENCE: "[secret]" });
        write("config:\n  bots-edi:imageTag: '4.0'\n  bots-edi:env:\n    LICENCE:\n      secure: v1:abc\n");
        assert.throws(() => stackSettings(folder, "north"), /bots-edi:env is \[secret\]; takes nothing secret/);
        write("config:\n  bots-edi:imageTag: '4.0'\n  bots-edi:secretEnv:\n    LICENCE: open\n");
        assert.throws(() => stackSettings(folder, "north"), /bots-edi:secretEnv.* is plain text; takes secrets only/);
    });

    it("are refused as the program refuses them", () => {
        write("config:\n  bots-edi:imageTag: 4.10\n");
        assert.throws(() => stackSettings(folder, "north"), /bots-edi:imageTag/);
        write("encryptionsalt: v1:abc\n");
        assert.throws(() => stackSettings(folder, "north"), /bots-edi:imageTag/);
    });

    it("name the stacks where there is none of that name", () => {
        assert.throws(() => stackSettings(folder, "south"), {
            name: "OperatorError",
            message: "there is no stack south: no file Pulumi.south.yaml; takes north",
        });
    });
});
