import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { pullSecretFindings } from "../../../../operations/preflight/pullSecret";
import { registry } from "../../../../sandbox/cluster/settings";
import { passwordLine, pullSecret } from "../../../../sandbox/surroundings/registry";

const LOGIN = { user: "bots-edi", password: "correct horse" };

describe("the registry's login", () => {
    it("is a line of bcrypt, the same each time, that its password fits and no other", async () => {
        const line = await passwordLine(LOGIN);
        assert.match(line, /^bots-edi:\$2y\$10\$[./A-Za-z0-9]{53}$/);
        assert.equal(await passwordLine(LOGIN), line);
        const hash = line.slice(LOGIN.user.length + 1);
        const hashed = (password: string) =>
            execFileSync("perl", ["-e", "print crypt($ARGV[0], $ARGV[1])", password, hash], { encoding: "utf8" });
        assert.equal(hashed(LOGIN.password), hash);
        assert.notEqual(hashed("wrong"), hash);
    });

    it("is a pull Secret that preflight finds nothing against", () => {
        const { type, stringData } = pullSecret("login", "edi", LOGIN) as {
            type: string;
            stringData: Record<string, string>;
        };
        const content = stringData[".dockerconfigjson"] ?? "";
        const [found] = pullSecretFindings("login", type, content, `${registry.host}/priv/bots-edi:4.0`, []);
        assert.equal(found?.what, `Secret login has a login for ${registry.host}`);
    });
});
