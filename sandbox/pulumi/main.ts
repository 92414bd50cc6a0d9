/** `npm run pulumi -- ARGUMENTS`: the Pulumi CLI, for people. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { providePulumi } from "./cli";

/** Everything that is said here: standard output is the CLI's own. */
const note = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
    const { root, title, env } = await providePulumi(note);
    note(title);
    const command = root === undefined ? "pulumi" : join(root, "bin", "pulumi");
    const child = spawn(command, process.argv.slice(2), { stdio: "inherit", env: { ...process.env, ...env } });
    // Ctrl-C reaches the CLI by itself, which then stops at a safe place: this waits for it.
    process.on("SIGINT", () => undefined);
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    process.exitCode = await new Promise<number>((resolve, reject) => {
        child.once("error", reject).once("close", (code, signal) => {
            resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
        });
    });
}

main().catch((error: unknown) => {
    note(`pulumi: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
});
