import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { misreadings } from "../../../settings/stackFile";
import { isMisreadText } from "../../../settings/text";
import { parseSettings } from "../../../settings";
import { recordStack } from "../../support/stack";

/** What the Pulumi CLI 3.248 makes of these scalars: tried with it. */
const READ: Record<string, [read: unknown, written: string]> = {
    "a float": [4.1, "4.10"],
    "an octal number": [42798, "0123456"],
    "a new octal number": [15, "0o17"],
    "a hexadecimal number": [16, "0x10"],
    "an exponent": [1000, "1e3"],
    "an underscore": [1000, "1_000"],
    "more digits than a number has": [340123450000000000, "340123450000000018"],
    "a switch": [true, "True"],
    "a date": ["2026-11-25 00:00:00 +0000 UTC", "2026-11-25"],
};

describe("the stack's file", () => {
    let folder: string;
    let file: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-config-"));
        file = join(folder, "Pulumi.dev.yaml");
    });
    after(() => {
        rmSync(folder, { recursive: true });
    });

    const misread = (yaml: string, values: Record<string, unknown>) => {
        writeFileSync(file, yaml);
        return misreadings(file, "bots-edi:", values).filter(isMisreadText);
    };

    for (const [what, [read, written]] of Object.entries(READ)) {
        it(`${what} was changed silently: ${written} for text is found, in a group and at the top`, () => {
            const env = misread(`config:\n  bots-edi:env:\n    A: ${written}\n`, { env: { A: read } });
            assert.deepEqual(env, [{ path: ["env", "A"], written, read: String(read) }]);
            // The top level arrives as text.
            const top = misread(`config:\n  bots-edi:imageTag: ${written} # no quotes\n`, { imageTag: String(read) });
            assert.deepEqual(top, [{ path: ["imageTag"], written, read: String(read) }]);
        });
    }

    it("is right where it is quoted, arrives as written, or is no text", () => {
        const yaml = `config:
  bots-edi:imageTag: "4.10"
  bots-edi:production: True
  bots-edi:engine: {deadlineSeconds: 0x10, routes: [810, "0810"], suspend: True}
  bots-edi:env: {EMAIL_PORT: 587, EMAIL_HOST: mail, YES: yes}
  bots-edi:ingress: {annotations: {a: null, b: ~}}
  bots-edi:secretEnv: {A: {secure: v1:x}}
  other:key: 4.10
`;
        const values = {
            imageTag: "4.10",
            production: "true",
            engine: { deadlineSeconds: 16, routes: [810, "0810"], suspend: true },
            env: { EMAIL_PORT: 587, EMAIL_HOST: "mail", YES: "yes" },
            ingress: { annotations: { a: null, b: null } },
            secretEnv: { A: "hidden" },
        };
        assert.deepEqual(misread(yaml, values), []);
    });

    it("is not believed where the configuration came from another file", () => {
        assert.deepEqual(misread("config:\n  bots-edi:imageTag: 4.10\n", { imageTag: "5.0" }), []);
        assert.deepEqual(misread("config:\n  bots-edi:env: {A: 4.10}\n", { env: { A: "5.0" } }), []);
        assert.deepEqual(misread("config:\n  bots-edi:env: {A: 4.10}\n", { env: "x" }), []);
        assert.deepEqual(misread("config:\n  bots-edi:namespace: edi\n", { namespace: "other" }), []);
        assert.deepEqual(misread("config:\n  imageTag: 4.10\n", {}), []);
        assert.deepEqual(misread("{", {}), []);
        assert.deepEqual(misreadings(join(folder, "none.yaml"), "bots-edi:", {}), []);
    });

    it("is reported once, with what was written and what was read", () => {
        const found = [
            { path: ["imageTag"], written: "4.10", read: "4.1" },
            { path: ["env", "SSCC"], written: "1e21", read: "1e+21" },
            { path: ["engine", "routes", "0"], written: "0810", read: "810" },
        ];
        const raw = { imageTag: "4.1", env: { SSCC: 1e21 }, engine: { routes: [810] } };
        assert.throws(() => parseSettings(raw, { misread: found }), {
            message: `The configuration has 3 errors:
  bots-edi:imageTag is written 4.10 and read as 4.1; takes text: quote it
  bots-edi:env.SSCC is written 1e21 and read as 1e+21; takes text: quote it
  bots-edi:engine.routes.0 is written 0810 and read as 810; takes text: quote it
docs/configuration.md lists every setting.`,
        });
    });

    it("shows no secret that it says was misread", () => {
        const misread = [
            { path: ["secretEnv", "PIN"], written: "0123", read: "83" },
            { path: ["env", "A_PASSWORD"], written: "0123", read: "83" },
        ];
        assert.throws(
            () => parseSettings({ imageTag: "4.0" }, { misread }),
            (error: Error) => {
                assert.match(error.message, /secretEnv\.PIN is \[secret\], and read as something else than is written/);
                assert.doesNotMatch(error.message, /0123|83/);
                return true;
            },
        );
    });
});

describe("secrets of the configuration", () => {
    const secret = (key: string) => ({ secretKeys: [`bots-edi:${key}`] });

    it("a secret in env was decrypted into a ConfigMap: it is refused wherever secrets do not belong, and not shown", async () => {
        const env = { "bots-edi:env": JSON.stringify({ EDI_LICENCE: "hunter2" }) };
        await assert.rejects(recordStack("prod", env, secret("env")), (error: Error) => {
            assert.match(error.message, /bots-edi:env is \[secret\]; takes nothing secret.*secretEnv\.NAME/);
            assert.doesNotMatch(error.message, /hunter2/);
            return true;
        });
        const host = { "bots-edi:ingress": JSON.stringify({ host: "a.b" }) };
        await assert.rejects(
            recordStack("prod", host, secret("ingress")),
            /ingress is \[secret\]; takes nothing secret/,
        );
    });

    it("secretEnv was always plain text under the Automation API: the SDK is asked, not the environment", async () => {
        assert.equal(process.env.PULUMI_CONFIG_SECRET_KEYS, undefined);
        const changes = { "bots-edi:secretEnv": JSON.stringify({ PIN: "1234" }) };
        const made = await recordStack("prod", changes, secret("secretEnv"));
        assert.ok(made.some(({ name }) => name === "bots-edi-credentials-env"));
    });
});
