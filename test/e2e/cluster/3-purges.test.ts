import { strict as assert } from "node:assert";
import { existsSync, readdirSync } from "node:fs";
import { runDir, stateDir } from "../../../sandbox/paths";
import { TestNamespace } from "../namespace";
import { componentPids, idlePod, sandbox, sharedClaim, trySandbox } from "./sandbox";
import { snapshot } from "./snapshot";

describe("purge", () => {
    const namespace = new TestNamespace("e2e-purge");

    /** A cluster with a running pod on a volume: everything that a purge has to take away. */
    async function bringUpAndUse(): Promise<void> {
        await sandbox("up", "--no-images");
        await namespace.create();
        await namespace.apply(sharedClaim("shared"), idlePod("pod", { claim: "shared" }));
        await namespace.waitForPod("pod");
    }

    before(() => sandbox("purge"));

    it("leaves the machine as it was", async () => {
        const before = await snapshot();
        await bringUpAndUse();
        assert.notDeepEqual(await snapshot(), before, "the snapshot does not see the sandbox at all");

        await sandbox("purge");

        assert.deepEqual(await snapshot(), before);
        // A state folder that is a disk of its own is there, and empty.
        for (const folder of [stateDir, runDir]) assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
        const { code, stdout } = await trySandbox("status");
        assert.equal(code, 3);
        assert.equal(stdout, "there is no sandbox on this machine\n");
    });

    it("leaves the machine as it was, when every component was killed before", async () => {
        const before = await snapshot();
        await bringUpAndUse();
        for (const pid of (await componentPids()).values()) process.kill(pid, "SIGKILL");

        await sandbox("purge");

        assert.deepEqual(await snapshot(), before);
    });

    it("has nothing to do, and says so, where there is no sandbox", async () => {
        const before = await snapshot();
        const said = await sandbox("purge");
        assert.match(said, /the sandbox is gone/);
        assert.deepEqual(await snapshot(), before);
    });
});
