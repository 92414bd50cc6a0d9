/** Harbor's webhook, Argo Events, this program's Sensor and its Job: what a push rolls out, and what it does not. */
import assert from "node:assert/strict";
import { lastLine } from "../../../operations/exec";
import { type Job, outcomeOf } from "../../../operations/job";
import { waitUntil } from "../../../operations/wait";
import { ctr } from "../../../sandbox/cluster/ctr";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { cloudEvent, defaultEvent, digestPush, replication } from "../../support/harbor";
import { TestNamespace } from "../namespace";
import { sql } from "../pulumi/ownDatabase";
import { TestStack } from "../pulumi/testStack";
import { withoutFailure } from "../requests";
import { askedOfGitHub, GITHUB, REFUSED, startGitHub, stopGitHub } from "./gitHub";

const namespace = new TestNamespace("image-updater");
/** The repository is the test's own: what is pushed to it is nothing to the sandbox's stack. */
const PATH = "pushed/bots-edi";
const REPOSITORY = `localhost/${PATH}`;
const IMAGE = "localhost/bots-edi:3.3.1";
const RUNNING = "3.3.1";
/** The same image under other tags: what is new about it is the version. */
const TAGS = [RUNNING, "3.3.2", "3.3.3", "3.3.4", "3.3.5", "3.4"];
const SENSOR = `bots-edi-image-updater-${namespace.name}`;
const WEBHOOK = "http://127.0.0.1:12000/push";

/** Waits for what a push brings about: 300 s at the most. */
const soon = (what: string, isSo: () => Promise<boolean>) => waitUntil(what, isSo, { timeout: 300, interval: 500 });

interface Workload {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly generation: number };
}

