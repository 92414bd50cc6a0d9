import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { OperatorError } from "./errors";

export interface RunOptions {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    /** Text for the command's standard input. */
    input?: string;
    /** Seconds until the command is killed; default 600. */
    timeout?: number;
    /** Is given the standard output as it comes, too. */
    onOutput?: (text: string) => void;
}

export interface Outcome {
    code: number;
    stdout: string;
    stderr: string;
}

/** Runs a command to its end and returns what it said, whatever its exit code. Fails only if it cannot start. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env });
        // spawn's own time limit would keep this process waiting for a command that never started.
        const limit = setTimeout(() => child.kill("SIGKILL"), (options.timeout ?? 600) * 1000);
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            stdout += text;
            options.onOutput?.(text);
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
        child.on("error", (error: NodeJS.ErrnoException) => {
            clearTimeout(limit);
            reject(
                error.code === "ENOENT"
                    ? new OperatorError(`the command ${command} was not found; install it and run again`)
                    : error,
            );
        });
        child.on("close", (code, signal) => {
            clearTimeout(limit);
            resolve({ code: code ?? 1, stdout, stderr: signal ? `${stderr}killed by ${signal}` : stderr });
        });
        // A command that ends without reading its input is judged by its exit code, not by the broken pipe.
        child.stdin.on("error", () => undefined).end(options.input ?? "");
    });
}

/** The end of what a command said, as far as it says why it failed. */
export function lastWords({ stdout, stderr }: Pick<Outcome, "stdout" | "stderr">): string {
    return (stderr.trim() || stdout.trim()).split("\n").slice(-8).join("\n");
}

/** The last line of a text, which is where commands say why. */
export function lastLine(text: string): string {
    return text.trim().split("\n").at(-1) ?? "";
}

/** Runs a command to its end and returns its standard output. Fails with the command and its last words. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const outcome = await attempt(command, args, options);
    if (outcome.code === 0) return outcome.stdout;
    const said = lastWords(outcome);
    throw new OperatorError(`${command} ${args.slice(0, 3).join(" ")} ended with exit code ${outcome.code}: ${said}`);
}

/** Runs a command on this terminal and returns its exit code, as a shell gives it. */
export async function onTerminal(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
): Promise<number> {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    // Ctrl-C reaches the command by itself, which then ends in its own way: this waits for it.
    const relay = (name: NodeJS.Signals) => name === "SIGTERM" && child.kill(name);
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, relay);
    const [code, signal] = (await once(child, "close").finally(() => {
        for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, relay);
    })) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal ? constants.signals[signal] : 0);
}
