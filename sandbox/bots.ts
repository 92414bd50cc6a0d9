/** What the sandbox does with a running Bots, through kubectl. */
import { binaryPath } from "./cluster/binaries";
import { SandboxError } from "./errors";
import { onTerminal, run } from "./exec";
import { kubectl, tryKubectl } from "./cluster/kubectl";
import { waitUntil } from "./cluster/wait";
import { kubeconfigPath } from "./paths";

/** Namespace of the stack. */
export const NAMESPACE = "edi";

const WEBSERVER = "deployment/bots-webserver";

/** The services whose logs can be shown. */
export const SERVICES = ["webserver", "jobqueue", "engine", "init"] as const;

/** Seconds that a run of the engine may take here, its wait for another one included. */
const ENGINE_LIMIT = 900;

/** Runs a command in the webserver's container; its input can be given. */
export async function inWebserver(command: readonly string[], input?: string): Promise<string> {
    return kubectl(["exec", "-i", "-n", NAMESPACE, WEBSERVER, "-c", "webserver", "--", ...command], {
        input,
        timeout: 120,
    });
}

/** Fails where the stack was taken away behind its deployer's back, which looks at what it was asked for and not at the cluster. */
export async function requireBots(): Promise<void> {
    if ((await tryKubectl(["get", WEBSERVER, "-n", NAMESPACE])).code === 0) return;
    throw new SandboxError(
        "Bots is not in the cluster, though the stack says so: run `npm run sandbox -- destroy`, then `npm run sandbox`",
    );
}

/** Puts a folder into the webserver's container. */
export async function copyIn(folder: string, target: string): Promise<void> {
    const archive = await run("sh", ["-c", 'tar -C "$1" -c . | base64', "sh", folder]);
    await inWebserver(["sh", "-c", `mkdir -p ${target} && base64 -d | tar -x -C ${target}`], archive);
}

interface Job {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly template: { readonly spec: { readonly containers: { args?: string[] }[] } } };
    readonly status?: {
        readonly active?: number;
        readonly conditions?: { readonly type: string; readonly status: string }[];
    };
}

/** The engine's jobs that are still there, the newest last. */
async function engineJobs(): Promise<Job[]> {
    const byAge = "--sort-by=.metadata.creationTimestamp";
    const list = await kubectl(["get", "jobs", "-n", NAMESPACE, "-l", "component=engine", byAge, "-o", "json"]);
    return (JSON.parse(list) as { items: Job[] }).items;
}

function ended(job: Job): string | undefined {
    return job.status?.conditions?.find(({ type, status }) => status === "True" && /^(Complete|Failed)$/.test(type))
        ?.type;
}

/** Runs the engine once, as the CronJob would, and returns what it said. It waits by itself for one that runs already. */
export async function runEngine(route?: string): Promise<string> {
    const name = `bots-engine-manual-${Date.now()}`;
    const job = JSON.parse(
        await kubectl([
            ...["create", "job", name, "-n", NAMESPACE, "--from=cronjob/bots-engine"],
            ...["--dry-run=client", "-o", "json"],
        ]),
    ) as Job;
    // bots-engine takes route ids as plain words.
    if (route !== undefined) job.spec.template.spec.containers[0]?.args?.push(route);
    await kubectl(["create", "-n", NAMESPACE, "-f", "-"], { input: JSON.stringify(job) });
    let outcome: string | undefined;
    const hasEnded = async () => {
        const mine = (await engineJobs()).find(({ metadata }) => metadata.name === name);
        outcome = mine && ended(mine);
        return outcome !== undefined;
    };
    await waitUntil(`the engine's job ${name} to end`, hasEnded, { timeout: ENGINE_LIMIT, interval: 500 });
    const said = (await tryKubectl(["logs", "-n", NAMESPACE, `job/${name}`])).stdout;
    if (route !== undefined && said.includes(`there is no active route ${route};`)) {
        throw new SandboxError(`there is no active route ${route}; the web page lists them under Configuration`);
    }
    if (outcome === "Failed") throw new SandboxError(`the engine's job ${name} failed: ${lastLines(said)}`);
    return said;
}

function lastLines(text: string): string {
    return text.trim().split("\n").slice(-5).join("\n");
}

/** Shows the log of a service on the terminal; the engine's is that of its latest job. */
export async function showLogs(service: string): Promise<void> {
    if (!SERVICES.some((known) => known === service)) {
        throw new SandboxError(`there is no service ${service}; takes ${SERVICES.join(" | ")}`);
    }
    if (service === "engine") return showEngineLog();
    if (
        service === "init" &&
        (await kubectl(["get", "pods", "-n", NAMESPACE, "-l", "component=init", "-o", "name"])) === ""
    ) {
        throw new SandboxError("the log of the last initialisation is gone: Kubernetes keeps it for five minutes");
    }
    await interactive(logs(`--selector=component=${service}`));
}

async function showEngineLog(): Promise<void> {
    const latest = (await engineJobs()).at(-1)?.metadata.name;
    if (latest === undefined) {
        throw new SandboxError(
            "there is no run of the engine to show: Kubernetes keeps each for ten minutes; `npm run sandbox -- engine` runs it",
        );
    }
    let log = "";
    // A pod that still starts has no log, which kubectl calls a failure, and one that has only just started has an empty one.
    const hasLog = async () => {
        const isOver = (await engineJobs()).some((job) => job.metadata.name === latest && ended(job));
        const { code, stdout, stderr } = await tryKubectl(logs(`job/${latest}`));
        log = stdout;
        return (code === 0 && (isOver || stdout !== "")) || stderr.trim();
    };
    await waitUntil(`the engine's job ${latest} to start`, hasLog, { timeout: 60 });
    process.stdout.write(log);
}

/** kubectl's arguments for the log of what `target` names. */
function logs(target: string): string[] {
    return ["logs", "-n", NAMESPACE, target, "--tail=500", "--prefix", "--all-containers"];
}

/** Runs kubectl on this terminal. */
export async function interactive(args: readonly string[]): Promise<void> {
    const code = await onTerminal(binaryPath("kubectl"), args, { KUBECONFIG: kubeconfigPath });
    if (code !== 0) throw new SandboxError(`kubectl ended with exit code ${code}`);
}
