/** The system that a command works on. */
import { type Settings } from "../settings";
import { OperatorError } from "./errors";
import { lastLine, lastWords } from "./exec";
import { Kubectl } from "./kubectl";
import { stackSettings } from "./stackSettings";

/** One stack's system on its cluster. */
export interface System {
    /** The checkout that its stack is deployed from. */
    readonly root: string;
    readonly stack: string;
    readonly settings: Settings;
    readonly kubectl: Kubectl;
}

/** The system of a stack, whether it is deployed or not. `context` wins over the stack's own. */
export function systemOf(root: string, stack: string, context?: string): System {
    const settings = stackSettings(root, stack);
    const name = context ?? settings.kubeContext;
    return { root, stack, settings, kubectl: new Kubectl("kubectl", name === undefined ? [] : ["--context", name]) };
}

/** The stack that deployed a system, by the CronJob of its backups; nothing by one of an earlier version. */
const STACK = '{.spec.jobTemplate.spec.template.spec.containers[0].env[?(@.name=="BACKUP_STACK")].value}';

/**
 * Fails unless the system is on the cluster.
 *
 * @throws OperatorError where the cluster does not answer, or has no Bots of this stack in its namespace
 */
export async function requireDeployed({ stack, settings, kubectl }: System): Promise<void> {
    const { namespace } = settings;
    const look = ["get", "cronjob", "bots-config-backup", "-n", namespace, "-o", `jsonpath=${STACK}`];
    const { code, stdout: owner, stderr } = await kubectl.try(look);
    if (code === 0 && (owner === "" || owner === stack)) return;
    if (code !== 0 && !stderr.includes("(NotFound)")) {
        throw new OperatorError(`the cluster does not answer: ${lastLine(stderr)}`);
    }
    const cluster = (await kubectl.try(["config", "current-context"])).stdout.trim();
    throw new OperatorError(
        `stack ${stack} is not on this cluster (context ${cluster || "none"}): ` +
            `it has ${code === 0 ? `stack ${owner}` : "no Bots"} in namespace ${namespace}; ` +
            "take the kubeconfig of the stack's cluster, or deploy it by `pulumi up`",
    );
}

/** The webserver's container, for kubectl exec. */
export function webserverOf({ settings }: System): string[] {
    return ["-n", settings.namespace, "deployment/bots-webserver", "-c", "webserver"];
}

/** Runs a command in the webserver's container and returns its output; its input can be given. Fails with its last words. */
export async function inWebserver(system: System, command: readonly string[], input?: string): Promise<string> {
    const exec = ["exec", "-i", ...webserverOf(system), "--", ...command];
    const { code, stdout, stderr } = await system.kubectl.try(exec, { input, timeout: 120 });
    if (code === 0) return stdout;
    throw new OperatorError(
        lastWords({ stdout, stderr: stderr.replace(/^command terminated with exit code \d+\n?/m, "") }),
    );
}

/** Has webserver and job queue start anew, and waits until they do. */
export async function restartServices({ kubectl, settings }: System): Promise<void> {
    const namespace = ["-n", settings.namespace];
    const deployments = ["deployment/bots-webserver", "deployment/bots-jobqueue"];
    await kubectl.run(["rollout", "restart", ...namespace, ...deployments]);
    for (const deployment of deployments) {
        await kubectl.run(["rollout", "status", ...namespace, deployment, "--timeout=600s"], { timeout: 660 });
    }
}
