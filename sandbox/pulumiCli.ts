import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Counts, type Deployer, type DeployerOptions, PROGRAM, PROGRAM_PARTS, STACK } from "./deployer";
import { kubeconfigPath, stateDir } from "./paths";

/** Where the CLI keeps its state and finds the program. */
export const pulumiFolder = join(stateDir, "pulumi");

/** Deploys with the real Pulumi CLI and a local file backend, through the Automation API. */
export class PulumiCli implements Deployer {
    readonly name = "the Pulumi CLI";

    constructor(private readonly options: DeployerOptions) {}

    async preview(): Promise<Counts> {
        const stack = await this.stack();
        const { changeSummary } = await stack.preview({ diff: true, color: "never", onOutput: print });
        return count(changeSummary);
    }

    async up(): Promise<Counts> {
        const stack = await this.stack();
        const { summary } = await stack.up({ color: "never", onOutput: print });
        return count(summary.resourceChanges ?? {});
    }

    async destroy(): Promise<void> {
        const stack = await this.stack();
        await stack.destroy({ color: "never", onOutput: print });
        rmSync(pulumiFolder, { recursive: true });
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

function print(text: string): void {
    process.stdout.write(text);
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
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
    return readFileSync(file, "utf8");
}
