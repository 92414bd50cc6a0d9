import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "./errors";
import { type Counts, type Deployer, type DeployerOptions, PROGRAM, STACK } from "./deployer";
import { Deployment } from "./engine/deployment";
import { kubeconfigPath, stateDir } from "./paths";
import { PulumiCli, pulumiFolder } from "./pulumiCli";

/** The engine's record of the stack: while it is there, the engine made what runs. */
const STATE_FILE = join(stateDir, "stacks", `${STACK}.json`);

function engine({ config, signal }: DeployerOptions): Deployer {
    const deployment = new Deployment({
        projectDir: PROGRAM,
        stack: STACK,
        kubeconfig: kubeconfigPath,
        stateFile: STATE_FILE,
        config,
        log: (line) => process.stdout.write(`${line}\n`),
        signal,
    });
    const counts = ({ summary }: Awaited<ReturnType<Deployment["up"]>>): Counts => ({
        changed: summary.created + summary.updated + summary.replaced + summary.deleted,
        same: summary.same,
    });
    return {
        name: "sandbox/engine, since the Pulumi CLI is not on the PATH",
        preview: async () => counts(await deployment.preview()),
        up: async () => counts(await deployment.up()),
        destroy: async () => {
            await deployment.destroy();
            rmSync(STATE_FILE);
        },
    };
}

/** The Pulumi CLI where it is on the PATH, and sandbox/engine elsewhere; a stack stays with the one that made it. */
export function chooseDeployer(options: DeployerOptions): Deployer {
    const hasCli = spawnSync("pulumi", ["version"]).status === 0;
    if (existsSync(STATE_FILE)) {
        const ours = engine(options);
        return hasCli ? { ...ours, name: "sandbox/engine, since it made this stack" } : ours;
    }
    if (hasCli) return new PulumiCli(options);
    if (existsSync(pulumiFolder)) {
        throw new SandboxError(
            "the Pulumi CLI made this stack, and is not on the PATH now: put it there, or start anew with `npm run sandbox:cluster -- purge`",
        );
    }
    return engine(options);
}
