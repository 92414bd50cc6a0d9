/** The sandbox's Bots: the system of stack `sandbox`, on its cluster. */
import { run } from "../operations/exec";
import { stackSettings } from "../operations/stackSettings";
import { inWebserver as inWebserverOf, type System } from "../operations/system";
import { administrator, tryKubectl } from "./cluster/kubectl";
import { SandboxError } from "./errors";
import { checkout } from "./paths";
import { STACK } from "./stack";

/** Namespace of the stack. */
export const NAMESPACE = "edi";

/** The system that the operations work on here. */
export function sandboxSystem(): System {
    return { root: checkout, stack: STACK, settings: stackSettings(checkout, STACK), kubectl: administrator };
}

/** Runs a command in the webserver's container; its input can be given. */
export function inWebserver(command: readonly string[], input?: string): Promise<string> {
    return inWebserverOf(sandboxSystem(), command, input);
}

/** Fails where the stack was taken away behind its deployer's back, which looks at what it was asked for and not at the cluster. */
export async function requireBots(): Promise<void> {
    if ((await tryKubectl(["get", "deployment/bots-webserver", "-n", NAMESPACE])).code === 0) return;
    throw new SandboxError(
        "Bots is not in the cluster, though the stack says so: run `npm run sandbox -- destroy`, then `npm run sandbox`",
    );
}

/** Puts a folder into the webserver's container. */
export async function copyIn(folder: string, target: string): Promise<void> {
    const archive = await run("sh", ["-c", 'tar -C "$1" -c . | base64', "sh", folder]);
    await inWebserver(["sh", "-c", `mkdir -p ${target} && base64 -d | tar -x -C ${target}`], archive);
}
