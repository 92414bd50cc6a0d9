/** What a run of the sandbox can meet: another one, the remains of one, another checkout, an earlier version's stack, broken tools. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout, stateDir } from "../../../sandbox/paths";
import { providePulumi } from "../../../sandbox/pulumi/cli";
import { pulumiFolder } from "../../../sandbox/stack";
import { copyCheckout } from "../pulumi/copyCheckout";
import { listen } from "../pulumi/workplace";
import { sandbox, sandboxOf } from "./command";

describe("the sandbox's stack", () => {
    let folder: string;

    before(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-meets-"));
    });
    after(async () => {
        await sandbox("destroy");
        rmSync(folder, { recursive: true });
    });

    it("is let alone while another run changes it, and taken over from one that was killed", async () => {
        const command = ["-r", "ts-node/register/transpile-only", "sandbox/main.ts", "up"];
        const first = spawn(process.execPath, command, {
            cwd: checkout,
            stdio: ["ignore", "pipe", "inherit"],
            detached: true,
        });
        const hears = listen(first);
        await hears("Namespace bots-edi creating");
        const second = await sandbox("up");
        assert.equal(second.code, 1);
        assert.match(second.text, /^sandbox: .* process \d+ holds the lock .*; wait for it or stop it$/m);

        await hears("Job bots-edi-db-init creating");
        process.kill(-(first.pid ?? 0), "SIGKILL");
        // What a kill may leave beside the state of a CLI that keeps attributes.
        writeFileSync(join(pulumiFolder, ".pulumi", "stacks", "bots-edi", "sandbox.json.attrs"), "");
        const third = await sandbox("up");
        assert.equal(third.code, 0);
        assert.match(third.text, /An earlier run was killed/);
        assert.equal((await sandbox("preview")).code, 0);
    });

    it("is deployed from the checkout that the command is run from, whichever made it", async () => {
        const other = join(folder, "other");
        copyCheckout(other);
        appendFileSync(join(other, "config", "bots.ini"), "\n# changed in the other checkout\n");
        const { code, text } = await sandboxOf(other, ["preview"]);
        assert.equal(code, 2, text);
        assert.ok(text.includes(`Deploying ${other} with Pulumi `));
        assert.match(text, /changed in the other checkout/);
        rmSync(other, { recursive: true });
        assert.equal((await sandbox("preview")).code, 0);
    });

    it("is not touched where a plugin beside a CLI on the PATH does not start", async () => {
        const { root = "" } = await providePulumi(console.log);
        const bin = join(folder, "bin");
        mkdirSync(bin);
        for (const name of ["pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random", "policyPack.js"]) {
            symlinkSync(join(root, "bin", name), join(bin, name));
        }
        writeFileSync(join(bin, "pulumi-language-nodejs"), "#!/bin/sh\necho no such library >&2\nexit 127\n");
        chmodSync(join(bin, "pulumi-language-nodejs"), 0o755);
        const { code, text } = await sandboxOf(checkout, ["preview"], { PATH: `${bin}:${process.env.PATH ?? ""}` });
        assert.equal(code, 1);
        assert.match(text, /^Deploying .* with Pulumi 3\.\d+\.\d+, on the PATH$/m);
        assert.match(text, /^sandbox: the Pulumi CLI failed, see above: .*(language|nodejs)/m);
        assert.equal((await sandbox("preview")).code, 0);
    });

    it("is named, with what to do, where an earlier version's own engine made it", async () => {
        const former = join(stateDir, "stacks", "sandbox.json");
        mkdirSync(join(stateDir, "stacks"));
        writeFileSync(former, "{}");
        try {
            const { code, text } = await sandbox("up");
            assert.equal(code, 1);
            assert.match(
                text,
                /^sandbox: an earlier version's own engine made this stack .*: destroy it from .* purge`$/m,
            );
        } finally {
            rmSync(join(stateDir, "stacks"), { recursive: true });
        }
    });
});
