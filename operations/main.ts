/** `npm run ops -- COMMAND --stack STACK`: what operators do, on any stack's cluster. */
import { Command } from "commander";
import { join } from "node:path";
import { addOperations, usageError } from "./commands";
import { systemOf } from "./system";

interface Options {
    readonly stack: string;
    readonly context?: string;
}

const program = new Command("npm run ops --")
    .description("What operators do, on any stack's cluster: by kubectl, with the kubeconfig that it finds.")
    .configureOutput({ outputError: usageError("ops") });

addOperations(program, (command) => {
    const { stack, context } = command.opts<Options>();
    return systemOf(join(__dirname, ".."), stack, context);
});
for (const command of program.commands) {
    command
        .requiredOption("--stack <stack>", "the stack: its file is Pulumi.<stack>.yaml")
        .option(
            "--context <name>",
            "context of the kubeconfig, in place of the stack's kubeContext or the current one",
        );
}

program.parseAsync().catch((error: unknown) => {
    process.stderr.write(`ops: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
});
