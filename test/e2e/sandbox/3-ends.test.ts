/** The last day of the sandbox's stack. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { NAMESPACE } from "../../../sandbox/bots";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { waitUntil } from "../../../operations/wait";
import { TestNamespace } from "../namespace";
import { sandbox } from "./command";

interface Events {
    readonly items: readonly { readonly message: string }[];
}

describe("the end of the sandbox's stack", () => {
    it("comes after the engine has run on its schedule", async function () {
        this.timeout(460_000);
        // By the CronJob's events: runs by hand count in its status and, as jobs, push a scheduled one out of its history.
        const about = "involvedObject.kind=CronJob,involvedObject.name=bots-engine,reason=SawCompletedJob";
        const succeeded = async () => {
            const { items } = await new TestNamespace(NAMESPACE).get<Events>("events", "--field-selector", about);
            const ended = items.map(({ message }) => message).join("; ");
            return /job: bots-engine-\d+, condition: Complete\b/.test(ended) || ended;
        };
        await waitUntil("a run of the schedule to succeed", succeeded, { timeout: 420, interval: 2000 });
    });

    it("destroys the stack and leaves the cluster", async () => {
        const { code } = await sandbox("destroy");
        assert.equal(code, 0);
        await assert.rejects(kubectl(["get", "namespace", NAMESPACE]), /not found/);
        await kubectl(["get", "--raw", "/readyz"]);
    });

    it("says that a port is in use before it changes anything", async () => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(8080, "127.0.0.1", resolve));
        const { code, text } = await sandbox();
        await new Promise((resolve) => server.close(resolve));
        assert.equal(code, 1);
        assert.match(text, /^sandbox: port 8080 of 127\.0\.0\.1 is in use/m);
    });
});
