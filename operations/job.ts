/** Jobs made by hand of a CronJob: what runs on a schedule, now. */
import { lastLine, lastWords } from "./exec";
import { OperatorError } from "./errors";
import { type System } from "./system";
import { waitUntil } from "./wait";

/** A Job, as far as it is changed or looked at here. */
export interface Job {
    readonly metadata: { readonly name: string };
    readonly spec: {
        backoffLimit?: number;
        readonly template: { readonly spec: { readonly containers: { readonly name: string; args?: string[] }[] } };
    };
    readonly status?: { readonly conditions?: { readonly type: string; readonly status: string }[] };
}

/** What is run. */
export interface JobRun {
    /** Name of the CronJob, and beginning of the Job's. */
    readonly cronJob: string;
    /** Seconds until its end is no longer waited for: more than its own deadline. */
    readonly limit: number;
    /** Changes the arguments of its container. Default: left as they are. */
    readonly args?: (scheduled: readonly string[]) => readonly string[];
    /** How often it is tried where it fails. Default: as often as the CronJob says. */
    readonly tries?: number;
    /** Is given the log as it comes. Default: nobody. */
    readonly onOutput?: (text: string) => void;
}

/** How a Job ended, if it has. */
export function outcomeOf(job: Job): "Complete" | "Failed" | undefined {
    const ended = job.status?.conditions?.find(
        ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
    );
    return ended?.type as "Complete" | "Failed" | undefined;
}

/**
 * Runs a CronJob's Job now and waits for its end.
 *
 * @returns its log
 * @throws OperatorError with the end of its log where it failed
 */
export async function runJob({ kubectl, settings }: System, run: JobRun): Promise<string> {
    const namespace = ["-n", settings.namespace];
    const name = `${run.cronJob}-manual-${Date.now()}`;
    const create = ["create", "job", name, ...namespace, `--from=cronjob/${run.cronJob}`];
    const job = JSON.parse(await kubectl.run([...create, "--dry-run=client", "-o", "json"])) as Job;
    const [container] = job.spec.template.spec.containers;
    if (!container) throw new OperatorError(`CronJob ${run.cronJob} has no container`);
    if (run.args) container.args = [...run.args(container.args ?? [])];
    if (run.tries !== undefined) job.spec.backoffLimit = run.tries - 1;
    await kubectl.run(["create", ...namespace, "-f", "-"], { input: JSON.stringify(job) });

    const outcome = async () => outcomeOf(await kubectl.get<Job>("job", name, ...namespace));
    const log = (...options: string[]) => ["logs", ...namespace, `job/${name}`, "-c", container.name, ...options];
    // Its last line is held back: where the Job fails, that is the error.
    let shown = 0;
    let heard = "";
    const show = (text: string) => {
        heard += text;
        const whole = heard.lastIndexOf("\n", heard.length - 2) + 1;
        run.onOutput?.(heard.slice(shown, whole));
        shown = Math.max(shown, whole);
    };
    // A pod that still starts has no log, and kubectl calls that a failure.
    const follow = async () => {
        const { code } = await kubectl.try(log("--follow"), { timeout: run.limit, onOutput: show });
        return code === 0 || (await outcome()) !== undefined;
    };
    const times = { timeout: run.limit, interval: 500 };
    await waitUntil(`the Job ${name} to start`, follow, times);
    let ended: "Complete" | "Failed" | undefined;
    await waitUntil(`the Job ${name} to end`, async () => (ended = await outcome()) !== undefined, times);
    const { stdout } = await kubectl.try(log());
    if (ended === "Failed") {
        const words = run.onOutput ? lastLine(stdout) : lastWords({ stdout, stderr: "" });
        throw new OperatorError(`the Job ${name} failed: ${words}`);
    }
    // What was followed may have been cut off.
    run.onOutput?.(stdout.startsWith(heard.slice(0, shown)) ? stdout.slice(shown) : stdout);
    return stdout;
}
