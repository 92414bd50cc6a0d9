/** The stack that the sandbox deploys. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "./errors";
import { checkout, kubeconfigPath, stateDir } from "./paths";
import { providePulumi } from "./pulumi/cli";
import { LocalStack, type LocalStackOptions } from "./pulumi/stack";

/** Its name: its configuration is Pulumi.sandbox.yaml. */
export const STACK = "sandbox";

/** Where its state is, a file backend of the Pulumi CLI, with its passphrase. */
export const pulumiFolder = join(stateDir, "pulumi");

/** The state that the engine of earlier versions kept. */
const FORMER_STATE = join(stateDir, "stacks", `${STACK}.json`);

/** Fails where an earlier version of the sandbox, which had an engine of its own, has made the stack. */
export function requireNoFormerStack(): void {
    if (!existsSync(FORMER_STATE)) return;
    throw new SandboxError(
        `an earlier version's own engine made this stack (${FORMER_STATE}), and Pulumi does not know it: ` +
            "destroy it from a checkout of that version, or start anew with `npm run sandbox:cluster -- purge`",
    );
}

/** The stack, for one operation; says which CLI runs. */
export async function sandboxStack(options: Pick<LocalStackOptions, "config" | "signal">): Promise<LocalStack> {
    requireNoFormerStack();
    const note = (line: string) => process.stdout.write(`${line}\n`);
    const cli = await providePulumi(note);
    note(`Deploying ${checkout} with ${cli.title}`);
    const fixed = { checkout, name: STACK, folder: pulumiFolder, kubeconfig: kubeconfigPath };
    return new LocalStack({ cli, ...fixed, ...options });
}
