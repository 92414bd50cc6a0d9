/** What the stack has for monitoring, as the real operator and its Prometheus take it: targets, rules, queries, an alert. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineJobs, runEngine } from "../../../../operations/engine";
import { runJob } from "../../../../operations/job";
import { waitUntil } from "../../../../operations/wait";
import { NAMESPACE, sandboxSystem } from "../../../../sandbox/bots";
import { images } from "../../../../sandbox/cluster/images";
import { checkout } from "../../../../sandbox/paths";
import { MONITORING, PORT } from "../../../../sandbox/surroundings/prometheus";
import { TestNamespace } from "../../namespace";

const edi = new TestNamespace(NAMESPACE);
const PAGE = readFileSync(join(checkout, "docs/operations.md"), "utf8");

/** Seconds until Prometheus knows what has changed: the operator writes, the kubelet's copy follows, and it scrapes. */
const LIMIT = 240;

/**
 * What is there only while there is a cause: an engine that runs, a file that waits, the Job of a pushed image; and what the
 * kubelet tells of volumes alone that are no folders, as the sandbox's are.
 */
const NOT_ALWAYS =
    /bots_engine_lock_since_timestamp_seconds|bots_inbox_oldest_file_timestamp_seconds|kube_job_failed\{.*bots-image-update|kubelet_volume_stats/;

interface Rule {
    readonly name: string;
    readonly query: string;
    readonly health: string;
    readonly lastError?: string;
    readonly state: string;
}

interface RuleGroup {
    readonly name: string;
    readonly file: string;
    readonly rules: readonly Rule[];
}

interface Target {
    readonly scrapePool: string;
    readonly health: string;
    readonly lastError: string;
    readonly labels: Record<string, string>;
}

/** Asks Prometheus' API. */
async function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${PORT}/api/v1/${path}?${new URLSearchParams(query).toString()}`);
    const body = (await response.json()) as { status: string; error?: string; data: T };
    assert.equal(body.status, "success", `${body.error ?? ""} of ${JSON.stringify(query)}`);
    return body.data;
}

/** How many series a query gives. */
async function series(query: string): Promise<number> {
    return (await ask<{ result: readonly object[] }>("query", { query })).result.length;
}

/** The alerting rules that Prometheus has of the stack. */
async function rules(): Promise<readonly Rule[]> {
    const { groups } = await ask<{ groups: readonly RuleGroup[] }>("rules", { type: "alert" });
    return groups.filter(({ file }) => file.includes(`/${NAMESPACE}-bots-edi-`)).flatMap((group) => group.rules);
}

/** What each selects, such as `bots_check{namespace="edi"}`. */
function selectors(queries: readonly string[]): string[] {
    return [...new Set(queries.flatMap((query) => query.match(/\b\w+\{[^}]*\}/g) ?? []))];
}

/** Waits until each query that has data always has it. */
async function haveData(queries: readonly string[]): Promise<void> {
    const lacking = async () => {
        const counts = await Promise.all(queries.map(async (query) => [query, await series(query)] as const));
        const empty = counts.filter(([query, count]) => count === 0 && !NOT_ALWAYS.test(query));
        return empty.length === 0 || empty.map(([query]) => query).join("; ");
    };
    await waitUntil("data", lacking, { timeout: LIMIT, interval: 2000 });
}

describe("the operator's Prometheus", function () {
    this.timeout("10m");
    const elsewhere = new TestNamespace("not-monitoring");
    const monitoring = new TestNamespace(MONITORING);

    before(async () => {
        // So that each metric of a run and of a backup has one to tell of.
        await runEngine(sandboxSystem());
        await runJob(sandboxSystem(), { cronJob: "bots-config-backup", limit: 300 });
    });
    after(async () => {
        await elsewhere.delete();
        await monitoring.kubectl("delete", "pod/client", "--ignore-not-found", "--now");
        await edi.kubectl("delete", "jobs", "-l", "component in (engine, backup)");
    });

    const targets = async (pool: string) => {
        const { activeTargets } = await ask<{ activeTargets: readonly Target[] }>("targets");
        return activeTargets.filter(({ scrapePool }) => scrapePool === pool);
    };

    it("scrapes each webserver, which the stack's ServiceMonitor names", async () => {
        const pods = (await edi.value("pods", ".items[?(@.metadata.labels.component=='webserver')].metadata.name"))
            .split(" ")
            .sort();
        const areUp = async () => {
            const own = await targets(`serviceMonitor/${NAMESPACE}/bots-edi/0`);
            const up = own.filter(({ health, labels }) => health === "up" && labels.namespace === NAMESPACE);
            const names = up.map(({ labels }) => labels.pod).sort();
            return JSON.stringify(names) === JSON.stringify(pods) || JSON.stringify(own);
        };
        await waitUntil(`targets ${pods.join(" ")}`, areUp, { timeout: LIMIT, interval: 1000 });
    });

    it("scrapes the kubelet, which knows how full volumes are, and kube-state-metrics", async () => {
        const areUp = async () => {
            const both = [
                ...(await targets("kubelet")),
                ...(await targets(`serviceMonitor/${MONITORING}/kube-state-metrics/0`)),
            ];
            return (both.length === 2 && both.every(({ health }) => health === "up")) || JSON.stringify(both);
        };
        await waitUntil("both targets", areUp, { timeout: LIMIT, interval: 1000 });
    });

    it("has every documented alert, and none of their rules fails", async () => {
        const documented = [...PAGE.matchAll(/^\| `(Bots\w+)`/gm)].map(([, name]) => name);
        assert.ok(documented.length > 10);
        const evaluated = async () => {
            const all = await rules();
            const bad = all.filter(({ health }) => health !== "ok");
            return (all.length > 0 && bad.length === 0) || JSON.stringify(bad);
        };
        await waitUntil("the rules", evaluated, { timeout: LIMIT, interval: 1000 });
        assert.deepEqual((await rules()).map(({ name }) => name).sort(), documented.sort());
    });

    it("has every documented metric of Bots, with its labels", async () => {
        const documented = [...PAGE.matchAll(/^\| `(bots_\w+)(?:\{([\w,]+)\})?`/gm)];
        assert.ok(documented.length > 15);
        await haveData(
            documented.map(([, metric = "", labels = ""]) => {
                const wanted = labels.split(",").filter(Boolean);
                return `${metric}{${[`namespace="${NAMESPACE}"`, ...wanted.map((label) => `${label}!=""`)].join()}}`;
            }),
        );
    });

    it("finds all that the alerts select, of Bots and of Kubernetes' objects", async () => {
        const selected = selectors((await rules()).map(({ query }) => query));
        assert.ok(selected.some((selector) => selector.startsWith("kube_cronjob_")));
        await haveData(selected);
    });

    it("answers all that the dashboard asks", async () => {
        const file = await edi.value("configmap/bots-edi-dashboard", `.data.bots-edi-${NAMESPACE}\\.json`);
        const { panels } = JSON.parse(file) as { panels: readonly { targets: readonly { expr: string }[] }[] };
        const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
        assert.ok(queries.length > 10);
        await haveData(queries);
    });

    it("fires BotsRunErrors for a run that fails, and stops once its Job is gone", async () => {
        const becomes = async (state: "firing" | "inactive") => {
            const is = async () => {
                const rule = (await rules()).find(({ name }) => name === "BotsRunErrors");
                return rule?.state === state || `it is ${rule?.state ?? "not there"}`;
            };
            const begin = Date.now();
            await waitUntil(`BotsRunErrors to be ${state}`, is, { timeout: LIMIT, interval: 500 });
            console.log(`        ${state} after ${Math.round((Date.now() - begin) / 1000)} s`);
        };
        await becomes("inactive");
        const before = (await engineJobs(sandboxSystem())).map(({ metadata }) => metadata.name);
        await assert.rejects(runEngine(sandboxSystem(), { routeid: "no-such-route" }), /no-such-route/);
        await becomes("firing");
        const jobs = (await engineJobs(sandboxSystem())).map(({ metadata }) => metadata.name);
        const failed = jobs.filter((name) => !before.includes(name) && name.includes("manual"));
        assert.equal(failed.length, 1);
        await edi.kubectl("delete", "job", ...failed);
        await becomes("inactive");
    });

    it("is the one that may scrape: the same request from another namespace gets no answer", async () => {
        await elsewhere.create();
        const pod = {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "client" },
            spec: {
                automountServiceAccountToken: false,
                containers: [{ name: "client", image: images.busybox, command: ["sleep", "infinity"] }],
            },
        };
        const address = await edi.value("pods", ".items[?(@.metadata.labels.component=='webserver')].status.podIP");
        const url = `http://${address.split(" ")[0] ?? ""}:8080/metrics`;
        for (const namespace of [monitoring, elsewhere]) {
            await namespace.apply(pod);
            await namespace.waitForPod("client");
        }
        const scrape = (namespace: TestNamespace) =>
            namespace.tryKubectl(["exec", "client", "--", "wget", "-qO-", url]);
        const isAdmitted = async () => /^bots_check\{/m.test((await scrape(monitoring)).stdout);
        await waitUntil("the policy to know the pod", isAdmitted, { timeout: 60, interval: 1000 });
        const { code, stdout } = await scrape(elsewhere);
        assert.notEqual(code, 0);
        assert.equal(stdout, "");
    });
});
