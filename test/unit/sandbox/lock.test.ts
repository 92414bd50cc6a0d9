import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../../sandbox/lock";

describe("lock", function () {
    this.timeout(30_000);
    let folder = "";
    let file = "";
    let holder: ChildProcess | undefined;
    /** How many are inside, and were at most. */
    const seen = { inside: 0, most: 0 };
    const enter = () =>
        withLock(file, async () => {
            seen.most = Math.max(seen.most, ++seen.inside);
            await sleep(50);
            seen.inside--;
        });

    before(function () {
        if (process.platform !== "linux") this.skip();
    });
    beforeEach(() => {
        seen.most = 0;
        folder = mkdtempSync(join(tmpdir(), "lock-"));
        file = join(folder, "below", "lock");
    });
    afterEach(() => {
        holder?.kill("SIGKILL");
        rmSync(folder, { recursive: true, force: true });
    });

    it("lets one in at a time", async () => {
        await Promise.all([enter(), enter(), enter()]);
        assert.equal(seen.most, 1);
    });

    it("is released when the work fails", async () => {
        const failing = withLock(file, () => Promise.reject(new Error("broken")));
        await assert.rejects(failing, /broken/);
        assert.equal(await withLock(file, () => Promise.resolve("in"), { timeout: 1 }), "in");
    });

    /** Another process that holds the lock until it is killed, and takes no notice of Ctrl-C. */
    async function holdElsewhere() {
        const code = `process.on("SIGINT", () => 0);
            require(${JSON.stringify(require.resolve("../../../sandbox/lock"))})
            .withLock(${JSON.stringify(file)}, () => { console.log("in"); return new Promise(() => setInterval(() => 0, 1000)); })`;
        const child = spawn(process.execPath, ["-r", "ts-node/register", "-e", code], { detached: true });
        holder = child;
        await once(child.stdout, "data");
        return child;
    }

    it("is released when its holder is killed", async () => {
        const other = await holdElsewhere();
        const waiter = withLock(file, () => Promise.resolve("in"), { timeout: 10 });
        other.kill("SIGKILL");
        assert.equal(await waiter, "in");
    });

    it("is held through a Ctrl-C until the work has come to its end", async () => {
        const { pid = 0 } = await holdElsewhere();
        process.kill(-pid, "SIGINT");
        const refused = new RegExp(`process ${pid} holds the lock`);
        await assert.rejects(
            withLock(file, () => Promise.resolve(), { timeout: 1 }),
            refused,
        );
    });

    it("tells the one who waits, and gives up in time", async () => {
        let told = 0;
        await withLock(file, async () => {
            const second = withLock(file, () => Promise.resolve(), { timeout: 1, onWait: () => told++ });
            await assert.rejects(second, {
                message: `gave up after 1 s: process ${process.pid} holds the lock ${file}; wait for it or stop it`,
            });
        });
        assert.equal(told, 1);
    });

    it("lets one in at a time after its file was removed by the one who held it", async () => {
        const waiters: Promise<void>[] = [];
        await withLock(file, async () => {
            waiters.push(enter());
            await sleep(100);
            rmSync(file);
            waiters.push(enter(), enter());
            await sleep(100);
        });
        await Promise.all(waiters);
        assert.equal(seen.most, 1);
    });
});
