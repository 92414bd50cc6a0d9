import assert from "node:assert/strict";

import { makeUrn, parseDuration, providerUrn, stackType } from "../../../../sandbox/engine/registration";

describe("engine: registrations", () => {
    it("makes the URNs that the Pulumi CLI makes", () => {
        const stack = makeUrn("p", "s", "", stackType, "p-s");
        const component = makeUrn("p", "s", stack, "bots-edi:index:BotsEdi", "edi");
        assert.equal(stack, "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s");
        assert.equal(component, "urn:pulumi:s::p::bots-edi:index:BotsEdi::edi");
        assert.equal(
            makeUrn("p", "s", component, "kubernetes:core/v1:Service", "web"),
            "urn:pulumi:s::p::bots-edi:index:BotsEdi$kubernetes:core/v1:Service::web",
        );
    });

    it("finds the provider's URN in a reference", () => {
        assert.equal(
            providerUrn("urn:pulumi:s::p::pulumi:providers:kubernetes::k::some-id"),
            "urn:pulumi:s::p::pulumi:providers:kubernetes::k",
        );
        assert.equal(providerUrn(""), "");
    });

    it("reads Go's durations and nothing else", () => {
        assert.equal(parseDuration("1h30m"), 5_400_000);
        assert.equal(parseDuration("1.5s"), 1500);
        assert.equal(parseDuration("250ms"), 250);
        assert.equal(parseDuration(""), undefined);
        for (const text of ["5", "5 m", "m", "5d"])
            assert.throws(() => parseDuration(text), /expected a duration such as/);
    });
});
