import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { binaryPath, kubernetesVersion } from "../../../sandbox/cluster/binaries";
import { attempt } from "../../../operations/exec";
import { componentKubeconfig } from "../../../sandbox/cluster/kubeconfig";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { certificate } from "../../../sandbox/cluster/pki";
import { apiServerUrl } from "../../../sandbox/cluster/settings";
import { waitUntil } from "../../../operations/wait";
import { kubeconfigPath } from "../../../sandbox/paths";
import { TestNamespace } from "../namespace";
import {
    componentPids,
    idlePod,
    pod,
    requireAllUp,
    requirePolicies,
    sandbox,
    service,
    sharedClaim,
    trySandbox,
    webPod,
} from "./sandbox";

describe("the cluster", () => {
    before("brings it up, and builds what is not in the cache", async function () {
        this.timeout(45 * 60_000);
        await sandbox("up", "--no-images");
    });

    describe("node", () => {
        it("is Ready, with the pinned Kubernetes", async () => {
            await requireAllUp();
            const versions =
                "jsonpath={range .items[*].status.nodeInfo}{.kubeletVersion} {.containerRuntimeVersion}{end}";
            const [kubelet, runtime, more] = (await kubectl(["get", "nodes", "-o", versions])).split(" ");
            assert.deepEqual([kubelet, more], [kubernetesVersion(), undefined]);
            assert.match(runtime ?? "", /^containerd:/);
        });

        it("is left alone by a second up", async () => {
            const before = await componentPids();
            await sandbox("up", "--no-images");
            assert.deepEqual(await componentPids(), before);
        });
    });

    describe("pods", () => {
        const namespace = new TestNamespace("e2e-pods");
        before(async () => {
            await namespace.create({ "pod-security.kubernetes.io/enforce": "restricted" });
            await namespace.apply(webPod("web", "hello"), service("web"), idlePod("client"));
            await Promise.all([namespace.waitForPod("web"), namespace.waitForPod("client")]);
        });
        after(() => namespace.delete());

        it("run and show their logs", async () => {
            assert.equal(await namespace.kubectl("logs", "web"), "serving hello\n");
        });

        it("take commands by exec, through the pass-through, and give their exit code back", async () => {
            const script = "cat /tmp/index.html; exit 7";
            const args = ["kubectl", "-n", namespace.name, "exec", "web", "--", "sh", "-c", script];
            const { code, stdout } = await trySandbox(...args);
            assert.deepEqual([stdout, code], ["hello\n", 7]);
        });

        it("are reached by port-forward", async () => {
            const forward = spawn(binaryPath("kubectl"), ["-n", namespace.name, "port-forward", "pod/web", ":8080"], {
                env: { ...process.env, KUBECONFIG: kubeconfigPath },
            });
            const ended = once(forward, "exit");
            try {
                let said = "";
                // Its output stays open: kubectl ends when it cannot write to it.
                for (const stream of [forward.stdout, forward.stderr])
                    stream.on("data", (part) => (said += String(part)));
                let port: string | undefined;
                const hasPort = () => {
                    port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
                    return port !== undefined || said;
                };
                await waitUntil("a forwarded port", hasPort, { timeout: 30 });
                const response = await fetch(`http://127.0.0.1:${port ?? ""}/`);
                assert.equal(await response.text(), "hello\n");
            } finally {
                forward.kill();
                await ended;
            }
        });

        it("answer from another pod by their Service's DNS name", async () => {
            for (const host of ["web", `web.${namespace.name}`, `web.${namespace.name}.svc.cluster.local`]) {
                const answer = await namespace.kubectl("exec", "client", "--", "wget", "-qO-", `http://${host}/`);
                assert.equal(answer, "hello\n", host);
            }
        });
    });

    describe("network policies", () => {
        const namespace = new TestNamespace("e2e-policies");
        const policy = (name: string, spec: object) => ({
            apiVersion: "networking.k8s.io/v1",
            kind: "NetworkPolicy",
            metadata: { name },
            spec,
        });
        const reaches = async (client: string) =>
            (await namespace.tryKubectl(["exec", client, "--", "wget", "-qO-", "http://web/"])).code === 0;
        const becomes = (client: string, wanted: boolean) =>
            waitUntil(`${client} to reach web: ${wanted}`, async () => (await reaches(client)) === wanted, {
                timeout: 30,
            });

        before(async function () {
            await requirePolicies(this);
            await namespace.create({ "pod-security.kubernetes.io/enforce": "restricted" });
            const clients = ["friend", "stranger"];
            await namespace.apply(
                webPod("web", "hello"),
                service("web"),
                ...clients.map((name) => idlePod(name, { labels: { app: name } })),
            );
            await Promise.all(["web", ...clients].map((name) => namespace.waitForPod(name)));
        });
        after(() => namespace.delete());

        it("let everybody in while there is none", async () => {
            await becomes("friend", true);
            await becomes("stranger", true);
        });

        it("keep out whom they do not name", async () => {
            const from = [{ podSelector: { matchLabels: { app: "friend" } } }];
            const spec = { podSelector: { matchLabels: { app: "web" } }, ingress: [{ from, ports: [{ port: 8080 }] }] };
            await namespace.apply(policy("web", spec));
            await becomes("stranger", false);
            assert.equal(await reaches("friend"), true);
        });

        it("keep in whom they select", async () => {
            const spec = { podSelector: { matchLabels: { app: "friend" } }, policyTypes: ["Egress"], egress: [] };
            await namespace.apply(policy("friend", spec));
            await becomes("friend", false);
        });

        it("end with their object", async () => {
            await namespace.kubectl("delete", "networkpolicy", "web", "friend");
            await becomes("friend", true);
            await becomes("stranger", true);
        });
    });

    describe("shared volumes", () => {
        const namespace = new TestNamespace("e2e-volumes");
        before(() => namespace.create({ "pod-security.kubernetes.io/enforce": "restricted" }));
        after(() => namespace.delete());

        it("bind read-write-many, and two pods share a file", async () => {
            const claim = "shared";
            await namespace.apply(sharedClaim(claim), idlePod("writer", { claim }), idlePod("reader", { claim }));
            await Promise.all([namespace.waitForPod("writer"), namespace.waitForPod("reader")]);
            assert.equal(await namespace.value(`pvc/${claim}`, ".status.phase"), "Bound");
            assert.equal(await namespace.value(`pvc/${claim}`, ".spec.accessModes[*]"), "ReadWriteMany");
            await namespace.kubectl("exec", "writer", "--", "sh", "-c", "echo shared > /shared/file");
            assert.equal(await namespace.kubectl("exec", "reader", "--", "cat", "/shared/file"), "shared\n");
        });

        it("are writable to another uid of its own", async () => {
            const claim = "database";
            await namespace.apply(sharedClaim(claim), idlePod("database", { claim, uid: 999 }));
            await namespace.waitForPod("database");
            const script = "mkdir /shared/mysql && echo 1 > /shared/mysql/a && stat -c %u /shared/mysql/a";
            assert.equal(await namespace.kubectl("exec", "database", "--", "sh", "-c", script), "999\n");
        });

        it("are taken away with their claim", async () => {
            await namespace.apply(sharedClaim("short"));
            await namespace.kubectl("wait", "pvc/short", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s");
            const volume = await namespace.value("pvc/short", ".spec.volumeName");
            await namespace.kubectl("delete", "pvc", "short");
            await kubectl(["wait", `pv/${volume}`, "--for=delete", "--timeout=60s"]);
        });
    });

    describe("guards", () => {
        const namespace = new TestNamespace("e2e-guards");
        before(() => namespace.create({ "pod-security.kubernetes.io/enforce": "restricted" }));
        after(() => namespace.delete());

        it("refuse a pod that breaks Pod Security's restricted level, and name what it broke", async () => {
            const good = pod("bad", { command: ["sleep", "1"] });
            const securityContext = { privileged: true };
            const containers = good.spec.containers.map((container) => ({ ...container, securityContext }));
            const bad = { ...good, spec: { ...good.spec, hostNetwork: true, containers } };
            const { code, stderr } = await namespace.tryKubectl(["create", "-f", "-"], JSON.stringify(bad));
            assert.equal(code, 1);
            assert.match(stderr, /violates PodSecurity "restricted:latest"/);
            assert.match(stderr, /privileged/);
            assert.match(stderr, /host namespaces/);
        });

        it("let nobody in without a certificate", async () => {
            const ca = readFileSync(certificate("ca"));
            for (const headers of [{}, { authorization: "Bearer guessed" }]) {
                const request = get(`${apiServerUrl}/api`, { ca, headers });
                const [response] = (await once(request, "response")) as [IncomingMessage];
                response.resume();
                assert.equal(response.statusCode, 401);
            }
        });

        it("keep the node from labelling itself into trust, and from secrets of others", async () => {
            const asNode = (...args: string[]) =>
                attempt(binaryPath("kubectl"), ["--kubeconfig", componentKubeconfig("kubelet"), ...args]);
            const trust = "node-restriction.kubernetes.io/trusted=yes";
            const label = await asNode("label", "node", "bots-edi-sandbox", trust);
            assert.match(label.stderr, /is not allowed to modify labels/);
            const secrets = await asNode("get", "secrets", "--all-namespaces");
            assert.match(secrets.stderr, /forbidden/i);
        });
    });

    describe("command", () => {
        it("refuses an option that it does not know", async () => {
            const { code, stderr } = await trySandbox("up", "--fast");
            assert.equal(code, 1);
            assert.match(stderr, /unknown option '--fast'/);
        });

        it("refuses an archive that is not there", async () => {
            const { code, stderr } = await trySandbox("import", "/nonexistent.tar");
            assert.equal(code, 1);
            assert.equal(stderr.split("\n").at(-2), "sandbox:cluster: there is no image archive /nonexistent.tar");
        });
    });
});