describe("a push to Harbor", function () {
    this.timeout("10m");
    let stack: TestStack;

    before(async () => {
        // What a run that was cut off has left.
        await kubectl(["delete", "-n", "argo-events", "sensor,serviceaccount", SENSOR, "--ignore-not-found"]);
        await namespace.delete();
        for (const tag of TAGS) await ctr(["images", "tag", "--force", IMAGE, `${REPOSITORY}:${tag}`]);
        stack = await TestStack.botsEdi({
            namespace: namespace.name,
            image: { repository: REPOSITORY },
            imageTag: RUNNING,
            protectData: "false",
            database: { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" },
            engine: { suspend: true },
            imageUpdater: { versions: ">=3.3 <3.4" },
        });
        await stack.up();
        await soon("the Sensor listens", async () =>
            (await sensorLog().catch(() => "")).includes("started subscribing to events"),
        );
    });
    after(async () => {
        await stack.succeed("destroy", "--yes", "--skip-preview");
        stack.remove();
        await stopGitHub();
        await namespace.delete();
        for (const tag of TAGS) await ctr(["images", "remove", `${REPOSITORY}:${tag}`]);
    });

    /** Sends what Harbor would; returns the answer's status and text. */
    const post = async (body: object | string): Promise<[number, string]> => {
        const response = await fetch(WEBHOOK, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: typeof body === "string" ? body : JSON.stringify(body),
        });
        return [response.status, await response.text()];
    };

    const sensorLog = () => kubectl(["logs", "-n", "argo-events", "-l", `sensor-name=${SENSOR}`, "--tail=-1"]);

    const jobs = async () => (await namespace.get<{ items: Job[] }>("jobs", "-l", "component=updater")).items;

    /** Waits for the end of the one Job of a version. Returns how it ended and its log. */
    const ended = async (version: string) => {
        const name = new RegExp(`^bots-image-update-${version.replaceAll(".", "-")}-[a-z0-9]{5}$`);
        let job: Job | undefined;
        await soon(`the Job of ${version} ends`, async () => {
            const found = (await jobs()).filter(({ metadata }) => name.test(metadata.name));
            assert.ok(found.length <= 1, `${found.length} Jobs of ${version}`);
            job = found[0];
            return job !== undefined && outcomeOf(job) !== undefined;
        });
        assert.ok(job);
        const log = await namespace.kubectl("logs", `job/${job.metadata.name}`, "-c", "db-init", "--tail=-1");
        return { outcome: outcomeOf(job), log, last: lastLine(log) };
    };

    /** The images that workloads run, by their kind and name, and how often each was changed. */
    const whatRuns = async () =>
        (await namespace.get<{ items: Workload[] }>("deployments,cronjobs")).items.map(
            ({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.generation}`,
        );

    const image = (workload: string, path = ".spec.template.spec") =>
        namespace.value(workload, `${path}.containers[0].image`);

    const assertAllRun = async (tag: string) => {
        const engine = ".spec.jobTemplate.spec.template.spec";
        assert.deepEqual(
            [
                await image("deployment/bots-webserver"),
                await image("deployment/bots-jobqueue"),
                await image("cronjob/bots-engine", engine),
            ],
            Array<string>(3).fill(`${REPOSITORY}:${tag}`),
        );
        await namespace.kubectl("rollout", "status", "deployment/bots-webserver", "--timeout=1s");
        await namespace.kubectl("rollout", "status", "deployment/bots-jobqueue", "--timeout=1s");
    };

    /** A migration of the image that the database has not had, or that fails on the table that it is to make. */
    const undoMigration = async (how: "cleanly" | "leaving its table") => {
        if (how === "cleanly") await sql(namespace, "DROP TABLE django_admin_log;");
        await sql(namespace, "DELETE FROM django_migrations WHERE app = 'admin';");
    };

    it("that is none, or not of a newer release of this repository, changes nothing", async () => {
        const before = await whatRuns();
        const [status, text] = await post('{"type": PUSH');
        assert.equal(status, 400);
        assert.match(text, /invalid character 'P'/);
        for (const body of [
            {},
            [],
            { type: "PUSH_ARTIFACT", event_data: { repository: PATH, resources: ["3.3.2"] } },
            defaultEvent("DELETE_ARTIFACT", PATH, "3.3.2"),
            cloudEvent("harbor.artifact.deleted", PATH, "3.3.2"),
            replication(PATH, "3.3.2"),
            digestPush(PATH),
            defaultEvent("PUSH_ARTIFACT", `${PATH}-tools`, "3.3.2"),
            defaultEvent("PUSH_ARTIFACT", `charts/${PATH}`, "3.3.2"),
            defaultEvent("PUSH_ARTIFACT", PATH, "latest"),
            cloudEvent("harbor.artifact.pushed", PATH, "3.4.0-rc.1"),
            // Behind the others: once its Job has ended, they have been dealt with.
            cloudEvent("harbor.artifact.pushed", PATH, "3.4"),
        ]) {
            assert.equal((await post(body))[0], 200, JSON.stringify(body));
        }
        const { outcome, last } = await ended("3.4");
        assert.equal(outcome, "Complete");
        assert.equal(last, `${REPOSITORY}:3.4 is not rolled out: the stack takes >=3.3 <3.4`);
        assert.equal((await jobs()).length, 1);
        assert.deepEqual(await whatRuns(), before);
        const log = await sensorLog();
        const discarded = log.split("\n").filter((line) => line.includes("discarded due to filtering error"));
        for (const what of [/path 'type' does not exist/, /bots-edi.*path 'version' does not exist/]) {
            assert.ok(
                discarded.some((line) => what.test(line)),
                `${String(what)} in:\n${log}`,
            );
        }
    });

    it("rolls a newer release out, after its db-init, while people use the pages", async () => {
        await undoMigration("cleanly");
        await withoutFailure(namespace.name, async () => {
            const begin = Date.now();
            assert.equal((await post(defaultEvent("PUSH_ARTIFACT", PATH, "3.3.2")))[0], 200);
            const serves = async () =>
                (await image("deployment/bots-webserver")).endsWith(":3.3.2") &&
                (await namespace.tryKubectl(["rollout", "status", "deployment/bots-webserver", "--watch=false"]))
                    .code === 0 &&
                (await namespace.value("deployment/bots-webserver", ".status.observedGeneration")) ===
                    (await namespace.value("deployment/bots-webserver", ".metadata.generation")) &&
                (await namespace.value("deployment/bots-webserver", ".status.updatedReplicas")) === "1" &&
                (await namespace.value("deployment/bots-webserver", ".status.replicas")) === "1";
            await soon("the new image serves", serves);
            console.log(
                `        ${((Date.now() - begin) / 1000).toFixed(1)} s from the push until the new image alone serves`,
            );
            const { outcome, log, last } = await ended("3.3.2");
            console.log(`        ${((Date.now() - begin) / 1000).toFixed(1)} s until all run it`);
            assert.equal(outcome, "Complete", log);
            assert.equal(last, `${REPOSITORY}:3.3.2 is rolled out: bots-webserver, bots-jobqueue, bots-engine`);
        });
        assert.equal(
            (await sql(namespace, "SELECT COUNT(*) > 0 FROM django_migrations WHERE app = 'admin';"))
                .trim()
                .split("\n")
                .at(-1),
            "1",
        );
        await assertAllRun("3.3.2");
    });

    it("in CloudEvents, with several tags, rolls the newest release out", async () => {
        assert.equal((await post(cloudEvent("harbor.artifact.pushed", PATH, "3.5.0-rc.1", "3.3.4", "3.3.1")))[0], 200);
        const { outcome, log } = await ended("3.3.4");
        assert.equal(outcome, "Complete", log);
        await assertAllRun("3.3.4");
    });

    it("of an older release than the Sensor has rolled out before does not go back to it", async () => {
        assert.equal((await post(defaultEvent("PUSH_ARTIFACT", PATH, "3.3.3")))[0], 200);
        const { outcome, last } = await ended("3.3.3");
        assert.equal(outcome, "Complete");
        assert.equal(last, `${REPOSITORY}:3.3.3 is not rolled out: bots-webserver runs 3.3.4`);
        await assertAllRun("3.3.4");
    });

    it("of an image that db-init refuses changes nothing, and is told where one looks first", async () => {
        await undoMigration("leaving its table");
        const before = await whatRuns();
        await withoutFailure(namespace.name, async () => {
            assert.equal((await post(defaultEvent("PUSH_ARTIFACT", PATH, "3.3.5")))[0], 200);
            const { outcome, log, last } = await ended("3.3.5");
            assert.equal(outcome, "Failed", log);
            assert.match(log, /django_admin_log.* already exists/);
            assert.equal(last, `${REPOSITORY}:3.3.5 is not rolled out, since db-init failed: all runs as before`);
        });
        assert.deepEqual(await whatRuns(), before);
    });

    it("however an image comes, its pods wait for the migrations, and the old ones serve", async () => {
        await withoutFailure(namespace.name, async () => {
            await namespace.kubectl("set", "image", "deployment/bots-webserver", `*=${REPOSITORY}:3.3.5`);
            const newest = ["-l", "component=webserver", "--sort-by=.metadata.creationTimestamp"];
            await soon("the new pod waits", async () => {
                const name =
                    (await namespace.kubectl("get", "pods", ...newest, "-o", "name")).trim().split("\n").at(-1) ?? "";
                const { stdout } = await namespace.tryKubectl(["logs", name, "-c", "wait-for-database"]);
                return stdout.includes(
                    "waiting for db-init: the database is not at this image's migrations: admin.0001_initial",
                );
            });
            await sql(namespace, "DROP TABLE django_admin_log;");
            await namespace.kubectl("rollout", "undo", "deployment/bots-webserver");
        });
    });

    it("is taken over into imageTag by one command, and the next preview shows no other image", async () => {
        const running = await image("deployment/bots-webserver");
        await stack.succeed("config", "set", "imageTag", running.split(":").at(-1) ?? "");
        await stack.up("--refresh");
        await assertAllRun("3.3.4");
        await stack.succeed("preview", "--refresh", "--expect-no-changes");
    });

    it("asks for a pull request where the stack says so, changes nothing, and tells where GitHub refuses", async () => {
        const api = await startGitHub();
        stack.set({
            imageUpdater: {
                versions: ">=3.3 <3.4",
                pullRequest: { repository: "example/bots-edi", api, secret: GITHUB },
            },
        });
        await stack.up();
        // They are owned by the account that this takes away.
        await soon("the Jobs of the roll-outs to go", async () => (await jobs()).length === 0);
        const before = await whatRuns();
        const here = ["-n", "argo-events", "-l", `sensor-name=${SENSOR}`];
        await soon("the one Sensor is the new one, and listens", async () => {
            const pods = await kubectl(["get", "pods", ...here, "-o", "name"]);
            const log = await kubectl(["logs", ...here, "--tail=-1"]).catch(() => "");
            return (
                pods.trim().split("\n").length === 1 &&
                log.includes("bots-image-pull-request") &&
                log.includes("started subscribing")
            );
        });
        assert.equal((await post(cloudEvent("harbor.artifact.pushed", PATH, "3.3.6", "3.3.1")))[0], 200);
        await soon("GitHub is asked", async () => (await askedOfGitHub()).length > 0);
        assert.deepEqual(await askedOfGitHub(), [
            {
                path: "/repos/example/bots-edi/dispatches",
                authorization: "Bearer of-the-test",
                event_type: "image-pushed",
                client_payload: {
                    stack: "test",
                    versions: ">=3.3 <3.4",
                    version: "3.3.6",
                    digest: "sha256:8a9e9863dbb6e10edb5adfe917c00da84e1700fa76e7ed02476aa6e6fb8ee0d8",
                },
            },
        ]);
        assert.equal((await post(defaultEvent("PUSH_ARTIFACT", PATH, REFUSED)))[0], 200);
        await soon("the refusal is told", async () => /\b401\b/.test(await sensorLog()));
        assert.deepEqual([await whatRuns(), await jobs()], [before, []]);
    });
});
