/** Images of a registry that asks for a login: how they get to the pods, by which bytes, and what happens without it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../../../operations/wait";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { registry } from "../../../sandbox/cluster/settings";
import { type Login, pullSecret, registryLogin } from "../../../sandbox/surroundings/registry";
import { TestNamespace } from "../namespace";
import { ops } from "../operations/ops";
import { copyCheckout } from "../pulumi/copyCheckout";
import { TestStack } from "../pulumi/testStack";
import { forget, publish } from "./registryImages";

const namespace = new TestNamespace("edi-registry");
const BOTS = `${registry.host}/priv/bots-edi`;
const DATABASE = `${registry.host}/priv/mariadb:10.11`;
const SECRET = "registry-login";
const BOTS_SOURCE = "localhost/bots-edi:3.3.1";
const DATABASE_SOURCE = "localhost/bots-edi-mariadb:10.11";

/** Seconds that db-init has where it fails, an image to pull included. */
const DEADLINE = 60;

/** Seconds for which the registry is away. */
const AWAY = process.env.RELIABILITY === "full" ? 600 : 90;

interface Container {
    readonly name: string;
    readonly image: string;
}

interface PodSpec {
    readonly imagePullSecrets?: readonly { readonly name: string }[];
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
}

interface List<T> {
    readonly items: readonly T[];
}

interface Workload {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: {
        readonly template?: { readonly spec: PodSpec };
        readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: PodSpec } } };
    };
}

interface Job {
    readonly metadata: { readonly name: string };
    readonly status: { readonly succeeded?: number };
}

/** Which pods run, and how often they were started anew. */
async function running(): Promise<string[]> {
    const pods = await namespace.pods("webserver", "jobqueue", "watch", "database");
    return pods.map(({ metadata, status }) => {
        const restarts = status.containerStatuses?.map(({ restartCount }) => restartCount);
        return `${metadata.name} ${metadata.uid} ${restarts?.join() ?? ""}`;
    });
}

/** All that ran has gone on without a restart. */
async function requireRunning(before: readonly string[]): Promise<void> {
    const now = await running();
    assert.deepEqual(
        before.filter((pod) => !now.includes(pod)),
        [],
    );
}

/** The digests of what the pods of a service run. */
async function digests(component: string): Promise<string[]> {
    const statuses = (await namespace.pods(component)).flatMap(({ status }) => status.containerStatuses ?? []);
    return statuses.map(({ imageID }) => imageID.replace(/^.*@/, ""));
}

/** Deletes a service's pod; another one has to come and be ready. */
async function startAnew(deployment: string): Promise<number> {
    const begin = Date.now();
    await namespace.kubectl("delete", "pods", "-l", `component=${deployment.replace("bots-", "")}`);
    await namespace.kubectl("rollout", "status", `deployment/${deployment}`, "--timeout=120s");
    return Math.round((Date.now() - begin) / 1000);
}

const setLogin = (login: Login) => namespace.apply(pullSecret(SECRET, namespace.name, login));
const WRONG: Login = { user: "bots-edi", password: "wrong-on-purpose" };
const note = (line: string) => {
    console.log(`        ${line}`);
};

/** Has the registry go, or come back with what it held. */
async function setRegistry(replicas: 0 | 1): Promise<void> {
    const deployment = ["-n", "kube-system", "deployment/registry"];
    await kubectl(["scale", ...deployment, `--replicas=${replicas}`]);
    await kubectl(["rollout", "status", ...deployment, "--timeout=120s"]);
    if (replicas === 0) await kubectl(["wait", "--for=delete", "pod", "-n", "kube-system", "-l", "app=registry"]);
}

