/** From what kubectl, kustomize and people made to a stack, and back: nobody notices, and no order is lost or sent twice. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../../operations/exec";
import { waitUntil } from "../../../operations/wait";
import { tryKubectl } from "../../../sandbox/cluster/kubectl";
import { checkout as ROOT } from "../../../sandbox/paths";
import { providePulumi } from "../../../sandbox/pulumi/cli";
import { fileBackend } from "../../../sandbox/pulumi/stack";
import { copyCheckout } from "../pulumi/copyCheckout";
import { withoutFailure } from "../requests";
import { type Call, ops } from "../operations/ops";
import { SystemOfThen } from "./systemOfThen";

const SETTINGS = {
    createNamespace: "false",
    imageTag: "3.3.1",
    image: { repository: "localhost/bots-edi" },
    storageClass: "sandbox-shared",
    storage: { data: "64Mi", logs: "64Mi", config: "64Mi", backup: "64Mi" },
    backup: { clientImage: "localhost/bots-edi-mariadb:10.11" },
    ingress: { host: "edi.example.com", skipAwait: true },
    engine: { schedule: "* * * * *" },
};

/** Requests a second: the webserver of then lets 5 wait, and drops the others of a busy machine before anything is adopted. */
const RATE = 10;

const VARIABLES = { PULUMI_CONFIG_PASSPHRASE: "test" };

