/** The pipeline's scripts on the real engine: plan, approval, exactly that plan; and the nightly comparison. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { kubeconfigPath } from "../../../sandbox/paths";
import { TestNamespace } from "../namespace";
import { Terminal } from "./terminal";
import { type Ran } from "./workplace";

const namespace = new TestNamespace("pulumi-pipeline");
const SECRET = "never-in-a-plan-4711";

interface Kubeconfig {
    users: { name: string; user: object }[];
}

describe("the pipeline", function () {
    this.timeout("10m");
    let terminal: Terminal;

    /** It outlives the namespace of a run that was killed. */
    const deleteBinding = () => kubectl(["delete", "clusterrolebinding", namespace.name, "--ignore-not-found"]);

    before(async () => {
        await deleteBinding();
        await namespace.create();
        terminal = await Terminal.open();
        Object.assign(terminal.env, {
            STACK: "dev",
            PLAN: join(terminal.folder, "plan.json"),
            RUNNER_TEMP: terminal.folder,
            GITHUB_SHA: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            GITHUB_STEP_SUMMARY: join(terminal.folder, "summary.md"),
        });
        await terminal.succeed("pulumi stack init dev");
        terminal.configure("dev", {
            imageTag: "3.3.1",
            image: { repository: "localhost/bots-edi" },
            namespace: namespace.name,
            createNamespace: false,
            storageClass: "sandbox-shared",
            storage: { data: "64Mi", logs: "64Mi", config: "64Mi" },
            database: { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" },
            engine: { suspend: true },
        });
        await terminal.succeed("pulumi config set --secret --path secretEnv.PARTNER_KEY", `${SECRET}\n`);
    });
    after(async () => {
        terminal.remove();
        await deleteBinding();
        await namespace.delete();
    });

    const plan = () => terminal.succeed(".github/scripts/plan");
    const apply = () => terminal.run(".github/scripts/apply");
    const compare = () => terminal.run(".github/scripts/compare");
    const configure = (webserver: object) => {
        terminal.configure("dev", { webserver });
    };
    const succeeds = ({ code, text }: Ran) => {
        assert.equal(code, 0, text);
    };

    it("the approver of prod saw no plan: what is planned is on the run's page, and no secret is in it or in the plan", async () => {
        await plan();
        const summary = terminal.read("summary.md");
        assert.match(summary, /^### Plan of stack dev at 4b825dc[^]*\+ \d+ to create/);
        for (const text of [summary, terminal.read("plan.json")]) {
            assert.ok(!text.includes(SECRET));
            assert.ok(!text.includes(Buffer.from(SECRET).toString("base64")));
        }
    });

    it("what was approved is what is done, values that only the update knows included", async () => {
        succeeds(await apply());
        await terminal.succeed("pulumi preview --stack dev --expect-no-changes");
    });

    it("an update did more than what was approved: it ends, and changes nothing", async () => {
        configure({ replicas: 2 });
        await plan();
        configure({ replicas: 3 });
        const { code, text } = await apply();
        assert.notEqual(code, 0);
        assert.match(text, /violates plan/);
        assert.equal(await namespace.value("deployment/bots-webserver", ".spec.replicas"), "1");
        configure({ replicas: 2 });
        succeeds(await apply());
        assert.equal(await namespace.value("deployment/bots-webserver", ".spec.replicas"), "2");
    });

    it("a plan was older than what runs: its update ends, and changes nothing", async () => {
        configure({ replicas: 1 });
        await plan();
        const older = terminal.read("plan.json");
        configure({ replicas: 1, autoscaling: undefined });
        terminal.configure("dev", { logLevel: "DEBUG" });
        await plan();
        succeeds(await apply());
        writeFileSync(join(terminal.folder, "plan.json"), older);
        terminal.configure("dev", { logLevel: "INFO" });
        const { code, text } = await apply();
        assert.notEqual(code, 0, text);
        assert.equal(await namespace.value("configmap/bots-config-env", ".data.LOG_LEVEL"), "DEBUG");
        terminal.configure("dev", { logLevel: "DEBUG" });
    });

    it("a preview could change the cluster: a plan is made with what may only read", async () => {
        await namespace.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "plan" } });
        const account = `--serviceaccount=${namespace.name}:plan`;
        await kubectl(["create", "clusterrolebinding", namespace.name, "--clusterrole=view", account]);
        const token = (await namespace.kubectl("create", "token", "plan")).trim();
        const config = parse(readFileSync(kubeconfigPath, "utf8")) as Kubeconfig;
        for (const user of config.users) user.user = { token };
        const file = join(terminal.folder, "read-only");
        writeFileSync(file, stringify(config), { mode: 0o600 });
        const { KUBECONFIG } = terminal.env;
        terminal.env.KUBECONFIG = file;
        try {
            terminal.configure("dev", { logLevel: "ERROR", webserver: { replicas: 2 } });
            // What changes with a secret is random, and known in the update only.
            await terminal.succeed("pulumi config set --secret --path secretEnv.PARTNER_KEY", `${SECRET}-other\n`);
            await plan();
        } finally {
            terminal.env.KUBECONFIG = KUBECONFIG;
        }
        succeeds(await apply());
        assert.equal(await namespace.value("configmap/bots-config-env", ".data.LOG_LEVEL"), "ERROR");
    });

    it("drift was seen by nobody: the comparison ends with what differs, and takes the TTL of db-init for none", async () => {
        await namespace.kubectl("delete", "job", "bots-db-init", "--ignore-not-found");
        succeeds(await compare());
        await namespace.kubectl("delete", "pdb", "bots-webserver");
        const { code, text } = await compare();
        assert.notEqual(code, 0);
        assert.match(text, /PodDisruptionBudget[^]*no changes were expected/);
    });
});
