/** Faults around a system that is in use: what people see of them, and that every order arrives once all the same. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../operations/wait";
import { TestNamespace } from "../e2e/namespace";
import { ran } from "../e2e/pulumi/workplace";
import { Requests } from "../e2e/requests";
import { byExec, type Engine, WAYS } from "./engines";
import { bringBack, databaseAway, type Fault, killPart, PARTS, restarts, SERVICES, since } from "./faults";
import { reaches } from "./losses";
import { Measured } from "./measured";
import { assertEachOnce, Orders } from "./orders";
import { plan } from "./plan";
import { SmallVolume } from "./smallVolume";
import { System } from "./system";

const NAMESPACE = "reliability-faults";

/** What stays where it is, whatever fails: the pods of runs come and go. */
const SERVICE_PODS = ["-l", "component in (webserver,jobqueue,watch,database)"];

/** Seconds that the API server is away in the middle of an update. */
const API_AWAY = 20;

describe(`a system around which something fails (${plan.name})`, function () {
    this.timeout("30m").bail(false);
    let system: System;
    let orders: Orders;
    let data: SmallVolume;
    let logs: SmallVolume;
    /** Files that a whole run of `plan.orders` makes and sends. */
    let filesOfRun = 0;
    const measured = new Measured("faults", [
        "Fault",
        "Requests",
        "Failed",
        "Longest without a page (s)",
        "Containers started again",
        "Whole again after (s)",
        "Orders",
        "Lost",
        "Twice",
    ]);

    before(async () => {
        await new TestNamespace(NAMESPACE).delete();
        data = await SmallVolume.of(NAMESPACE, "bots-edi-data-pvc");
        logs = await SmallVolume.of(NAMESPACE, "bots-edi-logs-pvc");
        system = await System.deploy("mariadb", NAMESPACE, { storage: { data: "64Mi", logs: "64Mi", config: "64Mi" } });
        orders = await Orders.of(system, "alpha");
        orders.put("alpha", 10);
        await (await byExec(system)).ended();
        filesOfRun = orders.progress() * (plan.orders / 10);
        assertEachOnce(orders.count());
    });
    after(async () => {
        await (system as System | undefined)?.remove();
        await (data as SmallVolume | undefined)?.remove();
        await (logs as SmallVolume | undefined)?.remove();
    });

    const suspend = (isSuspended: boolean) =>
        system.kubectl("patch", "cronjob/bots-engine", "-p", JSON.stringify({ spec: { suspend: isSuspended } }));

    /** A run that has sent a part of its orders. */
    const underWay = async (start: (system: System) => Promise<Engine>): Promise<Engine> => {
        orders.put("alpha", plan.orders);
        const run = await start(system);
        assert.ok(
            await reaches(filesOfRun / 3, () => orders.progress(), run),
            "the run was over before anybody looked",
        );
        return run;
    };

    const runAgain = async (run: Engine) => {
        await run.ended().catch(() => undefined);
        await (await byExec(system)).ended();
    };

    /** The schedule's next run sends what is left, with nobody's help. */
    const bySchedule = async () => {
        const areSent = async () => {
            const { items } = await system.read<{ items: { status: { active?: number } }[] }>("jobs");
            const running = items.filter(({ status }) => (status.active ?? 0) > 0).length;
            return (
                (orders.filesIn("infile") === 0 && orders.filesIn("outfile") >= plan.orders && running === 0) ||
                `${orders.filesIn("infile")} wait, ${orders.filesIn("outfile")} sent, ${running} runs`
            );
        };
        await waitUntil("the schedule to send all orders", areSent, { timeout: 300, interval: 1000 });
        await suspend(true);
    };

    /** Strikes under requests and in the middle of a run; what is left to send comes after. */
    const suffer = async ({ title, strike }: Fault, next: (run: Engine) => Promise<void> = runAgain) => {
        const requests = await Requests.start(NAMESPACE);
        const before = await restarts(system.home, ...SERVICE_PODS);
        const run = await underWay(WAYS.hand);
        const begin = Date.now();
        await strike(system);
        await system.ready();
        await waitUntil("the pages to answer", () => requests.sinceAnswer < 1000, { timeout: 120 });
        const seconds = Math.round((Date.now() - begin) / 1000);
        await next(run);
        const { sent, failures, silence } = await requests.stop();
        const restarted = since(before, await restarts(system.home, ...SERVICE_PODS));
        const count = orders.count();
        await measured.add(
            title,
            sent,
            failures.length,
            silence.toFixed(1),
            restarted,
            seconds,
            count.sent + count.lost.length,
            count.lost.length,
            count.twice.length,
        );
        assertEachOnce(count);
        return { failures, restarted };
    };

    for (const fault of plan.name === "short" ? SERVICES.slice(0, 1) : SERVICES) {
        it(`is whole again after ${fault.title}`, async () => {
            await suffer(fault);
        });
    }

    it("loses nothing and goes on serving with its data volume full: the run ends at once and says why", async () => {
        const full: Fault = {
            title: "data volume full in the middle of a run",
            strike: async () => {
                data.fill();
                try {
                    await assert.rejects(
                        byExec(system).then((run) => run.ended()),
                        /no(thing was run|\b.*space).*/i,
                    );
                    await sleep(10_000);
                } finally {
                    data.clear();
                }
            },
        };
        const { failures, restarted } = await suffer(full);
        assert.deepEqual([failures.slice(0, 20), restarted], [[], 0]);
    });

    it("loses nothing and goes on serving with its logs volume full", async () => {
        const full: Fault = {
            title: "logs volume full in the middle of a run",
            strike: async () => {
                logs.fill();
                await sleep(20_000);
                logs.clear();
            },
        };
        const { failures, restarted } = await suffer(full);
        assert.deepEqual([failures.slice(0, 20), restarted], [[], 0]);
    });

    for (const seconds of plan.absences) {
        it(`comes back by itself: database away for ${seconds} s`, async () => {
            await suspend(false);
            const { restarted } = await suffer(databaseAway(seconds), bySchedule);
            assert.equal(restarted, 0);
        });
    }

    if (plan.name === "short") return;

    for (const fault of PARTS) {
        it(`serves all the while after ${fault.title}`, async () => {
            const { failures, restarted } = await suffer(fault);
            const unexcused = failures.filter((failure) => fault.excuses?.test(failure) !== true);
            assert.deepEqual([unexcused.slice(0, 20), restarted], [[], 0]);
        });
    }

    it("goes on serving with the API server away in the middle of an update, which says so; the next one converges", async () => {
        const away: Fault = {
            title: `API server away for ${API_AWAY} s in the middle of an update`,
            strike: async () => {
                system.stack.set({ env: { CHANGED: new Date().toISOString() } });
                const earlier = new Set((await restarts(system.home, "-l", "component=init")).keys());
                const child = system.stack.begin("up", "--yes", "--skip-preview");
                const ended = ran(child);
                const hasBegun = async () => {
                    assert.equal(child.exitCode, null, "the update has ended");
                    const pods = await restarts(system.home, "-l", "component=init");
                    return [...pods.keys()].some((uid) => !earlier.has(uid));
                };
                await waitUntil("db-init to begin", hasBegun, { timeout: 120, interval: 50 });
                await killPart("kube-apiserver");
                await sleep(API_AWAY * 1000);
                await bringBack();
                const { code, text } = await ended;
                console.log(`        the update ended with ${code ?? "a signal"}`);
                // Policies admit a new pod up to a minute late then: db-init may have given up before.
                const reason = /error: .*(EOF|refused|reset)|no connection to bots-db:/;
                if (code !== 0) assert.match(text.slice(text.indexOf("Diagnostics:")), reason, text);
                await system.stack.up();
                await system.stack.succeed("preview", "--expect-no-changes");
            },
        };
        const { failures } = await suffer(away);
        assert.deepEqual(failures.slice(0, 20), []);
    });
});
