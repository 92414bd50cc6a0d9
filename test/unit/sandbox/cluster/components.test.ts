import { strict as assert } from "node:assert";
import { component, componentNames } from "../../../../sandbox/cluster/components";

describe("components", () => {
    const all = componentNames.map((name) => component(name));
    const argsOf = (name: string) => all.find((candidate) => candidate.name === name)?.args ?? [];

    it("are the eight processes of a node with its control plane", () => {
        assert.deepEqual([...componentNames].sort(), [
            "containerd",
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-proxy",
            "kube-router",
            "kube-scheduler",
            "kubelet",
        ]);
    });

    it("never skip a certificate check and take no static token", () => {
        const text = all.flatMap(({ args }) => args).join(" ");
        assert.doesNotMatch(text, /insecure|skip-verify|token-auth-file|http:\/\//);
    });

    it("let etcd's clients and peers in by certificate only", () => {
        assert.ok(argsOf("etcd").includes("--client-cert-auth=true"));
        assert.ok(argsOf("etcd").includes("--peer-client-cert-auth=true"));
    });

    it("guard the API with RBAC, node restriction and Pod Security admission", () => {
        assert.ok(argsOf("kube-apiserver").includes("--authorization-mode=Node,RBAC"));
        assert.ok(argsOf("kube-apiserver").includes("--enable-admission-plugins=NodeRestriction,PodSecurity"));
        assert.ok(argsOf("kube-apiserver").includes("--anonymous-auth=false"));
    });
});
