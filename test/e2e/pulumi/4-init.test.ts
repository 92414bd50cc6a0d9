/** Updates that meet a db-init which is still at work, left by one that was cut off: they wait for it, and nothing begins beside it. */
import assert from "node:assert/strict";
import { type ChildProcess } from "node:child_process";
import { waitUntil } from "../../../operations/wait";
import { type Pod, TestNamespace } from "../namespace";
import { deployWithNextTag, nextTagOf, removeWithNextTag } from "./nextTag";
import { type TestStack } from "./testStack";
import { listen, ran } from "./workplace";

const namespace = new TestNamespace("pulumi-init");
const JOB = "job/bots-db-init";

/** A statement of MariaDB as Bots' user. */
const client = ["exec", "-i", "statefulset/bots-db", "--", "sh", "-c"];
const asUser = 'exec mariadb -N -u"$MARIADB_USER" -p"$MARIADB_PASSWORD" "$MARIADB_DATABASE"';

describe("an update that meets a db-init at work", function () {
    this.timeout("15m").bail(false);
    let stack: TestStack;
    let changes = 0;

    before(async () => {
        stack = await deployWithNextTag(namespace);
    });
    after(() => removeWithNextTag(stack, namespace));

    const sql = async (statement: string) => {
        const { code, stdout, stderr } = await namespace.tryKubectl([...client, asUser], statement);
        assert.equal(code, 0, stderr);
        return stdout;
    };

    /** Holds every migration up, until what it returns is called. */
    const hold = async () => {
        const held = namespace.tryKubectl(
            [...client, asUser],
            "LOCK TABLES django_migrations WRITE; SELECT SLEEP(900);",
        );
        const holders = () => sql("SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(900)'");
        await waitUntil("the migrations to be held up", async () => (await holders()).trim() !== "", { timeout: 60 });
        return async () => {
            await sql(`KILL ${(await holders()).trim()};`);
            await held;
        };
    };

    const pods = async () => (await namespace.get<{ items: readonly Pod[] }>("pods", "-l", "component=init")).items;

    /** The Job and its pod, and how often its containers were started again: what stays where an update joins. */
    const identity = async () => ({
        job: await namespace.value(JOB, ".metadata.uid"),
        pods: (await pods()).map(({ metadata, status }) => [
            metadata.uid,
            (status.containerStatuses ?? []).map(({ restartCount }) => restartCount),
        ]),
    });

    const interrupt = ({ exitCode, pid = 0 }: ChildProcess) => exitCode === null && process.kill(-pid, "SIGINT");

    /** An update that waits for a db-init which is held up. */
    const begin = async (settings: Record<string, unknown>) => {
        stack.set(settings);
        const earlier = await namespace.tryKubectl(["get", JOB, "-o", "jsonpath={.metadata.uid}"]);
        const child = stack.begin("up", "--yes", "--skip-preview");
        const ended = ran(child);
        const isAtWork = async () => {
            assert.equal(child.exitCode, null, "the update has ended");
            const { stdout } = await namespace.tryKubectl(["get", JOB, "-o", "jsonpath={.metadata.uid}"]);
            const [pod] = await pods();
            return stdout !== "" && stdout !== earlier.stdout && pod?.status.phase === "Running";
        };
        await waitUntil("db-init to be at work", isAtWork, { timeout: 180 });
        return { child, ended };
    };

    const change = () => ({ env: { CHANGED: String(++changes) } });

    /** The next update ends with success once db-init has, which is the one that was there. */
    const joins = async (release: () => Promise<void>) => {
        const before = await identity();
        const child = stack.begin("up", "--yes", "--skip-preview");
        const hears = listen(child);
        const ended = ran(child);
        await hears("bots-edi-db-init");
        assert.deepEqual(await identity(), before);
        await release();
        const { code, text } = await ended;
        assert.equal(code, 0, text);
        assert.deepEqual(await identity(), before);
        await stack.succeed("preview", "--expect-no-changes");
    };

    it("waits for it after a Ctrl-C: it was replaced, and all that it had done began again", async () => {
        const release = await hold();
        const { child, ended } = await begin(change());
        interrupt(child);
        assert.notEqual((await ended).code, 0);
        await joins(release);
    });

    it("waits for it after a kill, and takes it over", async () => {
        const release = await hold();
        const { child, ended } = await begin(change());
        assert.ok(child.pid);
        process.kill(-child.pid, "SIGKILL");
        await ended;
        await stack.afterKill(() => joins(release));
    });

    it("lets one of another image and configuration end, and then makes it anew: never two at once", async () => {
        const release = await hold();
        const first = await begin(change());
        interrupt(first.child);
        await first.ended;
        const before = await identity();
        const followed = namespace.tryKubectl(["logs", "-f", JOB, "-c", "db-init"]);

        stack.set({ ...change(), imageTag: nextTagOf(namespace) });
        const child = stack.begin("up", "--yes", "--skip-preview");
        const ended = ran(child);
        const isDeleted = async () => (await namespace.value(JOB, ".metadata.deletionTimestamp")) !== "";
        await waitUntil("the earlier Job to be deleted", isDeleted, { timeout: 120 });
        // No other comes while it goes on.
        assert.deepEqual(await identity(), before);
        await release();
        let most = 0;
        const isOver = async () => {
            const running = (await pods()).filter(({ status }) => status.phase === "Running");
            most = Math.max(most, running.length);
            return child.exitCode !== null;
        };
        await waitUntil("the update to end", isOver, { timeout: 300, interval: 300 });
        const { code, text } = await ended;
        assert.equal(code, 0, text);
        assert.match((await followed).stdout, /^Configuration kept in /m, "the earlier one was not let end");
        assert.equal(most, 1);
        assert.notEqual((await identity()).job, before.job);
    });

    it("makes no second pod beside one that is evicted", async () => {
        const release = await hold();
        const { ended } = await begin(change());
        const [pod] = (await pods()).map(({ metadata }) => metadata.uid);
        await namespace.kubectl("delete", "pods", "-l", "component=init", "--wait=false");
        for (let look = 0; look < 10; look++) {
            assert.deepEqual(
                (await pods()).map(({ metadata }) => metadata.uid),
                [pod],
            );
        }
        await release();
        const { code, text } = await ended;
        assert.equal(code, 0, text);
    });

    it("makes a failed one anew, of the same content too", async () => {
        const release = await hold();
        // On a busy machine the time may be over before it is at work.
        stack.set({ ...change(), databaseInit: { deadlineSeconds: 30 } });
        await stack.failsToUpdate(/DeadlineExceeded|longer than specified deadline/);
        const failed = await namespace.value(JOB, ".metadata.uid");
        await release();
        await stack.up();
        assert.notEqual(await namespace.value(JOB, ".metadata.uid"), failed);
    });
});
