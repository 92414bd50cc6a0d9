/** The life of one stack of this program on the real engine: installed, changed by somebody else, brought back. */
import assert from "node:assert/strict";
import { startApiServer } from "../api/apiServer";
import { TestNamespace } from "../namespace";
import { TestStack } from "./testStack";

const namespace = new TestNamespace("pulumi-lives");

describe("a stack of this program", function () {
    this.timeout("10m");
    let stack: TestStack;
    let said = "";

    before(async () => {
        await namespace.delete();
        const database = { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" };
        stack = await TestStack.botsEdi({ namespace: namespace.name, database });
    });
    after(async () => {
        stack.remove();
        await namespace.delete();
    });

    const secretValues = async () => {
        const { data } = await namespace.get<{ data: Record<string, string> }>("secret/bots-edidb-secret");
        return ["DB_PASSWORD", "DJANGO_SECRET_KEY"].map((key) => Buffer.from(data[key] ?? "", "base64").toString());
    };

    it("is installed in order: the database, its initialisation, then what needs it", async () => {
        said = await stack.up();
        const phases = await namespace.kubectl("get", "pvc", "-o", "jsonpath={.items[*].status.phase}");
        assert.deepEqual(phases.split(" "), ["Bound", "Bound", "Bound", "Bound", "Bound"]);
        const made = (what: string) => namespace.value(what, ".metadata.creationTimestamp");
        const [started, completed] = await Promise.all(
            ["startTime", "completionTime"].map((time) => namespace.value("job/bots-db-init", `.status.${time}`)),
        );
        assert.ok(started && completed);
        assert.ok((await made("statefulset/bots-db")) <= started);
        for (const what of ["deployment/bots-webserver", "deployment/bots-jobqueue", "cronjob/bots-engine"]) {
            assert.ok(completed <= (await made(what)), what);
        }
    });

    it("a kubeconfig that points to another cluster deployed there: preview and update refuse it in one line, and nothing is made", async () => {
        const other = await startApiServer();
        const { KUBECONFIG: own } = stack.env;
        stack.env["KUBECONFIG"] = other.kubeconfig;
        try {
            for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) {
                const { code, text } = await stack.pulumi(...args);
                assert.notEqual(code, 0);
                assert.match(
                    text,
                    /error: This is another cluster than that of stack test: namespace kube-system has .*$/m,
                );
            }
            assert.match(other.kubectl(["get", "namespace", namespace.name]).stderr, /not found/);
        } finally {
            stack.env["KUBECONFIG"] = own;
            await other.stop();
        }
        await stack.succeed("preview", "--expect-no-changes");
    });

    it("keeps generated secrets out of the state's plain text, its history, what it says and every ConfigMap", async () => {
        const config = await namespace.kubectl("get", "configmaps", "-o", "json");
        const shown = await stack.succeed("stack", "export");
        const kept = [...stack.everythingKept().values()].join("\n");
        for (const value of await secretValues()) {
            assert.ok(value.length >= 20);
            for (const text of [said, shown, config, kept]) assert.ok(!text.includes(value));
            for (const text of [config, kept]) assert.ok(!text.includes(Buffer.from(value).toString("base64")));
        }
    });

    it("initialises again with --refresh where the Job's TTL has taken it, and not without", async () => {
        // What the TTL controller does, five minutes early.
        await namespace.kubectl("delete", "job", "bots-db-init");
        await stack.up("--expect-no-changes");
        assert.equal(await namespace.has("job/bots-db-init"), false);
        await stack.up("--refresh");
        assert.equal(await namespace.has("job/bots-db-init"), true);
    });

    it("leaves what runs as it is where the database cannot be initialised, and goes on once it can", async () => {
        const generation = () => namespace.value("deployment/bots-webserver", ".metadata.generation");
        const before = await generation();
        stack.set({ imageTag: "9.9", databaseInit: { deadlineSeconds: 20 } });
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, /bots-db-init/);
        assert.equal(await generation(), before);
        stack.set({ imageTag: "3.3.1", databaseInit: undefined });
        await stack.up();
        await stack.succeed("preview", "--expect-no-changes");
    });

    it("comes back with its data after --exclude-protected, also with a claim that the state no longer knew", async () => {
        const uid = () => namespace.value("pvc/bots-edi-data-pvc", ".metadata.uid");
        const before = [await uid(), ...(await secretValues())];
        await stack.succeed("destroy", "--yes", "--skip-preview", "--exclude-protected");
        assert.equal(await namespace.has("deployment/bots-webserver"), false);
        const options = [
            "--parent",
            `storage=${stack.urn("bots-edi-storage")}`,
            "--provider",
            `cluster=${stack.urn("cluster")}`,
        ];
        await stack.succeed("state", "delete", stack.urn("bots-edi-storage-data"), "--force", "--yes");
        const claim = ["kubernetes:core/v1:PersistentVolumeClaim", "bots-edi-storage-data"];
        const id = `${namespace.name}/bots-edi-data-pvc`;
        await stack.succeed("import", ...claim, id, ...options, "--generate-code=false", "--yes", "--skip-preview");
        assert.doesNotMatch(await stack.succeed("preview", "--diff"), /replace/);
        await stack.up();
        await stack.succeed("preview", "--expect-no-changes");
        assert.deepEqual([await uid(), ...(await secretValues())], before);
    });
});
