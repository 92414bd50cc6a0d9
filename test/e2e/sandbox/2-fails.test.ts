/** A database that cannot be initialised: nothing that needs it is made, and once it can be, the next update goes on. */
import assert from "node:assert/strict";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { admit, dismiss, putCredentials } from "../pulumi/externalDatabase";
import { TestStack } from "../pulumi/testStack";

const OTHER = "edi-failed-init";

/** A stack with an external database: that of the sandbox's own stack. */
const SETTINGS = {
    imageTag: "3.3.1",
    image: { repository: "localhost/bots-edi" },
    storageClass: "sandbox-shared",
    namespace: OTHER,
    createNamespace: "false",
    protectData: "false",
    storage: { data: "64Mi", logs: "64Mi", config: "64Mi" },
};

describe("a db-init that fails", () => {
    let stack: TestStack;
    const workloads = () => kubectl(["get", "deployments,cronjobs,ingresses", "-n", OTHER, "-o", "name"]);

    before(async () => {
        stack = await TestStack.botsEdi(SETTINGS);
        await tryKubectl(["create", "namespace", OTHER]);
        await putCredentials(OTHER, { DB_PASSWORD: "wrong-on-purpose" });
        await admit(OTHER);
    });
    after(async function () {
        this.timeout(120_000);
        await dismiss(OTHER);
        await tryKubectl(["delete", "namespace", OTHER, "--wait=true", "--timeout=100s"]);
        stack.forget();
    });

    it("fails the update with the Job's last lines, and no webserver, job queue or engine exists", async () => {
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /bots-edi-db-init/);
        assert.match(text, /Access denied/);
        assert.equal((await workloads()).trim(), "");
    });

    it("succeeds once the cause is mended, without any cleaning by hand", async () => {
        await putCredentials(OTHER);
        await stack.up();
        assert.deepEqual((await workloads()).trim().split("\n").sort(), [
            "cronjob.batch/bots-config-backup",
            "cronjob.batch/bots-engine",
            "deployment.apps/bots-jobqueue",
            "deployment.apps/bots-webserver",
        ]);
    });
});
