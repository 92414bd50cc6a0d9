import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a command to its end and returns its stdout; a failure is one error with the last lines that it printed. */
export async function run(command: string, args: string[], environment?: NodeJS.ProcessEnv): Promise<string> {
    try {
        const { stdout } = await execute(command, args, {
            env: environment ?? process.env,
            maxBuffer: 64 * 1024 * 1024,
        });
        return stdout;
    } catch (error) {
        throw new Error(`${command} ${args.join(" ")}\n${lastLines(error)}`, { cause: error });
    }
}

function lastLines(error: unknown): string {
    const { stdout = "", stderr = "", message = String(error) } = error as Partial<Record<string, string>>;
    const printed = `${stdout}${stderr}`.trimEnd();
    return printed === "" ? message : printed.split("\n").slice(-15).join("\n");
}
