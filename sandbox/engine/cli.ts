import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { kubeconfigPath, stateDir } from "../paths";
import { Deployment, type Result, RunFailed } from "./deployment";
import { readProject } from "./project";
import { State } from "./state";

interface Options {
    stack: string;
    dir: string;
    kubeconfig: string;
    state?: string;
}

/** Exit codes: 0 done (preview: nothing to change), 1 error, 2 preview found changes, 130 interrupted. */
const exit = { changes: 2, error: 1, interrupted: 130 };

const interrupt = new AbortController();

function common(command: Command): Command {
    return command
        .requiredOption("--stack <name>", "the stack: its configuration is in Pulumi.<name>.yaml")
        .option("--dir <folder>", "the folder of Pulumi.yaml", process.cwd())
        .option("--kubeconfig <file>", "the cluster", kubeconfigPath)
        .option("--state <file>", `the stack's state (default: ${join(stateDir, "stacks", "<stack>.json")})`);
}

function stateFile({ stack, state }: Options): string {
    return state ?? join(stateDir, "stacks", `${stack}.json`);
}

function print(line: string): void {
    process.stdout.write(`${line}\n`);
}

function deployment(options: Options): Deployment {
    const { stack, dir: projectDir, kubeconfig } = options;
    const { signal } = interrupt;
    return new Deployment({ projectDir, stack, kubeconfig, stateFile: stateFile(options), log: print, signal });
}

function printSummary({ summary }: Result): void {
    const { created, updated, replaced, deleted, same } = summary;
    print(
        `${created} to create, ${updated} to update, ${replaced} to replace, ${deleted} to delete, ${same} unchanged`,
    );
}

function changes({ summary }: Result): number {
    return summary.created + summary.updated + summary.replaced + summary.deleted;
}

function printState(options: Options): void {
    const file = stateFile(options);
    readFileSync(file);
    const state = State.open(file, readProject(options.dir, options.stack).name, options.stack);
    for (const { type, name, id, pending, failed, protect } of state.all()) {
        const remarks = [protect && "protected", pending && `${pending} under way`, failed && "failed"].filter(Boolean);
        print(`${type} ${name} ${id} ${remarks.join(", ")}`.trimEnd());
    }
}

const program = new Command("npm run sandbox:engine --")
    .description("Runs this Pulumi program on one machine's cluster without the Pulumi CLI.")
    .showHelpAfterError();
common(program.command("preview"))
    .description("show what up would do; exit code 2 when there is something to do")
    .action(async (options: Options) => {
        const result = await deployment(options).preview();
        printSummary(result);
        if (changes(result) > 0) process.exitCode = exit.changes;
    });
common(program.command("up"))
    .description("make the cluster what the program says")
    .option("--refresh", "first forget what is no longer in the cluster", false)
    .action(async (options: Options & { refresh: boolean }) => {
        const { summary } = await deployment(options).up({ refresh: options.refresh });
        const { created, updated, replaced, deleted, same } = summary;
        print(`${created} created, ${updated} updated, ${replaced} replaced, ${deleted} deleted, ${same} unchanged`);
    });
common(program.command("destroy"))
    .description("delete everything that the stack made")
    .option("--exclude-protected", "leave protected resources, and what they need, in place", false)
    .action(async (options: Options & { excludeProtected: boolean }) => {
        const { summary } = await deployment(options).destroy({ excludeProtected: options.excludeProtected });
        print(`${summary.deleted} deleted`);
    });
common(program.command("state")).description("list what the stack has made").action(printState);

/** The reasons of a failed run have been printed where they happened. */
function reasonOf(error: unknown): string {
    if (error instanceof RunFailed) return `${error.run} failed, see above`;
    return error instanceof Error ? error.message : String(error);
}

let interrupts = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
        // The state is whole at any moment: a second Ctrl-C need not wait for anything.
        if (++interrupts > 1) process.exit(exit.interrupted);
        process.stderr.write("stopping: the state is kept, the next up goes on from there\n");
        interrupt.abort(new Error("interrupted"));
    });
}

program.parseAsync().catch((error: unknown) => {
    process.stderr.write(`error: ${reasonOf(error)}\n`);
    process.exitCode = interrupt.signal.aborted ? exit.interrupted : exit.error;
});
