import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otherNodes } from "../../../../sandbox/cluster/otherNodes";

describe("other Kubernetes nodes", function () {
    before(function () {
        if (process.platform !== "linux") this.skip();
    });

    it("are known by what they run", () => {
        const folder = mkdtempSync(join(tmpdir(), "other-node-"));
        const kubelet = join(folder, "kubelet");
        copyFileSync("/bin/sleep", kubelet);
        const child = spawn(kubelet, ["60"]);
        const name = `kubelet (pid ${child.pid ?? 0})`;
        try {
            assert.ok(otherNodes().includes(name), otherNodes().join());
        } finally {
            child.kill("SIGKILL");
            rmSync(folder, { recursive: true });
        }
    });
});
