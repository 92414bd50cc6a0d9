/** Shows the log of a service. */
import { engineJobs } from "./engine";
import { outcomeOf } from "./job";
import { OperatorError } from "./errors";
import { type System } from "./system";
import { waitUntil } from "./wait";

/** The services whose logs can be shown. */
export const SERVICES = ["webserver", "jobqueue", "engine", "init", "backup", "database"] as const;

/** How much is shown. */
export interface LogOptions {
    /** Go on with what comes. Default: only what there is. */
    readonly follow?: boolean;
}

/**
 * Shows the log of a service on the terminal, the last 500 lines of each container; the engine's is that of its newest run.
 *
 * @throws OperatorError where there is no such service, or its log is gone
 */
export async function showLogs(system: System, service: string, { follow = false }: LogOptions = {}): Promise<void> {
    if (!SERVICES.some((known) => known === service)) {
        throw new OperatorError(`there is no service ${service}; takes ${SERVICES.join(" | ")}`);
    }
    const { kubectl, settings } = system;
    const logs = (target: string) => [
        ...["logs", "-n", settings.namespace, target, "--tail=500", "--prefix", "--all-containers"],
        ...(follow ? ["--follow"] : []),
    ];
    if (service === "engine") return showEngineLog(system, logs);
    const pods = ["get", "pods", "-n", settings.namespace, "-l", `component=${service}`, "-o", "name"];
    if ((await kubectl.run(pods)) === "")
        throw new OperatorError(`there is no log of ${service}: ${WHY[service] ?? GONE}`);
    await kubectl.show(logs(`--selector=component=${service}`));
}

const GONE = "no pod of it is there";
const WHY: Readonly<Record<string, string>> = {
    init: "Kubernetes keeps that of the last initialisation for five minutes",
    backup: "none was made yet; `npm run ops -- backup` makes one",
    database: "the stack has none in the cluster",
};

async function showEngineLog(system: System, logs: (target: string) => string[]): Promise<void> {
    const latest = (await engineJobs(system)).at(-1)?.metadata.name;
    if (latest === undefined) {
        throw new OperatorError(
            "there is no run of the engine to show: Kubernetes keeps the last ones, and for a time; the command engine runs it",
        );
    }
    let shown = false;
    const write = (text: string) => {
        shown = true;
        process.stdout.write(text);
    };
    // A pod that still starts has no log, which kubectl calls a failure, and one that has only just started has an empty one.
    const hasLog = async () => {
        const isOver = (await engineJobs(system)).some((job) => job.metadata.name === latest && outcomeOf(job));
        const { code, stderr } = await system.kubectl.try(logs(`job/${latest}`), { onOutput: write, timeout: 86_400 });
        return (code === 0 && (isOver || shown)) || stderr.trim();
    };
    await waitUntil(`the engine's job ${latest} to start`, hasLog, { timeout: 60 });
}
