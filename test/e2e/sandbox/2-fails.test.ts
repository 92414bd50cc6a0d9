/** A database that cannot be initialised: nothing that needs it is made, and once it can be, the next update goes on. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { NAMESPACE } from "../../../sandbox/bots";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { Deployment } from "../../../sandbox/engine/deployment";
import { kubeconfigPath } from "../../../sandbox/paths";

const ROOT = join(__dirname, "..", "..", "..");
const OTHER = "edi-failed-init";
const SECRET = "bots-edidb-secret";

/** A stack with an external database: that of the sandbox's own stack. */
const CONFIG = {
    "bots-edi:imageTag": "3.3.1",
    "bots-edi:image": { repository: "localhost/bots-edi" },
    "bots-edi:storageClass": "sandbox-shared",
    "bots-edi:namespace": OTHER,
    "bots-edi:createNamespace": "false",
    "bots-edi:protectData": "false",
    "bots-edi:storage": { data: "64Mi", logs: "64Mi", config: "64Mi" },
};

/** The sandbox's own database lets nobody in but its own system. */
const admission = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: OTHER, namespace: NAMESPACE },
    spec: {
        podSelector: { matchLabels: { app: "bots-edi", component: "database" } },
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": OTHER } } }] }],
    },
};

interface Secret {
    readonly data: Readonly<Record<string, string>>;
}

/** Puts the credentials of the sandbox's own database into the other namespace, some of them replaced. */
async function putSecret(changes: Record<string, string>): Promise<void> {
    const { data } = JSON.parse(await kubectl(["get", "secret", SECRET, "-n", NAMESPACE, "-o", "json"])) as Secret;
    const manifest = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: SECRET, namespace: OTHER },
        data,
        stringData: { DB_HOST: `bots-db.${NAMESPACE}.svc`, ...changes },
    };
    await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: JSON.stringify(manifest) });
}

describe("a db-init that fails", () => {
    let folder: string;
    const lines: string[] = [];
    const deployment = () =>
        new Deployment({
            projectDir: folder,
            stack: "failed",
            kubeconfig: kubeconfigPath,
            stateFile: join(folder, "state.json"),
            log: (line) => {
                lines.push(line);
                console.log(line);
            },
        });
    const workloads = () => kubectl(["get", "deployments,cronjobs,ingresses", "-n", OTHER, "-o", "name"]);

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-failed-init-"));
        writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: "bots-edi", runtime: "nodejs", main: ROOT }));
        writeFileSync(join(folder, "Pulumi.failed.yaml"), stringify({ config: CONFIG }));
        await tryKubectl(["create", "namespace", OTHER]);
        await putSecret({ DB_PASSWORD: "wrong-on-purpose" });
        await kubectl(["apply", "-f", "-"], { input: JSON.stringify(admission) });
    });
    after(async function () {
        this.timeout(120_000);
        await tryKubectl(["delete", "networkpolicy", OTHER, "-n", NAMESPACE]);
        await tryKubectl(["delete", "namespace", OTHER, "--wait=true", "--timeout=100s"]);
        rmSync(folder, { recursive: true, force: true });
    });

    it("fails the update with the Job's last lines, and no webserver, job queue or engine exists", async () => {
        await assert.rejects(deployment().up(), (error: Error) => {
            assert.match(error.message, /bots-edi-db-init/);
            assert.match(error.message, /Access denied/);
            return true;
        });
        assert.equal((await workloads()).trim(), "");
    });

    it("succeeds once the cause is mended, without any cleaning by hand", async () => {
        await putSecret({});
        await deployment().up();
        assert.deepEqual((await workloads()).trim().split("\n").sort(), [
            "cronjob.batch/bots-config-backup",
            "cronjob.batch/bots-engine",
            "deployment.apps/bots-jobqueue",
            "deployment.apps/bots-webserver",
        ]);
    });
});
