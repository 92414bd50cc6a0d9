/** Runs that meet each other, or follow one that was killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT, sandbox } from "./command";

describe("the sandbox's stack", () => {
    after(async () => {
        await sandbox("destroy");
    });

    it("is let alone while it works, and its stack taken over when it was killed", async () => {
        const command = ["-r", "ts-node/register/transpile-only", "sandbox/main.ts", "up"];
        const first = spawn(process.execPath, command, {
            cwd: ROOT,
            stdio: ["ignore", "pipe", "inherit"],
            detached: true,
        });
        let said = "";
        first.stdout.setEncoding("utf8").on("data", (part: string) => (said += part));
        const hears = async (words: string) => {
            while (!said.includes(words)) {
                assert.equal(first.exitCode, null, said);
                await sleep(100);
            }
        };
        await hears("Namespace bots-edi creating");
        const second = await sandbox("up");
        assert.equal(second.code, 1);
        assert.match(second.text, /^sandbox: .* process \d+ holds the lock .*; wait for it or stop it$/m);

        await hears("Job bots-edi-db-init creating");
        process.kill(-(first.pid ?? 0), "SIGKILL");
        const third = await sandbox("up");
        assert.equal(third.code, 0);
        assert.match(third.text, /An earlier run was killed/);
        assert.equal((await sandbox("preview")).code, 0);
    });
});
