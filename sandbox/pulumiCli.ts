import { CommandError, ConcurrentUpdateError, LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "./cluster/kubectl";
import { type Counts, type Deployer, type DeployerOptions, PROGRAM, PROGRAM_PARTS, STACK } from "./deployer";
import { SandboxError } from "./errors";
import { kubeconfigPath, stateDir } from "./paths";
import { writeWhole } from "./writeWhole";

/** Where the CLI keeps its state and finds the program. */
export const pulumiFolder = join(stateDir, "pulumi");

/** Deploys with the real Pulumi CLI and a local file backend, through the Automation API. */
export class PulumiCli implements Deployer {
    readonly name = "the Pulumi CLI";

    constructor(private readonly options: DeployerOptions) {}

    async preview(): Promise<Counts> {
        const { changeSummary } = await this.run((stack, signal) => stack.preview({ ...SHOWN, signal, diff: true }));
        return count(changeSummary);
    }

    async up(): Promise<Counts> {
        const { summary } = await this.run((stack, signal) => stack.up({ ...SHOWN, signal }));
        return count(summary.resourceChanges ?? {});
    }

    async destroy(): Promise<void> {
        await this.run((stack, signal) => stack.destroy({ ...SHOWN, signal }));
        rmSync(pulumiFolder, { recursive: true });
    }

    private async run<T>(operation: (stack: Stack, signal: AbortSignal) => Promise<T>): Promise<T> {
        const stack = await this.stack();
        const signal = terminated(this.options.signal);
        try {
            return await operation(stack, signal).catch(async (error: unknown) => {
                if (!(error instanceof ConcurrentUpdateError)) throw error;
                await takeOver(stack, error);
                return operation(stack, signal);
            });
        } catch (error) {
            // Its message repeats all that was shown.
            throw error instanceof CommandError ? new SandboxError("the Pulumi CLI failed, see above") : error;
        }
    }

    private async stack(): Promise<Stack> {
        const project = layProject();
        const stack = await LocalWorkspace.createOrSelectStack(
            { stackName: STACK, workDir: project },
            {
                envVars: {
                    KUBECONFIG: kubeconfigPath,
                    PULUMI_BACKEND_URL: `file://${pulumiFolder}`,
                    PULUMI_CONFIG_PASSPHRASE: passphrase(),
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                },
            },
        );
        for (const [key, value] of Object.entries(this.options.config)) await stack.setConfig(key, { value });
        return stack;
    }
}

/** Ctrl-C reaches the CLI by itself, and a second one makes it drop everything: only SIGTERM has to be passed on. */
function terminated(signal: AbortSignal): AbortSignal {
    const controller = new AbortController();
    signal.addEventListener("abort", () => {
        if (signal.reason === "SIGTERM") controller.abort();
    });
    return controller.signal;
}

const SHOWN = {
    color: "never",
    onOutput: (text: string) => process.stdout.write(text),
    onError: (text: string) => process.stderr.write(text),
} as const;

interface PendingOperation {
    readonly type: string;
    readonly resource: { readonly type: string; readonly inputs: Readonly<Record<string, unknown>> };
}

/**
 * Frees a stack that a killed run has left locked. What that run was creating is removed, or the next one would meet it as
 * somebody else's: it was never in use, since nothing that depends on it was begun.
 */
async function takeOver(stack: Stack, { message }: ConcurrentUpdateError): Promise<void> {
    const holder = /\(pid (\d+)\)/.exec(message)?.[1];
    if (holder === undefined || existsSync(`/proc/${holder}`)) {
        throw new SandboxError(`process ${holder ?? "?"} is changing the stack; wait for it or stop it`);
    }
    process.stdout.write("An earlier run was killed; what it has left half done is cleared first\n");
    await stack.cancel();
    const { deployment } = (await stack.exportStack()) as { deployment: { pending_operations?: PendingOperation[] } };
    for (const { type, resource } of deployment.pending_operations ?? []) {
        // A Patch creates nothing: it names somebody else's object.
        const isObject = resource.type.startsWith("kubernetes:") && !resource.type.endsWith("Patch");
        if (type !== "creating" || !isObject) continue;
        const { apiVersion, kind, metadata } = resource.inputs;
        await kubectl(["delete", "--ignore-not-found", "-f", "-"], {
            input: JSON.stringify({ apiVersion, kind, metadata }),
        });
    }
    await stack.refresh({ ...SHOWN, clearPendingCreates: true });
}

function count(changes: Record<string, number | undefined>): Counts {
    const { same = 0, ...rest } = changes;
    return { same, changed: Object.values(rest).reduce((sum: number, number) => sum + (number ?? 0), 0) };
}

/** A folder with the program in it: the CLI writes into the stack's file, and the checkout is left alone. */
function layProject(): string {
    const project = join(pulumiFolder, "project");
    mkdirSync(project, { recursive: true, mode: 0o700 });
    for (const file of ["Pulumi.yaml", `Pulumi.${STACK}.yaml`]) copyFileSync(join(PROGRAM, file), join(project, file));
    for (const part of PROGRAM_PARTS) {
        if (!existsSync(join(project, part))) symlinkSync(join(PROGRAM, part), join(project, part));
    }
    return project;
}

/** Made once: the state is encrypted by it. */
function passphrase(): string {
    const file = join(pulumiFolder, "passphrase");
    if (!existsSync(file)) writeWhole(file, randomBytes(24).toString("base64url"));
    return readFileSync(file, "utf8");
}
