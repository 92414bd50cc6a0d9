import { strict as assert } from "node:assert";
import { mountsBelow } from "../../../../sandbox/cluster/mounts";

const table = [
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "29 22 254:1 / /var/lib/bots-edi-sandbox rw - ext4 /dev/vdb rw",
    "30 22 0:25 / /var/lib/bots-edi-sandbox/kubelet/pods/1 rw - tmpfs tmpfs rw",
    "31 22 0:26 / /var/lib/bots-edi-sandbox-other rw - tmpfs tmpfs rw",
    "32 30 0:27 / /var/lib/bots-edi-sandbox/kubelet/pods/1/a\\040b rw - tmpfs tmpfs rw",
    "",
].join("\n");

describe("mounts", () => {
    it("are found below a folder, in their order, with their real names; a disk that is the folder itself is left alone", () => {
        assert.deepEqual(mountsBelow(["/var/lib/bots-edi-sandbox"], table), [
            "/var/lib/bots-edi-sandbox/kubelet/pods/1",
            "/var/lib/bots-edi-sandbox/kubelet/pods/1/a b",
        ]);
    });
});
