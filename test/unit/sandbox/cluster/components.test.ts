import { strict as assert } from "node:assert";
import { component, componentNames } from "../../../../sandbox/cluster/components";

describe("components", () => {
    const all = componentNames.map((name) => component(name));
    const argsOf = (name: string) => all.find((candidate) => candidate.name === name)?.args ?? [];

    it("never skip a certificate check and take no static token", () => {
        const text = all.flatMap(({ args }) => args).join(" ");
        assert.doesNotMatch(text, /insecure|skip-verify|token-auth-file|http:\/\//);
    });

    it("let etcd's clients and peers in by certificate only", () => {
        assert.ok(argsOf("etcd").includes("--client-cert-auth=true"));
        assert.ok(argsOf("etcd").includes("--peer-client-cert-auth=true"));
    });
});
