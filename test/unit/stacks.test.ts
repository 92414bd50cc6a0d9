import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseSettings } from "../../settings";

const ROOT = join(__dirname, "..", "..");
const files = readdirSync(ROOT).filter((name) => /^Pulumi\..+\.yaml$/.test(name));

for (const file of files) {
    describe(file, () => {
        const { config } = parse(readFileSync(join(ROOT, file), "utf8")) as { config: Record<string, unknown> };

        const values = Object.fromEntries(
            Object.entries(config).map(([key, value]) => [key.replace("bots-edi:", ""), value]),
        );

        it("quotes the image tag, since 4.10 without quotes is 4.1", () => {
            assert.equal(typeof config["bots-edi:imageTag"], "string");
        });

        it("holds no secret variable in plain text, which Pulumi would not see beside an encrypted one", () => {
            const secretEnv = (config["bots-edi:secretEnv"] ?? {}) as Record<string, unknown>;
            const plain = Object.entries(secretEnv).filter(
                ([name, value]) => name !== "secure" && !(typeof value === "object" && value && "secure" in value),
            );
            assert.deepEqual(plain, [], "set each by `pulumi config set --secret --path secretEnv.NAME`");
        });

        it("alone makes the difference: a stack of another name with the same file is the same", () => {
            const config = { ...values, production: values.production ?? "false" };
            const settings = (stack: string) => parseSettings(config, { project: "bots-edi", stack });
            assert.deepEqual(settings("fourth"), settings(file.split(".")[1] ?? ""));
        });
    });
}

describe("Pulumi.sandbox.yaml", () => {
    it("holds no salt, with which the passphrase of any other machine would be wrong", () => {
        assert.doesNotMatch(readFileSync(join(ROOT, "Pulumi.sandbox.yaml"), "utf8"), /^encryptionsalt/m);
    });
});
