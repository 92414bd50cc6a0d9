import assert from "node:assert/strict";
import { compare, readExceptions } from "../../check/exceptions";

const finding = {
    tool: "checkov",
    check: "CKV_K8S_43",
    object: "Job/bots-db-init",
    message: "Image should use digest",
} as const;

describe("exceptions to the checks of manifests", () => {
    it("are read, an entry an object", () => {
        assert.ok(readExceptions().some(({ check, object }) => check === finding.check && object === finding.object));
    });
    it("cover a finding of the same tool, check and object only", () => {
        assert.deepEqual(compare([finding], [finding]), { unlisted: [], stale: [] });
        for (const other of [{ tool: "kube-score" as const }, { check: "CKV_K8S_1" }, { object: "Job/other" }]) {
            const listed = { ...finding, ...other };
            assert.deepEqual(compare([finding], [listed]), { unlisted: [finding], stale: [listed] });
        }
    });
});
