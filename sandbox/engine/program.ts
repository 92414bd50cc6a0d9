import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import type { Project } from "./project";

export interface ProgramRun {
    project: Project;
    stack: string;
    /** Of the services that the program dials. */
    address: string;
    /** What providers without a kubeconfig of their own use. */
    kubeconfig: string;
    dryRun: boolean;
    signal: AbortSignal;
    print: (line: string) => void;
}

/** How many registrations the program may have under way: the CLI's default for a small machine. */
const parallel = 16;

/** Runs the program with the SDK's own runner, as Pulumi's language host does. Resolves with its exit code. */
export async function runProgram(run: ProgramRun): Promise<number> {
    const { project, stack, address, dryRun, signal } = run;
    const runner = createRequire(join(project.workDir, "index.js")).resolve("@pulumi/pulumi/cmd/run");
    const args = ["--monitor", address, "--engine", address, "--project", project.name, "--stack", stack];
    args.push("--organization", "organization", "--root-directory", project.rootDir, "--pwd", project.workDir);
    args.push("--parallel", String(parallel), ...(dryRun ? ["--dry-run"] : []), project.entry);
    const child = spawn(process.execPath, [runner, ...args], {
        cwd: project.workDir,
        env: {
            ...process.env,
            KUBECONFIG: run.kubeconfig,
            PULUMI_CONFIG: JSON.stringify(project.config),
            PULUMI_CONFIG_SECRET_KEYS: "[]",
            PULUMI_NODEJS_TYPESCRIPT: "true",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
        },
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own: Ctrl-C reaches the engine alone, which ends the program when its state is safe.
        detached: true,
    });
    const stop = (): void => {
        child.kill("SIGKILL");
    };
    signal.addEventListener("abort", stop, { once: true });
    const output = [child.stdout, child.stderr].map((stream) => printLines(stream, run.print));
    try {
        const code = await new Promise<number>((resolve, reject) => {
            child.once("error", reject);
            child.once("exit", (exitCode) => {
                resolve(exitCode ?? 1);
            });
        });
        await Promise.all(output);
        return code;
    } finally {
        signal.removeEventListener("abort", stop);
    }
}

async function printLines(stream: Readable, print: (line: string) => void): Promise<void> {
    for await (const line of createInterface(stream)) print(line);
}
