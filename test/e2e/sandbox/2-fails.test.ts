/** A database that cannot be initialised: nothing that needs it is made, and once it can be, the next update goes on. */
import assert from "node:assert/strict";
import { NAMESPACE } from "../../../sandbox/bots";
import { tryKubectl } from "../../../sandbox/cluster/kubectl";
import { TestNamespace } from "../namespace";
import { admit, dismiss, putCredentials } from "../pulumi/externalDatabase";
import { TestStack } from "../pulumi/testStack";
import { NodeLocalDns } from "./nodeLocalDns";

const namespace = new TestNamespace("edi-failed-init");

/** A stack with an external database: that of the sandbox's own stack. */
const SETTINGS = {
    namespace: namespace.name,
    createNamespace: "false",
    protectData: "false",
    backup: { clientImage: "localhost/bots-edi-mariadb:10.11" },
    env: { PYTHONPATH: "/home/bots/.bots/python" },
    pods: {
        annotations: { "example.com/mesh": "off" },
        labels: { team: "edi" },
        runAsUser: 20001,
        runAsGroup: 20002,
        fsGroup: 20003,
        files: [{ secret: "partner", path: "/secrets/partner" }],
        env: { PARTNER_PIN: { secret: "partner", key: "pin" } },
    },
};

const PARTNER = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "partner" },
    stringData: { pin: "1234", id_sftp: "a key" },
};

/** Asks the DNS of the node, by hand: the pods' resolver is the cluster's. */
const QUERY = `
import socket
name = b"".join(bytes([len(part)]) + part for part in b"kubernetes.default.svc.cluster.local".split(b"."))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    asking.settimeout(5)
    asking.sendto(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + name + b"\\0\\0\\1\\0\\1", ("169.254.20.10", 53))
    answer = asking.recv(512)
print("answered" if answer[3] & 15 == 0 and answer[7] == 1 else answer)
`;

const SEEN = "20001\n20002 20003\na key\n1234\n";

describe("a db-init that fails", () => {
    let stack: TestStack;
    const workloads = async () =>
        (await namespace.kubectl("get", "deployments,cronjobs,ingresses", "-o", "name")).trim();

    before(async () => {
        stack = await TestStack.botsEdi(SETTINGS);
        await namespace.create();
        await putCredentials(namespace.name, { DB_PASSWORD: "wrong-on-purpose" });
        await namespace.apply(PARTNER);
        await admit(namespace.name);
    });
    after(async () => {
        await dismiss(namespace.name);
        await namespace.delete();
        stack.remove();
    });

    it("DNS that is not reached was reported as a database that is not: the update's last lines name networkPolicy.dns", async () => {
        stack.set({ networkPolicy: { dns: ["nodeLocal"] }, databaseInit: { deadlineSeconds: 60 } });
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /DNS does not resolve bots-db\.edi\.svc: networkPolicy\.dns says where/);
        stack.set({ networkPolicy: { dns: ["cluster", "nodeLocal"] }, databaseInit: {} });
    });

    it("fails the update with the Job's last lines, and no webserver, job queue or engine exists", async () => {
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /bots-edi-db-init/);
        assert.match(text, /Access denied/);
        assert.equal(await workloads(), "");
    });

    it("succeeds once the cause is mended, without any cleaning by hand", async () => {
        await putCredentials(namespace.name);
        await stack.up();
        assert.deepEqual((await workloads()).split("\n").sort(), [
            "cronjob.batch/bots-config-backup",
            "cronjob.batch/bots-engine",
            "deployment.apps/bots-engine-watch",
            "deployment.apps/bots-jobqueue",
            "deployment.apps/bots-webserver",
        ]);
    });

    it("node-local DNS resolved nothing: 169.254.20.10 is asked where networkPolicy.dns says so, and nowhere else", async () => {
        const dns = await NodeLocalDns.start();
        try {
            const ask = (from: string) =>
                tryKubectl(["exec", "deployment/bots-webserver", "-n", from, "--", "python", "-c", QUERY]);
            assert.match((await ask(namespace.name)).stdout, /^answered$/m);
            assert.match((await ask(NAMESPACE)).stderr, /timed out|TimeoutError/);
        } finally {
            await dns.stop();
        }
    });

    it("another user, keys and packages had no way in: pods run as it, with files and variables of a Secret", async () => {
        const inPod = (script: string) =>
            namespace.kubectl("exec", "deployment/bots-webserver", "--", "sh", "-c", script);
        assert.equal(await inPod("id -u; id -G; cat /secrets/partner/id_sftp; echo; echo $PARTNER_PIN"), SEEN);
        await assert.rejects(inPod("echo x > /secrets/partner/id_sftp"), /Read-only file system/);
        const labelled = await namespace.kubectl("get", "pods", "-l", "app=bots-edi,team=edi", "-o", "name");
        assert.match(labelled, /bots-webserver[^]*bots-jobqueue|bots-jobqueue[^]*bots-webserver/);
        // A package for mappings, as docs/operations.md says; the engine is another pod.
        const folder = "/home/bots/.bots/python";
        await inPod(`mkdir -p ${folder} && echo 'WORD = "found"' > ${folder}/partner_package.py`);
        const jobqueue = ["exec", "deployment/bots-jobqueue", "--", "python", "-c"];
        const word = await namespace.kubectl(...jobqueue, "import partner_package; print(partner_package.WORD)");
        assert.equal(word, "found\n");
    });
});
