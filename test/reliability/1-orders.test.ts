/** Every order once: two engines at once, and runs that are cut off at any moment, on the real cluster with each database. */
import assert from "node:assert/strict";
import { type Engine, PAIRS, byExec, runTogether } from "./engines";
import { LOSSES, type Loss, reaches } from "./losses";
import { Measured } from "./measured";
import { assertEachOnce, type Count, fault, Orders } from "./orders";
import { moments, plan } from "./plan";
import { processesOf, ENGINE } from "./processes";
import { System } from "./system";

/** Seconds of a run, and those of them that went into looking at the lock and into noting the file in hand. */
interface Timed {
    readonly run: number;
    readonly looking: number;
    readonly noting: number;
}

/** Orders from which it is known how many files a run makes of each. */
const FEW = 10;

const TITLES = { mariadb: "MariaDB", postgresql: "PostgreSQL" };

for (const database of plan.databases) {
    describe(`the orders of a system on ${TITLES[database]} (${plan.name})`, function () {
        this.timeout("3h").bail(false);
        let system: System;
        let orders: Orders;
        /** Files that a whole run of `plan.orders` makes and sends. */
        let filesOfRun = 0;
        const throughput = new Measured("throughput", ["Database", "Runs", "Longer with the lock (median)"]);
        const measured = new Measured(database, ["What happened", "Times", "Orders", "Sent once", "Twice", "Lost"]);

        before(async function () {
            this.timeout("20m");
            system = await System.deploy(database, `reliability-${database}`);
            orders = await Orders.of(system, "alpha", "beta");
            orders.put("alpha", FEW);
            await (await byExec(system)).ended();
            filesOfRun = orders.progress() * (plan.orders / FEW);
            assertEachOnce(orders.count());
        });
        afterEach("what a failed test left is delivered, and not counted by the next one", async function () {
            if (this.currentTest?.state !== "failed") return;
            await system.ready();
            await (await byExec(system)).ended();
            orders.count();
        });
        after(async function () {
            this.timeout("10m");
            await (system as System | undefined)?.remove();
        });

        it("arrive once from one engine alone, and the lock takes at most 2 % of its time", async () => {
            const shares: number[] = [];
            for (let index = 0; index < plan.repeats; index++) {
                orders.put("alpha", plan.orders);
                const said = await system.python("timed_engine.py");
                const { looking, noting, run } = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Timed;
                const percent = (seconds: number) => `${((100 * seconds) / (run - seconds)).toFixed(2)} %`;
                console.log(
                    `        ${run.toFixed(1)} s, lock ${percent(looking)}, note of the file in hand ${percent(noting)}`,
                );
                shares.push(looking / (run - looking));
                assertEachOnce(orders.count());
            }
            const median = shares.sort((a, b) => a - b)[Math.floor(shares.length / 2)] ?? NaN;
            assert.ok(median <= 0.02, `the lock takes ${(100 * median).toFixed(2)} % of a run`);
            await throughput.add(TITLES[database], shares.length, `${(100 * median).toFixed(1)} %`);
        });

        for (const pair of PAIRS) {
            it(`arrive once from two engines at once: ${pair.join(" and ")}`, async () => {
                const counts: Count[] = [];
                // Twice as often at most, since on a busy machine the one may be gone before the other is there.
                for (let tries = 0; counts.length < plan.repeats && tries < 2 * plan.repeats + 1; tries++) {
                    orders.put("alpha", plan.orders);
                    const isPair = await runTogether(system, pair);
                    const count = orders.count();
                    console.log(`        ${pair.join(" and ")}: ${count.sent} sent, ${fault(count) ?? "each once"}`);
                    assertEachOnce(count);
                    if (isPair) counts.push(count);
                }
                assert.equal(counts.length, plan.repeats, "the two engines were not there at one time often enough");
                await row(`two engines at once: ${pair.join(" and ")}`, counts);
            });
        }

        for (const [kind, loss] of LOSSES.entries()) {
            it(`are not lost with ${loss.title}`, async () => {
                const counts: Count[] = [];
                for (const moment of moments(kind, LOSSES.length)) counts.push(await lose(loss, moment));
                assert.deepEqual(
                    counts.flatMap(({ lost }) => lost),
                    [],
                );
                await row(loss.title, counts);
            });
        }

        it("of all routes are not lost where the run after the killed one is for one route", async () => {
            const counts: Count[] = [];
            for (let index = 0; index < plan.repeats; index++) {
                orders.put("alpha", plan.orders / 2);
                orders.put("beta", plan.orders / 2);
                const struck = await byExec(system);
                assert.ok(await reaches((filesOfRun * (index + 0.5)) / plan.repeats, () => orders.progress(), struck));
                await killEngine();
                await struck.ended().catch(() => undefined);
                await (await byExec(system, "--new", "beta")).ended();
                // Nobody asked for what waits in the other route's inbox; what had left it has arrived.
                assert.equal(orders.filesIn("infile") + orders.filesIn("outfile"), plan.orders);
                await (await byExec(system)).ended();
                counts.push(orders.count());
                assertEachOnce(counts.at(-1) as Count);
            }
            await row("kill -9 of a run of all routes, then a run of one", counts);
        });

        async function killEngine(): Promise<void> {
            for (const pid of await processesOf(system, "webserver", ENGINE)) process.kill(pid, "SIGKILL");
        }

        /** Starts a run and waits until it has come to its moment; another one where it was over before anybody looked. */
        async function runTo(moment: number, loss: Loss): Promise<Engine> {
            for (let tries = 0; tries < 3; tries++) {
                orders.put("alpha", plan.orders);
                const engine = await loss.start(system);
                if (await reaches(filesOfRun * moment, () => orders.progress(), engine)) return engine;
                await engine.ended();
                assertEachOnce(orders.count());
            }
            throw new Error(`three runs were over before ${Math.round(moment * 100)} % of their files were seen`);
        }

        /** Strikes one run at a moment of it, runs again, and counts. */
        async function lose(loss: Loss, moment: number): Promise<Count> {
            const at = `${loss.title} at ${Math.round(moment * 1000) / 10} %`;
            const struck = await runTo(moment, loss);
            console.log(`        ${at}: ${orders.filesIn("infile")} wait, ${orders.filesIn("outfile")} sent`);
            await loss.strike(system);
            await loss.next(system, struck);
            const count = orders.count();
            console.log(`        ${at}: ${count.sent} sent, ${fault(count) ?? "each once"}`);
            return count;
        }

        async function row(what: string, counts: readonly Count[]): Promise<void> {
            const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
            const [sent, twice, lost] = [
                sum((one) => one.sent),
                sum((one) => one.twice.length),
                sum((one) => one.lost.length),
            ];
            await measured.add(what, counts.length, sent + lost, sent - twice, twice, lost);
        }
    });
}
