import { strict as assert } from "node:assert";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesInCgroups, removeCgroups } from "../../../sandbox/cluster/cgroups";
import { componentNames } from "../../../sandbox/cluster/components";
import { writeKubeconfigs } from "../../../sandbox/cluster/kubeconfig";
import { tryKubectl } from "../../../sandbox/cluster/kubectl";
import { layout } from "../../../sandbox/cluster/layout";
import { unmountBelow } from "../../../sandbox/cluster/mounts";
import { removeNetwork } from "../../../sandbox/cluster/network";
import { certificate, clusterCertificates, privateKey } from "../../../sandbox/cluster/pki";
import { identify } from "../../../sandbox/cluster/processIdentity";
import { signal } from "../../../sandbox/cluster/signal";
import { lastLine, run } from "../../../operations/exec";
import { waitUntil } from "../../../operations/wait";
import { runDir, stateDir } from "../../../sandbox/paths";
import { TestNamespace } from "../namespace";
import { componentPids, idlePod, requireAllUp, sandbox, service, sharedClaim, webPod, type Pod } from "./sandbox";

const namespace = new TestNamespace("e2e-recovery");

describe("after a crash", () => {
    let earlier: Pod;

    before(async () => {
        await sandbox("up", "--no-images");
        await namespace.create();
        await namespace.apply(
            { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" }, data: { key: "value" } },
            webPod("web", "kept"),
            service("web"),
            sharedClaim("shared"),
            idlePod("client", { claim: "shared" }),
        );
        await Promise.all([namespace.waitForPod("web"), namespace.waitForPod("client")]);
        await namespace.kubectl("exec", "client", "--", "sh", "-c", "echo kept > /shared/file");
    });

    beforeEach(async () => {
        earlier = await namespace.get<Pod>("pod/web");
    });

    after(() => namespace.delete());

    for (const name of componentNames) {
        it(`kill -9 of ${name} and up: objects and running pods are kept`, async () => {
            const pid = (await componentPids()).get(name);
            assert.ok(pid, `${name} does not run`);
            process.kill(pid, "SIGKILL");
            for (let look = 0; existsSync(`/proc/${pid}`) && look < 50; look++) await sleep(100);
            assert.equal((await componentPids()).has(name), false, `${name} still runs`);

            await sandbox("up", "--no-images");

            await requireAllUp();
            await requireObjects();
            const after = await namespace.get<Pod>("pod/web");
            assert.equal(after.metadata.uid, earlier.metadata.uid);
            assert.deepEqual(containers(after), containers(earlier), "the container was restarted");
        });
    }

    it("an up that was killed before it wrote a component down: the next one ends up with one of it", async () => {
        const earlierPid = (await componentPids()).get("kube-scheduler");
        assert.ok(earlierPid);
        rmSync(join(layout.processes, "kube-scheduler.json"));

        await sandbox("up", "--no-images");

        await requireAllUp();
        // A dead process may wait for its parent longer than a quick up takes.
        assert.equal(identify(earlierPid), undefined, "the forgotten scheduler still runs");
    });

    it("a reboot and up: objects and volumes are kept, pods run again", async () => {
        await forgetLikeAReboot();

        await sandbox("up", "--no-images");

        await requireEverythingRuns();
    });

    it("all certificates have expired: kubectl says so in one line, and up renews them", async () => {
        await expireCertificates();
        // The API server looks at its files now and then.
        const isTold = async () => {
            const { stderr } = await tryKubectl(["get", "nodes"]);
            return /certificate has expired or is not yet valid/.test(lastLine(stderr)) || stderr;
        };
        await waitUntil("kubectl to say so", isTold, { timeout: 90 });
        const before = await componentPids();

        const text = await sandbox("up", "--no-images");

        assert.match(text, /issued 12 certificates/);
        await requireAllUp();
        const after = await componentPids();
        for (const name of componentNames.filter((each) => each !== "containerd")) {
            assert.notEqual(after.get(name), before.get(name), `${name} still has the expired certificate`);
        }
        await requireObjects();
        assert.deepEqual(containers(await namespace.get<Pod>("pod/web")), containers(earlier));
        const dial = ["exec", "client", "--", "sh", "-c", "echo | nc -w 5 kubernetes.default 443"];
        const isReached = async () => (await namespace.tryKubectl(dial)).code === 0;
        await waitUntil("pods to reach the API server", isReached, { timeout: 30 });
    });

    it("down and up within 20 s: objects and volumes are kept, pods run again", async () => {
        await sandbox("down");
        assert.equal((await componentPids()).size, 0);

        const begin = Date.now();
        const text = await sandbox("up", "--no-images");
        const seconds = (Date.now() - begin) / 1000;
        console.log(text);
        assert.ok(seconds <= 20, `up took ${seconds} s`);

        await requireEverythingRuns();
    });

    async function requireEverythingRuns(): Promise<void> {
        await requireAllUp();
        // Until the kubelet has looked at them again, pods that are gone pass for Ready.
        await waitUntil("the pods to answer", async () => (await ask()).stdout === "kept\n", { timeout: 60 });
        await requireObjects();
        assert.equal((await namespace.get<Pod>("pod/web")).metadata.uid, earlier.metadata.uid);
        assert.equal(await namespace.kubectl("exec", "client", "--", "cat", "/shared/file"), "kept\n");
    }
});

/** Signs every certificate but the authorities' anew, ended since yesterday, as a sandbox of a year ago has them. */
async function expireCertificates(): Promise<void> {
    for (const { name, authority } of clusterCertificates) {
        if (authority === undefined) continue;
        const signed = ["-CA", certificate(authority), "-CAkey", privateKey(authority), "-days", "-1"];
        const own = ["-in", certificate(name), "-signkey", privateKey(name)];
        const request = join(layout.pki, `${name}.csr`);
        await run("openssl", ["x509", "-x509toreq", "-copy_extensions", "copyall", ...own, "-out", request]);
        const extensions = ["-copy_extensions", "copyall"];
        await run("openssl", ["x509", "-req", "-in", request, ...signed, ...extensions, "-out", certificate(name)]);
        rmSync(request);
    }
    writeKubeconfigs();
}

/** Takes away what a machine loses when its power fails: processes, mounts, network, cgroups and everything in /run. */
async function forgetLikeAReboot(): Promise<void> {
    for (const pid of processesInCgroups()) signal(pid, "SIGKILL");
    for (let look = 0; processesInCgroups().length > 0 && look < 50; look++) await sleep(100);
    await unmountBelow([stateDir, runDir]);
    await removeNetwork();
    removeCgroups();
    rmSync(runDir, { recursive: true });
}

const ask = () => namespace.tryKubectl(["exec", "client", "--", "wget", "-qO-", "http://web/"]);

async function requireObjects(): Promise<void> {
    assert.equal(await namespace.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.key}"), "value");
    const { stdout, stderr } = await ask();
    assert.deepEqual([stdout, stderr], ["kept\n", ""]);
}

function containers({ status }: Pod): { id: string; restarts: number }[] {
    return status.containerStatuses.map(({ containerID, restartCount }) => ({
        id: containerID,
        restarts: restartCount,
    }));
}
