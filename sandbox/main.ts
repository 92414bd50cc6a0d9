import { Command } from "commander";
import { addOperations, usageError } from "../operations/commands";
import { sandboxSystem } from "./bots";
import { SandboxError } from "./errors";
import { INTERRUPTED, Interrupted } from "./interrupt";
import { stopForward } from "./forward";
import { deploy, printNext, removeParts, requireCluster, runSandbox } from "./run";
import { equipStack } from "./surroundings/install";
import { partsOf } from "./surroundings/parts";
import { WEB } from "./web";

/** Exit codes beside 0: what went wrong, and changes that a preview found. */
const FAILED = 1;
const CHANGES = 2;

const print = (line: string) => process.stdout.write(`${line}\n`);

const program = new Command("npm run sandbox --")
    .description("Bots EDI in a real Kubernetes on this machine, for trying and testing.")
    .enablePositionalOptions()
    .argument("[command]")
    .usage("[options] [command]")
    .configureOutput({ outputError: usageError("sandbox") });

const withImage = (command: Command) =>
    command.option("--image <file>", "run this image (an OCI or Docker archive) in place of the reference image");

interface ImageOption {
    readonly image?: string;
}

withImage(program)
    .option("--with <parts>", "put up what surrounds Bots in a cluster: names with commas, or all")
    .action(async (unknown: string | undefined, { image, with: parts }: ImageOption & { with?: string }) => {
        if (unknown !== undefined) {
            const known = program.commands.map((command) => command.name()).join(" | ");
            throw new SandboxError(`there is no command ${unknown}; takes ${known}, or nothing for the whole job`);
        }
        await runSandbox(image, parts === undefined ? [] : partsOf(parts));
    });

withImage(program.command("preview"))
    .description(`show what up would do; exit code ${CHANGES} when that is something`)
    .action(async ({ image }: ImageOption) => {
        requireCluster();
        const { changed, same } = await deploy(image, (stack) => stack.preview());
        print(`${changed} resources would change, ${same} would not`);
        if (changed > 0) process.exitCode = CHANGES;
    });

withImage(program.command("up"))
    .description("make the stack what the program says")
    .action(async ({ image }: ImageOption) => {
        requireCluster();
        const { changed, same } = await deploy(image, (stack) => stack.up());
        await equipStack();
        print(`${changed} resources changed, ${same} did not`);
    });

program
    .command("destroy")
    .description("remove the stack, its data included; the cluster stays")
    .action(async () => {
        requireCluster();
        await deploy(undefined, (stack) => stack.destroy());
        await stopForward(WEB);
    });

program
    .command("remove")
    .description("take parts of the surroundings away")
    .argument("<parts>", "names with commas, or all")
    .action((parts: string) => removeParts(partsOf(parts)));

addOperations(program, () => {
    requireCluster();
    return sandboxSystem();
});
program.commands.find((command) => command.name() === "status")?.hook("postAction", printNext);

program.parseAsync().catch((error: unknown) => {
    process.stderr.write(`sandbox: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof Interrupted ? INTERRUPTED : FAILED;
});
