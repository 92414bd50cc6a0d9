/** Changes of a stack that runs: one that fails touches nothing that runs, and one that succeeds is not noticed by who uses it. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { TestNamespace } from "../namespace";
import { copyCheckout } from "./copyCheckout";
import { withoutFailure } from "../requests";
import { passwordIn, sql } from "./ownDatabase";
import { TestStack } from "./testStack";
import { type Ran } from "./workplace";

const namespace = new TestNamespace("pulumi-changes");
const BOTS = "localhost/bots-edi";
const DATABASE = "localhost/bots-edi-mariadb";

/** Its data may go, so that its password can be made anew. */
const SETTINGS = {
    namespace: namespace.name,
    protectData: "false",
    database: { engine: "mariadb", image: `${DATABASE}:10.11`, size: "1Gi" },
    engine: { suspend: true },
    databaseInit: { deadlineSeconds: 60 },
};

interface Object {
    readonly kind: string;
    readonly metadata: {
        readonly name: string;
        readonly uid: string;
        readonly generation?: number;
        readonly resourceVersion: string;
    };
}

interface Deployment extends Object {
    readonly spec: { readonly replicas: number };
    readonly status: Readonly<Record<string, number | undefined>>;
}

describe("a change", function () {
    this.timeout("10m");
    let stack: TestStack;
    let checkout: string;

    before(async () => {
        await namespace.delete();
        // A copy, whose configuration can be edited.
        checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
        copyCheckout(checkout);
        stack = await TestStack.botsEdi(SETTINGS, checkout);
        await stack.up();
    });
    after(async () => {
        stack.remove();
        rmSync(checkout, { recursive: true });
        await namespace.delete();
    });

    const list = async <T extends Object>(kinds: string) => (await namespace.get<{ items: T[] }>(kinds)).items;

    /** Everything that pods run by, and whether it was touched: what their state is does not count. */
    const whatRuns = async () => {
        const objects = await list("configmaps,secrets,deployments,cronjobs,statefulsets,services");
        return objects
            .filter(({ metadata }) => !metadata.name.endsWith("-candidate"))
            .map(({ kind, metadata }) => [
                kind,
                metadata.name,
                metadata.uid,
                metadata.generation ?? metadata.resourceVersion,
            ])
            .map((parts) => parts.join(" "));
    };

    /** An update that ended with success ended with everything ready: asked for at once, and not waited for. */
    const assertReady = async () => {
        for (const { metadata, spec, status } of await list<Deployment>("deployments")) {
            const { observedGeneration, updatedReplicas, availableReplicas, replicas } = status;
            assert.deepEqual(
                { observedGeneration, updatedReplicas, availableReplicas, replicas },
                {
                    observedGeneration: metadata.generation,
                    updatedReplicas: spec.replicas,
                    availableReplicas: spec.replicas,
                    replicas: spec.replicas,
                },
                metadata.name,
            );
        }
    };

    const up = async (settings: Record<string, unknown> = {}) => {
        stack.set(settings);
        await stack.up();
        await assertReady();
    };

    /** An update that fails, within so many seconds, and says so in its last lines; nothing that runs was touched. */
    const failsUntouched = async (limit: number, reason: RegExp, update: () => Promise<Ran> = () => plainUp()) => {
        const before = await whatRuns();
        const begin = Date.now();
        const { code, text } = await update();
        const seconds = (Date.now() - begin) / 1000;
        assert.notEqual(code, 0, text);
        assert.match(text.slice(text.indexOf("Diagnostics:")), reason);
        assert.ok(seconds < limit, `${seconds} s`);
        assert.deepEqual(await whatRuns(), before);
    };
    const plainUp = () => stack.pulumi("up", "--yes", "--skip-preview");

    /** Every pod is deleted, as a node that dies does it; all come back, and the engine's next run succeeds. */
    const everyPodComesBack = async () => {
        await kubectl(["delete", "pods", "--all", "-n", namespace.name], { timeout: 120 });
        for (const workload of ["statefulset/bots-db", "deployment/bots-webserver", "deployment/bots-jobqueue"]) {
            await kubectl(["rollout", "status", workload, "-n", namespace.name, "--timeout=120s"], { timeout: 130 });
        }
        await namespace.kubectl("create", "job", "engine", "--from=cronjob/bots-engine");
        await kubectl(["wait", "job/engine", "-n", namespace.name, "--for=condition=complete", "--timeout=120s"], {
            timeout: 130,
        });
        await namespace.kubectl("delete", "job/engine");
    };

    describe("that fails", () => {
        it("is refused where settings.py and bots.ini do not load, in one line each; all that runs goes on, also anew", async () => {
            const [settings, ini] = ["settings.py", "bots.ini"].map((file) => join(checkout, "config", file)) as [
                string,
                string,
            ];
            const [goodSettings, goodIni] = [settings, ini].map((file) => readFileSync(file, "utf8")) as [
                string,
                string,
            ];
            appendFileSync(settings, "def broken(:\n");
            appendFileSync(ini, "[settings]\n");
            const reason =
                /bots\.ini: [^\n]*section 'settings' already exists\n\s*settings\.py: line \d+: invalid syntax/;
            await failsUntouched(150, reason);
            await everyPodComesBack();
            writeFileSync(settings, goodSettings);
            writeFileSync(ini, goodIni);
            await up();
        });

        it("is refused where the database does not take the password; once it does, the pods follow", async () => {
            const password = stack.urn("bots-edi-credentials-database-password");
            await failsUntouched(150, /Access denied for user/, () =>
                stack.pulumi("up", "--yes", "--skip-preview", "--replace", password),
            );
            await everyPodComesBack();
            await sql(
                namespace,
                `SET PASSWORD = PASSWORD('${await passwordIn(namespace, "bots-edidb-secret-candidate")}');`,
            );
            await up();
        });

        it("leaves the old version serving where the image cannot be pulled", async () => {
            stack.set({ imageTag: "9.9" });
            await withoutFailure(namespace.name, () => failsUntouched(120, /ErrImagePull|ImagePullBackOff/));
        });

        it("leaves a database in the cluster running where its new pod could not start: image, Secret or node are not there", async () => {
            const databaseInit = { deadlineSeconds: 20 };
            const wrong: [RegExp, Record<string, unknown>][] = [
                [/ErrImagePull|ImagePullBackOff/, { database: { ...SETTINGS.database, image: `${DATABASE}:9.9` } }],
                [
                    /The image of the database has no healthcheck\.sh/,
                    { database: { ...SETTINGS.database, image: `${BOTS}:3.3.1` } },
                ],
                [/secret "absent" not found/, { pods: { env: { PIN: { secret: "absent" } } } }],
                [/DeadlineExceeded/, { nodeSelector: { disk: "absent" } }],
            ];
            const right = { ...SETTINGS, imageTag: "3.3.1", pods: {}, nodeSelector: {} };
            await withoutFailure(namespace.name, async () => {
                for (const [reason, settings] of wrong) {
                    stack.set({ ...right, databaseInit, ...settings });
                    await failsUntouched(90, new RegExp(`bots-db-preflight[^]*(${reason.source})`));
                }
                await up(right);
            });
        });

        it("leaves the old version serving where its container cannot start, and is taken back by one edit", async () => {
            stack.set({ image: { repository: "localhost/bots-edi-sandbox/coredns" }, imageTag: "1" });
            await withoutFailure(namespace.name, async () => {
                await failsUntouched(120, /StartError[^]*\/bin\/bash/);
                await up({ image: { repository: BOTS }, imageTag: "3.3.1" });
            });
        });

        it("leaves the old version serving where the new webserver never becomes ready, and is taken back by one edit", async () => {
            const tooSmall = { requests: { cpu: "100m", memory: "24Mi" }, limits: { cpu: "1000m", memory: "24Mi" } };
            stack.set({
                image: { repository: BOTS },
                imageTag: "3.3.1",
                webserver: { deadlineSeconds: 20, resources: tooSmall },
            });
            await withoutFailure(namespace.name, async () => {
                const others = async () => (await whatRuns()).filter((what) => !what.includes("bots-webserver"));
                const before = await others();
                const { code, text } = await plainUp();
                assert.notEqual(code, 0, text);
                assert.match(text.slice(text.indexOf("Diagnostics:")), /OOMKilled/);
                assert.deepEqual(await others(), before);
                await up({ webserver: {} });
            });
        });
    });
});
