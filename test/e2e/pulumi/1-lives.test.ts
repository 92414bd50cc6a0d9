/** The life of one stack of this program on the real engine: installed, changed by somebody else, protected, removed. */
import assert from "node:assert/strict";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { startApiServer } from "../api/apiServer";
import { read, removeNamespace, TestStack } from "./testStack";

const NAMESPACE = "pulumi-lives";

/** Stack `sandbox`, smaller, with its data protected as in production. */
const SETTINGS = {
    imageTag: "3.3.1",
    image: { repository: "localhost/bots-edi" },
    storageClass: "sandbox-shared",
    namespace: NAMESPACE,
    database: { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" },
    storage: { data: "64Mi", logs: "64Mi", config: "64Mi" },
};

interface Timed {
    readonly metadata: { readonly creationTimestamp: string };
}

describe("a stack of this program", function () {
    this.timeout("10m");
    let stack: TestStack;
    let said = "";

    before(async () => {
        await removeNamespace(NAMESPACE);
        stack = await TestStack.botsEdi(SETTINGS);
    });
    after(async () => {
        stack.forget();
        await removeNamespace(NAMESPACE);
    });

    /** `pulumi` as an operator calls it; it has to succeed. */
    const pulumi = async (...args: string[]) => {
        const { code, text } = await stack.pulumi(...args);
        assert.equal(code, 0, text);
        said += text;
        return text;
    };
    const exists = async (what: string) => (await tryKubectl(["get", what, "-n", NAMESPACE])).code === 0;
    const made = async (what: string) => (await read<Timed>(NAMESPACE, what)).metadata.creationTimestamp;
    const secretValues = async () => {
        const { data } = await read<{ data: Record<string, string> }>(NAMESPACE, "secret/bots-edidb-secret");
        return ["DB_PASSWORD", "DJANGO_SECRET_KEY"].map((key) => Buffer.from(data[key] ?? "", "base64").toString());
    };

    it("is installed in order: the database, its initialisation, then what needs it", async () => {
        said += await stack.up();
        const job = await read<{ status: { startTime: string; completionTime: string } }>(
            NAMESPACE,
            "job/bots-db-init",
        );
        assert.ok((await made("statefulset/bots-db")) <= job.status.startTime);
        for (const what of ["deployment/bots-webserver", "deployment/bots-jobqueue", "cronjob/bots-engine"]) {
            assert.ok(job.status.completionTime <= (await made(what)), what);
        }
    });

    it("changes nothing where nothing changed", async () => {
        await pulumi("preview", "--expect-no-changes");
    });

    it("a kubeconfig that points to another cluster deployed there: preview and update refuse it in one line, and nothing is made", async () => {
        const other = await startApiServer();
        stack.env = { KUBECONFIG: other.kubeconfig };
        try {
            for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) {
                const { code, text } = await stack.pulumi(...args);
                assert.notEqual(code, 0);
                assert.match(
                    text,
                    /error: This is another cluster than that of stack test: namespace kube-system has .*$/m,
                );
            }
            assert.match(other.kubectl(["get", "namespace", NAMESPACE]).stderr, /not found/);
        } finally {
            stack.env = {};
            await other.stop();
        }
        await pulumi("preview", "--expect-no-changes");
    });

    it("keeps generated secrets out of the state's plain text, its history, what it says and every ConfigMap", async () => {
        const config = await kubectl(["get", "configmaps", "-n", NAMESPACE, "-o", "json"]);
        const shown = await pulumi("stack", "export");
        const kept = stack.everythingKept();
        for (const value of await secretValues()) {
            assert.ok(value.length >= 20);
            for (const text of [said, shown, config, kept]) assert.ok(!text.includes(value));
            for (const text of [config, kept]) assert.ok(!text.includes(Buffer.from(value).toString("base64")));
        }
    });

    it("keeps a secret setting out of an error's message", async () => {
        const word = "hunter-two-and-three";
        await pulumi("config", "set", "--secret", "--path", "secretEnv.not a name", word);
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /secretEnv/);
        assert.ok(!text.includes(word), text);
        await pulumi("config", "rm", "secretEnv");
    });

    it("shows what somebody changed by hand with --refresh, and takes it back as docs/operations.md says", async () => {
        const label = async () =>
            (await read<{ metadata: { labels: { component: string } } }>(NAMESPACE, "service/bots-webserver")).metadata
                .labels.component;
        await kubectl(["label", "service/bots-webserver", "-n", NAMESPACE, "component=other", "--overwrite"]);
        await pulumi("preview", "--expect-no-changes");
        const drift = /component *: "other" => "webserver"/;
        assert.match((await stack.pulumi("preview", "--refresh", "--diff")).text, drift);
        stack.env = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };
        await pulumi("up", "--yes", "--skip-preview", "--refresh");
        stack.env = {};
        assert.equal(await label(), "webserver");
        // Providers from 4.26 on keep the switch in the state: this takes it out again.
        await pulumi("up", "--yes", "--skip-preview");
    });

    it("initialises again with --refresh where the Job's TTL has taken it, and not without", async () => {
        // What the TTL controller does, five minutes early.
        await kubectl(["delete", "job", "bots-db-init", "-n", NAMESPACE]);
        await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
        assert.equal(await exists("job/bots-db-init"), false);
        await pulumi("up", "--yes", "--skip-preview", "--refresh");
        assert.equal(await exists("job/bots-db-init"), true);
    });

    it("leaves what runs as it is where the database cannot be initialised, and goes on once it can", async () => {
        const generation = async () =>
            (await read<{ metadata: { generation: number } }>(NAMESPACE, "deployment/bots-webserver")).metadata
                .generation;
        const before = await generation();
        stack.configure({ imageTag: "9.9", databaseInit: { deadlineSeconds: 60 } });
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /bots-db-init/);
        assert.equal(await generation(), before);
        stack.configure({ imageTag: "3.3.1" });
        await pulumi("up", "--yes", "--skip-preview");
        await pulumi("preview", "--expect-no-changes");
    });

    it("is not destroyed while its data is protected: the preview refuses, and nothing is touched", async () => {
        const { code, text } = await stack.pulumi("destroy", "--yes");
        assert.notEqual(code, 0);
        assert.match(text, /protected/);
        for (const what of ["pvc/bots-edi-data-pvc", "deployment/bots-webserver"]) {
            assert.equal(await exists(what), true, what);
        }
    });

    it("goes but for its data with --exclude-protected", async () => {
        await pulumi("destroy", "--yes", "--skip-preview", "--exclude-protected");
        assert.equal(await exists("deployment/bots-webserver"), false);
        for (const claim of ["data", "logs", "config"]) assert.equal(await exists(`pvc/bots-edi-${claim}-pvc`), true);
    });

    it("comes back with it, also with a claim that the state no longer knew", async () => {
        const uid = async () =>
            (await read<{ metadata: { uid: string } }>(NAMESPACE, "pvc/bots-edi-data-pvc")).metadata.uid;
        const before = await uid();
        const secrets = await secretValues();
        const urn = (name: string) => {
            const found = stack.state().resources.find((resource) => resource.urn.endsWith(`::${name}`));
            assert.ok(found, name);
            return found.urn;
        };
        const parents = [`storage=${urn("bots-edi-storage")}`, `cluster=${urn("cluster")}`] as const;
        await pulumi("state", "delete", urn("bots-edi-storage-data"), "--force", "--yes");
        const claim = ["kubernetes:core/v1:PersistentVolumeClaim", "bots-edi-storage-data"];
        const id = `${NAMESPACE}/bots-edi-data-pvc`;
        const options = ["--parent", parents[0], "--provider", parents[1], "--generate-code=false"];
        await pulumi("import", ...claim, id, ...options, "--yes", "--skip-preview");
        assert.doesNotMatch(await pulumi("preview", "--diff"), /replace/);
        await pulumi("up", "--yes", "--skip-preview");
        await pulumi("preview", "--expect-no-changes");
        assert.equal(await uid(), before);
        assert.deepEqual(await secretValues(), secrets);
    });

    it("goes with its data once protectData is false", async () => {
        stack.configure({ protectData: "false" });
        await pulumi("up", "--yes", "--skip-preview");
        await pulumi("destroy", "--yes", "--skip-preview");
        assert.equal((await tryKubectl(["get", "namespace", NAMESPACE])).code, 1);
        assert.deepEqual(stack.state().resources, []);
    });
});
