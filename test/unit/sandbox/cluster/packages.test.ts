import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFolder, providePackages } from "../../../../sandbox/cluster/packages";

/** apt-get of a machine whose sources have everything but one package. */
const APT = `#!/bin/sh
case "$*" in *download*no-such-package*)
  echo "W: some warning" >&2
  echo "E: Unable to locate package no-such-package" >&2
  echo "E: and more" >&2
  exit 100 ;;
esac
`;

describe("packages of the distribution", () => {
    const { PATH, BOTS_EDI_CACHE } = process.env;
    let folder: string;

    before(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-packages-"));
        mkdirSync(join(folder, "bin"));
        writeFileSync(join(folder, "bin", "apt-get"), APT, { mode: 0o755 });
        process.env.PATH = `${join(folder, "bin")}:${PATH ?? ""}`;
        process.env.BOTS_EDI_CACHE = join(folder, "cache");
    });
    after(() => {
        process.env.PATH = PATH;
        if (BOTS_EDI_CACHE === undefined) delete process.env.BOTS_EDI_CACHE;
        else process.env.BOTS_EDI_CACHE = BOTS_EDI_CACHE;
        rmSync(folder, { recursive: true });
    });

    it("are unpacked each into a folder of its own, once", async () => {
        assert.match((await providePackages([], ["one", "two"])) ?? "", /unpacked .*, one, two$/);
        assert.ok(existsSync(packageFolder("one")));
        assert.notEqual(packageFolder("one"), packageFolder("two"));
        assert.doesNotMatch((await providePackages([], ["one"])) ?? "", /unpacked/);
    });

    it("are named in one line, with apt's own reason, where they cannot be had; nothing is left in their place", async () => {
        await assert.rejects(providePackages([], ["no-such-package"]), {
            name: "SandboxError",
            message:
                "apt-get does not get no-such-package (E: Unable to locate package no-such-package); " +
                "see to the network and to /etc/apt/sources.list, and run again",
        });
        assert.ok(!existsSync(packageFolder("no-such-package")));
    });
});
