/** The end of the sandbox's stack. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { NAMESPACE } from "../../../sandbox/bots";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { sandbox } from "./command";

describe("the end of the sandbox's stack", () => {
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
