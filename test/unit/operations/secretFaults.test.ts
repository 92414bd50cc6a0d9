import assert from "node:assert/strict";
import { secretFaults } from "../../../operations/secretFaults";

describe("the status of Secrets from a store", () => {
    const external = (name: string, status: string, annotations: Record<string, string> = {}) => ({
        metadata: { name, uid: `uid-${name}`, annotations },
        status: { conditions: [{ type: "Ready", status, message: "could not get secret data from provider" }] },
    });
    const event = (of: string, name: string, reason: string, message: string) => ({
        metadata: { name },
        reason,
        message,
        involvedObject: { uid: `uid-${of}` },
    });
    const refusal = event("candidate", "candidate.9", "SecretRefused", "live stays as it is");

    it("tells nothing where all are ready", () => {
        const items = [external("candidate", "True"), external("live", "True")];
        assert.deepEqual(secretFaults({ items }, { items: [] }, "9"), []);
    });

    it("tells the controller's newest complaint, else its state", () => {
        const items = [
            external("candidate", "False"),
            external("live", "False"),
            { metadata: { name: "new", uid: "n" } },
        ];
        const events = [
            event("candidate", "a", "UpdateFailed", "first"),
            event("candidate", "b", "UpdateFailed", "property KEY does not exist"),
            refusal,
        ];
        assert.deepEqual(secretFaults({ items }, { items: events }, "9"), [
            "candidate: property KEY does not exist",
            "live: could not get secret data from provider",
            "new: External Secrets has not looked at it",
        ]);
    });

    it("tells what the watch has refused, until something else came or it was taken over", () => {
        const items = [external("candidate", "True"), external("live", "True")];
        assert.deepEqual(secretFaults({ items }, { items: [refusal] }, "9"), ["live stays as it is"]);
        assert.deepEqual(secretFaults({ items }, { items: [refusal] }, "10"), []);
        const taken = [external("candidate", "True"), external("live", "True", { "bots-edi/candidate": "uid.9" })];
        assert.deepEqual(secretFaults({ items: taken }, { items: [refusal] }, "9"), []);
    });
});
