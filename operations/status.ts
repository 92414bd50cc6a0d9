/** A look at everything. */
import { lastLine } from "./exec";
import { movedTags, type Pod } from "./images";
import { type Job, outcomeOf } from "./job";
import { faultsOfSecrets } from "./secretFaults";
import { inWebserver, type System } from "./system";

/** The metrics are the webserver's own view: its checks, the engine's lock, the inboxes, the newest runs. */
const ASK = `
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8080/metrics", timeout=10).read().decode())
`;
const LOCK_FILE = "/home/bots/.bots/env/default/botssys/engine.lock";

/** A sample in Prometheus' text format: name, labels, value. */
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/gm;

/** What the metrics say, a line each; what is wrong is marked. */
export function describeMetrics(text: string, now: number): { lines: string[]; isWell: boolean } {
    const samples = [...text.matchAll(SAMPLE)].map(([, name = "", labels = "", value]) => ({
        name,
        label: /"(.*?)"/.exec(labels)?.[1] ?? "",
        value: Number(value),
    }));
    const of = (name: string, label?: string) =>
        samples.find((sample) => sample.name === name && (label === undefined || sample.label === label))?.value;
    const ago = (seconds: number) => `${Math.max(0, Math.round((now / 1000 - seconds) / 60))} min ago`;
    const failed = samples.filter(({ name, value }) => name === "bots_check" && value === 0).map(({ label }) => label);
    const succeeded = of("bots_run_success_timestamp_seconds", "new") ?? 0;
    const newest = of("bots_run_success", "new");
    const oldest = of("bots_inbox_oldest_file_timestamp_seconds");
    const lines = [
        failed.length === 0
            ? "Checks     all pass"
            : `Checks     fail: ${failed.join(", ")}; the webserver's log says why`,
        `Last run   ${succeeded === 0 ? "none without errors yet" : `without errors ${ago(succeeded)}`}${newest === 0 ? "; the newest had errors" : ""}`,
        `Inboxes    ${of("bots_inbox_files") ?? "?"} files wait${oldest === undefined ? "" : `, the oldest since ${ago(oldest)}`}`,
        `Engine     ${of("bots_engine_lock_held") === 1 ? "runs" : "does not run now"}`,
    ];
    return { lines, isWell: failed.length === 0 && newest !== 0 };
}

interface CronJob {
    readonly spec: { readonly suspend?: boolean };
    readonly status?: { readonly lastSuccessfulTime?: string };
}

interface Deployments {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly spec: {
            readonly replicas: number;
            readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
        };
        readonly status: { readonly availableReplicas?: number };
    }[];
}

/** A line where the newest image that was pushed is still being rolled out, or was not, with what its Job said last. */
async function describeUpdate({ kubectl, settings }: System): Promise<{ lines: string[]; isWell: boolean }> {
    const selection = ["-l", "component=updater", "--sort-by=.metadata.creationTimestamp"];
    const { items } = await kubectl.get<{ items: Job[] }>("jobs", "-n", settings.namespace, ...selection);
    const newest = items.at(-1);
    const outcome = newest && outcomeOf(newest);
    if (newest === undefined || outcome === "Complete") return { lines: [], isWell: true };
    const { name } = newest.metadata;
    if (outcome === undefined) return { lines: [`Update     ${name} is at work`], isWell: true };
    const { stdout } = await kubectl.try([
        "logs",
        `job/${name}`,
        "-n",
        settings.namespace,
        "-c",
        "db-init",
        "--tail=1",
    ]);
    return { lines: [`Update     ${name} failed: ${lastLine(stdout) || "its pod is gone"}`], isWell: false };
}

/** Shows what runs, and what the webserver says of it. Returns whether all is well. */
export async function showStatus(system: System): Promise<boolean> {
    const { kubectl, settings } = system;
    const here = ["-n", settings.namespace, "-l", "app=bots-edi"];
    await kubectl.show([
        "get",
        "deployments,statefulsets,cronjobs,jobs,pods,ingresses,persistentvolumeclaims",
        ...here,
    ]);

    const { items } = await kubectl.get<Deployments>("deployments", ...here);
    const absent = items.filter(({ spec, status }) => (status.availableReplicas ?? 0) < spec.replicas);
    const engine = await kubectl.get<CronJob>("cronjob/bots-engine", "-n", settings.namespace);
    const backup = await kubectl.get<CronJob>("cronjob/bots-config-backup", "-n", settings.namespace);
    const running = items.find(({ metadata }) => metadata.name === "bots-webserver")?.spec.template.spec.containers[0]
        ?.image;
    const moved = movedTags((await kubectl.get<{ items: Pod[] }>("pods", ...here)).items);
    const wanted = `${settings.image.repository}:${settings.imageTag}`;
    const { lines, isWell } = await inWebserver(system, ["python", "-c", ASK]).then(
        (text) => describeMetrics(text, Date.now()),
        (error: unknown) => ({
            lines: [`Checks     no webserver answers: ${(error as Error).message}`],
            isWell: false,
        }),
    );
    const update = await describeUpdate(system);
    const holder = lines.at(-1)?.endsWith(" runs") ? await inWebserver(system, ["cat", LOCK_FILE]) : "";
    const faults = await faultsOfSecrets(system);
    const all = [
        `Image      ${running ?? "none"}${running === wanted ? "" : `; the stack says ${wanted}: see docs/operations.md, With the image updater`}`,
        ...update.lines,
        ...moved.map((line) => `Tag        ${line}`),
        ...(absent.length > 0
            ? [`Pods       not all are ready: ${absent.map(({ metadata }) => metadata.name).join(", ")}`]
            : []),
        ...faults.map((fault) => `Secret     ${fault}`),
        ...lines,
        ...(holder ? [`Lock       ${holder.trim()}`] : []),
        `Schedule   ${engine.spec.suspend ? "suspended: nothing is received" : "on"}`,
        `Backup     ${backup.spec.suspend ? "suspended; " : ""}${backup.status?.lastSuccessfulTime ?? "none by the schedule yet"}`,
    ];
    process.stdout.write(`\n${all.join("\n")}\n`);
    return isWell && update.isWell && [moved, absent, faults].every(({ length }) => length === 0);
}