describe("images of a registry that asks for a login", function () {
    this.timeout("20m").bail(true);
    let stack: TestStack;
    let one: string;
    const checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));

    /** An operation on the stack. */
    const operate = (command: string) => {
        writeFileSync(join(checkout, "Pulumi.test.yaml"), stack.read("Pulumi.test.yaml"));
        return ops([command, "--stack", "test"], { checkout });
    };

    /** An update fails within db-init's deadline, its last lines say why, and all that runs goes on. */
    const fails = async (changes: Record<string, unknown>, reason: RegExp) => {
        stack.set({ ...changes, databaseInit: { deadlineSeconds: DEADLINE } });
        const before = await running();
        const begin = Date.now();
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        const seconds = Math.round((Date.now() - begin) / 1000);
        assert.notEqual(code, 0, text);
        assert.match(text.slice(text.lastIndexOf("\nDiagnostics:")), reason);
        // The CLI itself and what comes before the Job take their time beside it.
        assert.ok(seconds < DEADLINE + 120, `the update took ${seconds} s`);
        await requireRunning(before);
        note(`up failed after ${seconds} s`);
    };

    /** An update that has to succeed, however busy the machine is. */
    const succeeds = async (changes: Record<string, unknown> = {}) => {
        stack.set({ ...changes, databaseInit: {} });
        await stack.up();
    };

    before(async () => {
        copyCheckout(checkout);
        await namespace.create();
        one = await publish(BOTS_SOURCE, `${BOTS}:1`, "one");
        await publish(BOTS_SOURCE, `${BOTS}:2`, "two");
        await publish(DATABASE_SOURCE, DATABASE, "one");
        stack = await TestStack.botsEdi({
            namespace: namespace.name,
            createNamespace: "false",
            protectData: "false",
            image: { repository: BOTS },
            imageTag: "1",
            imagePullSecret: SECRET,
            // The database is there: it is db-init that says what is missing.
            database: { engine: "mariadb", image: DATABASE_SOURCE, size: "1Gi" },
            engine: { schedule: "* * * * *" },
        });
    });
    after(async () => {
        await setRegistry(1);
        await namespace.delete();
        await forget((name) => name.startsWith(`${registry.host}/`));
        stack.remove();
        rmSync(checkout, { recursive: true });
    });

    it("are not pulled without the Secret: the first update says so in its last lines", async () => {
        await fails({}, /failed to resolve reference "\S+priv\/bots-edi:1": .*401 Unauthorized/);
        assert.equal((await namespace.kubectl("get", "deployments,cronjobs", "-o", "name")).trim(), "");
    });

    it("are not pulled with a wrong login", async () => {
        await setLogin(WRONG);
        await fails({}, /401 Unauthorized/);
    });

    it("are pulled with it by every pod of the system, the database's and the backup's too", async () => {
        await setLogin(registryLogin());
        await succeeds({ database: { engine: "mariadb", image: DATABASE, size: "1Gi" } });
        const { items } = await namespace.get<List<Workload>>("deployments,statefulsets,cronjobs,jobs");
        const all = items.map(({ kind, metadata, spec }) => ({
            name: `${kind}/${metadata.name}`.replace(/-\d+$/, ""),
            pod: (spec.jobTemplate?.spec ?? spec).template?.spec,
        }));
        for (const name of [
            "Deployment/bots-webserver",
            "Deployment/bots-jobqueue",
            "Deployment/bots-engine-watch",
            "StatefulSet/bots-db",
            "CronJob/bots-engine",
            "CronJob/bots-config-backup",
            "Job/bots-db-init",
            "Job/bots-db-preflight",
        ]) {
            assert.ok(
                all.some((each) => each.name === name),
                name,
            );
        }
        for (const { name, pod } of all) {
            assert.deepEqual(pod?.imagePullSecrets, [{ name: SECRET }], name);
            for (const { image } of [...(pod.initContainers ?? []), ...pod.containers]) {
                assert.ok(image.startsWith(`${registry.host}/`), `${name} runs ${image}`);
            }
        }
        for (const cronJob of ["bots-engine", "bots-config-backup"]) {
            await namespace.kubectl("create", "job", "by-hand", `--from=cronjob/${cronJob}`);
            await namespace.kubectl("wait", "job/by-hand", "--for=condition=Complete", "--timeout=180s");
            await namespace.kubectl("delete", "job/by-hand");
        }
        assert.deepEqual(await digests("webserver"), [one]);
    });

    it("go on where the login has become wrong: a new one is not pulled, and a pod of what runs comes back", async () => {
        await setLogin(WRONG);
        await fails({ imageTag: "2" }, /401 Unauthorized/);
        const { code, text } = await operate("preflight");
        assert.equal(code, 1);
        assert.match(text, /^FATAL {2}the database: .*401 Unauthorized.*\n +-> mend imageTag, .* or imagePullSecret/m);
        await startAnew("bots-webserver");
        await setLogin(registryLogin());
        await fails({ imagePullSecret: "absent" }, /database-preflight[^]*401 Unauthorized/);
        stack.set({ imagePullSecret: SECRET });
    });

    it("are the very same by their digest, whatever became of the tag", async () => {
        await succeeds({ imageTag: `1@${one}` });
        const moved = await publish(BOTS_SOURCE, `${BOTS}:1`, "another");
        assert.notEqual(moved, one);
        await forget((name) => name.startsWith(BOTS));
        await startAnew("bots-webserver");
        assert.deepEqual(await digests("webserver"), [one]);
    });

    it("stay what they were where a tag moves, but on a node that never had it: status tells, and a digest ends it", async () => {
        const before = await publish(BOTS_SOURCE, `${BOTS}:3`, "three");
        await succeeds({ imageTag: "3" });
        const moved = await publish(BOTS_SOURCE, `${BOTS}:3`, "three, changed");
        await startAnew("bots-webserver");
        assert.deepEqual(await digests("webserver"), [before]);
        await forget((name) => name === `${BOTS}:3`);
        await startAnew("bots-jobqueue");
        assert.deepEqual([await digests("webserver"), await digests("jobqueue")], [[before], [moved]]);

        const { code, text } = await operate("status");
        assert.equal(code, 3, text);
        assert.match(text, /^Tag +\S+bots-edi:3 is not one image: .*bots-webserver-.*; sha256:.*bots-jobqueue-/m);
        await succeeds({ imageTag: `3@${moved}` });
        assert.deepEqual([await digests("webserver"), await digests("jobqueue")], [[moved], [moved]]);
        assert.doesNotMatch((await operate("status")).text, /^Tag /m);
    });

    it(`are not asked for while the registry is away for ${AWAY} s: pods and schedule go on, and a new one says why it is not there`, async () => {
        const latest = await publish(BOTS_SOURCE, `${BOTS}:4`, "four");
        const completed = async () => {
            const { items } = await namespace.get<List<Job>>("jobs", "-l", "component=engine");
            return items.filter(({ status }) => status.succeeded === 1).map(({ metadata }) => metadata.name);
        };
        const earlier = new Set(await completed());
        const runs = new Set<string>();
        const begin = Date.now();
        await setRegistry(0);
        note(`a deleted webserver was ready again after ${await startAnew("bots-webserver")} s`);
        const before = await running();
        await fails({ imageTag: "4" }, /failed to (pull|resolve)[^]*(connection refused|no route to host)/);
        const isOver = async () => {
            for (const name of await completed()) if (!earlier.has(name)) runs.add(name);
            return Date.now() - begin > AWAY * 1000;
        };
        await waitUntil("the registry's absence to end", isOver, { timeout: AWAY + 60, interval: 5000 });
        const minutes = Math.floor((Date.now() - begin) / 60_000);
        note(`${runs.size} runs of the engine succeeded in ${Math.round((Date.now() - begin) / 1000)} s`);
        // Of those that were due, the newest may be at work.
        assert.ok(runs.size >= minutes - 1 && runs.size > 0, `${runs.size} runs in ${minutes} minutes`);
        await requireRunning(before);

        await setRegistry(1);
        await succeeds();
        assert.deepEqual(await digests("webserver"), [latest]);
    });
});
