/** `npm run pulumi -- ARGUMENTS`: the Pulumi CLI, for people. */
import { onTerminal } from "../../operations/exec";
import { providePulumi } from "./cli";

/** Everything that is said here: standard output is the CLI's own. */
const note = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
    const { command, title, env } = await providePulumi(note);
    note(title);
    process.exitCode = await onTerminal(command, process.argv.slice(2), env);
}

main().catch((error: unknown) => {
    note(`pulumi: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
});