describe("npm run ops -- adopt and migrate", function () {
    this.timeout("15m");
    const then = new SystemOfThen("edi-then");
    const old = new SystemOfThen("edi-monolith");
    const CLAIM = "bots-edi-pvc";
    const checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
    const states = mkdtempSync(join(tmpdir(), "bots-edi-states-"));
    const call: Call = { checkout, states, env: VARIABLES };

    const configure = (stack: string, changes: Record<string, unknown>) => {
        const settings = Object.entries({ ...SETTINGS, ...changes }).map(([key, value]) => [`bots-edi:${key}`, value]);
        const config = Object.fromEntries(settings) as object;
        writeFileSync(join(checkout, `Pulumi.${stack}.yaml`), stringify({ config }));
    };
    /** A stack that is new to Pulumi. */
    const makeStack = async (stack: string, changes: Record<string, unknown>) => {
        configure(stack, changes);
        const { command, env } = await providePulumi(console.log);
        const variables = { ...process.env, ...env, ...VARIABLES, PULUMI_BACKEND_URL: fileBackend(states) };
        await run(command, ["stack", "init", stack, "--cwd", checkout], { env: variables });
    };

    before(async () => {
        await run("npm", ["run", "--silent", "sandbox:cluster", "--", "up"], { cwd: ROOT, timeout: 3600 });
        copyCheckout(checkout);
        await makeStack("then", { namespace: then.namespace.name });
        await makeStack("monolith", { namespace: old.namespace.name });
        await Promise.all([openThen(), openMonolith()]);
    });
    after(async () => {
        await Promise.all([then, old].map(({ namespace }) => namespace.delete()));
        for (const folder of [checkout, states]) rmSync(folder, { recursive: true, force: true });
    });

    const openThen = async () => {
        await then.open();
        await then.apply("kustomize");
        await then.makeRoute("bots-webserver");
    };
    const oldEngine = () => old.sh("bots-edi", "bots-engine -c/home/bots/.bots/env/default/config --new");
    const openMonolith = async () => {
        await old.open();
        await old.applyMonolith();
        await old.makeRoute("bots-edi");
        await old.send(3, CLAIM);
        await oldEngine();
        await old.send(5, CLAIM);
    };

    const succeed = async (...args: string[]) => {
        const { code, text } = await ops(args, call);
        assert.equal(code, 0, text);
        return text;
    };
    /** It fails, and its last line says why. */
    const fail = async (message: RegExp, ...args: string[]) => {
        const { code, text } = await ops(args, call);
        assert.equal(code, 1, text);
        assert.match(text.trim().split("\n").at(-1) ?? "", message);
    };
    const adopt = (...options: string[]) => succeed("adopt", "--stack", "then", ...options);
    const { namespace } = then;

    const selectorOf = (what: string) => namespace.value(what, ".spec.selector");
    const uids = () =>
        Promise.all(
            ["pvc/bots-edi-data-pvc", "service/bots-webserver"].map((one) => namespace.value(one, ".metadata.uid")),
        );
    const text = () => namespace.value("configmap/bots-config-ini", String.raw`.data.bots\.ini`);
    const labels = () => namespace.value(`namespace/${namespace.name}`, ".metadata.labels");
    /** Everything that runs, and whether it was touched. */
    const whatRuns = () =>
        namespace.kubectl(
            ...["get", "deployments,services,ingresses,pods", "-l", "team=edi,component notin (engine,init)", "-o"],
            'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.spec}{"\\n"}{end}',
        );

    /** Does something while people use the pages, who notice nothing. */
    const inUse = (work: () => Promise<unknown>) => withoutFailure(namespace.name, work, RATE);

    /** Once the stack's own objects have begun to come. */
    const aPodOfThenDies = async () => {
        const hasBegun = () => namespace.has("networkpolicy/bots-default-deny");
        await waitUntil("the adoption to begin", hasBegun, { timeout: 300, interval: 200 });
        await namespace.kubectl("delete", "pods", "-l", "component=jobqueue", "--wait=false");
    };

    /** Gives a value of the database's Secret another key. */
    const moveKey = (from: string, to: string) => {
        const patch = JSON.stringify([{ op: "move", from: `/data/${from}`, path: `/data/${to}` }]);
        return namespace.kubectl("patch", "secret/bots-edidb-secret", "--type=json", "-p", patch);
    };

    describe("from kustomize, with common labels in every selector", () => {
        let kept: string[];
        before(async () => {
            kept = await uids();
        });

        it("refuses what it cannot do, in one line, and changes nothing", async () => {
            await namespace.kubectl("annotate", "service/bots-webserver", "meta.helm.sh/release-name=bots");
            await moveKey("DB_PORT", "DB_PORT_");
            const what = await whatRuns();
            await fail(
                /^ops: nothing was changed: Secret bots-edidb-secret lacks DB_PORT: kubectl edit .*; Service bots-webserver is Helm release bots's: /,
                ...["adopt", "--stack", "then", "--yes"],
            );
            await fail(
                /^ops: there is nothing to migrate: no Deployment bots-edi /,
                "migrate",
                "--stack",
                "then",
                "--yes",
            );
            await fail(/^ops: there is nothing to undo/, "adopt", "--stack", "then", "--undo");
            await namespace.kubectl("annotate", "service/bots-webserver", "meta.helm.sh/release-name-");
            await moveKey("DB_PORT_", "DB_PORT");
            await fail(/^ops: nothing was changed: takes --yes/, "adopt", "--stack", "then");
            assert.equal(await whatRuns(), what);
        });

        it("brings back what was there where db-init refuses the stack's configuration", async () => {
            const [what, ini, label] = [await whatRuns(), await text(), await labels()];
            const file = join(checkout, "config", "bots.ini");
            const good = readFileSync(file, "utf8");
            appendFileSync(file, "[settings]\n");
            // It tries again until then.
            configure("then", { namespace: namespace.name, databaseInit: { deadlineSeconds: 30 } });
            try {
                await inUse(() =>
                    fail(/^ops: it failed, and what was there is back/, ...["adopt", "--stack", "then", "--yes"]),
                );
            } finally {
                writeFileSync(file, good);
                configure("then", { namespace: namespace.name });
            }
            assert.deepEqual([await whatRuns(), await text(), await labels()], [what, ini, label]);
            const left = await namespace.kubectl(
                "get",
                "networkpolicies,poddisruptionbudgets,deployments",
                "-l",
                "app.kubernetes.io/part-of",
                "-o",
                "name",
            );
            assert.equal(left, "");
        });

        it("serves throughout, and keeps claims and Service; every order arrives once", async () => {
            await then.send(10);
            await then.keepSending(() => inUse(() => Promise.all([adopt("--yes"), aPodOfThenDies()])));
            assert.doesNotMatch(await namespace.kubectl("get", "events"), /violates PodSecurity/);
            assert.deepEqual(await uids(), kept);
            const own = '{"app":"bots-edi","component":"webserver"}';
            assert.equal(await selectorOf("service/bots-webserver"), own);
            assert.match(await text(), /maxdaysarchive/);
            assert.ok(await namespace.has("ingress/bots-edi-ingress"));
            assert.ok(!(await namespace.has("ingress/bots-edi")));
            assert.match(await succeed("status", "--stack", "then"), /^Checks {5}all pass$/m);
            await then.allArriveOnce();
            await fail(
                /^ops: the adoption of namespace edi-then is not confirmed yet/,
                ...["adopt", "--stack", "then", "--yes"],
            );
        });

        it("is undone, while it serves; every order arrives once", async () => {
            await then.send(10);
            await then.keepSending(() => inUse(() => adopt("--undo")));
            assert.deepEqual(await uids(), kept);
            assert.match(await selectorOf("deployment/bots-webserver"), /"team":"edi"/);
            assert.match(await selectorOf("service/bots-webserver"), /"team":"edi"/);
            assert.match(await text(), /AS IT WAS/);
            for (const gone of [
                "deployment/bots-engine-watch",
                "configmap/bots-config-env",
                "networkpolicy/bots-default-deny",
            ])
                assert.ok(!(await namespace.has(gone)), gone);
            assert.ok(await namespace.has("ingress/bots-edi"));
            assert.equal(await namespace.value("cronjob/bots-engine", ".spec.suspend"), "false");
            await then.allArriveOnce();
        });
    });

    describe("from kubectl, with the stack's own selectors", () => {
        it("keeps the Deployments too, after an adoption that was undone; once confirmed it stays", async () => {
            await namespace.kubectl("delete", "deployments,jobs,cronjobs", "--all");
            await then.apply("kubectl");
            const deployment = () => namespace.value("deployment/bots-webserver", ".metadata.uid");
            const before = await deployment();
            await then.send(5);
            await inUse(() => adopt("--yes"));
            assert.equal(await deployment(), before);
            await succeed("engine", "--stack", "then");
            await then.allArriveOnce();
            assert.match(await adopt("--confirm"), /^Confirmed\.$/m);
            await fail(/^ops: there is nothing to undo/, "adopt", "--stack", "then", "--undo");
            await fail(
                /^ops: nothing was changed: there is nothing to adopt: the stack has these /,
                ...["adopt", "--stack", "then", "--yes"],
            );
        });
    });

    describe("from one Deployment with one claim", () => {
        // What is proven already is to take no time of what comes.
        before(() => namespace.kubectl("delete", "namespace", namespace.name, "--wait=false"));

        it("refuses while another pod uses the claim", async () => {
            const manifest = {
                apiVersion: "v1",
                kind: "Pod",
                metadata: { name: "mover", namespace: old.namespace.name },
                spec: {
                    terminationGracePeriodSeconds: 0,
                    containers: [
                        {
                            name: "mover",
                            image: "localhost/bots-edi:3.3.1",
                            command: ["sleep", "60"],
                            volumeMounts: [{ name: "old", mountPath: "/old" }],
                        },
                    ],
                    volumes: [{ name: "old", persistentVolumeClaim: { claimName: CLAIM } }],
                },
            };
            await old.namespace.apply(manifest);
            await fail(
                /^ops: pod mover uses the claim bots-edi-pvc too: stop it/,
                "migrate",
                "--stack",
                "monolith",
                "--yes",
            );
            await old.namespace.kubectl("delete", "pod", "mover", "--grace-period=0", "--force");
        });

        it("copies the files, and every order arrives once", async () => {
            const pause = await old.pauseOf(async () => {
                const said = await succeed("migrate", "--stack", "monolith", "--yes");
                assert.match(said, /^Files: \d+ files, \d+ copied, \d+ removed$/m);
            });
            console.log(`        no system for ${pause.toFixed(0)} s`);
            assert.ok(!(await old.namespace.has("deployment/bots-edi")));
            assert.match(await succeed("status", "--stack", "monolith"), /^Checks {5}all pass$/m);
            await old.send(2);
            await succeed("engine", "--stack", "monolith");
            await old.allArriveOnce();
        });

        it("is undone with the files that changed since: what was read is not read again", async () => {
            await succeed("migrate", "--stack", "monolith", "--undo");
            await old.namespace.kubectl("rollout", "status", "deployment/bots-edi", "--timeout=120s");
            await old.send(2, CLAIM);
            await oldEngine();
            await old.allArriveOnce(CLAIM);
            assert.equal((await tryKubectl(["get", "deployment/bots-webserver", "-n", old.namespace.name])).code, 1);
        });
    });
});
