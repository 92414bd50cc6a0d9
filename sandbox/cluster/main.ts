import { existsSync } from "node:fs";
import { Command } from "commander";
import { kubeconfigPath } from "../paths";
import { binaryPath } from "./binaries";
import { down } from "./down";
import { OperatorError } from "../../operations/errors";
import { SandboxError } from "../errors";
import { onTerminal } from "../../operations/exec";
import { importImage } from "./images";
import { requireAdministrator } from "./preflight";
import { purge } from "./purge";
import { status } from "./status";
import { runningComponents } from "./supervise";
import { up } from "./up";

const notUp = 3;

const program = new Command("sandbox:cluster")
    .description("A real single-node Kubernetes on this machine, for trying and testing.")
    .enablePositionalOptions()
    .showHelpAfterError("Run with --help to see what it takes.");

program
    .command("up")
    .description("bring the cluster up; continue where an earlier run, a crash or a reboot left it")
    .option("--no-images", "leave the images of Bots EDI and MariaDB out")
    .action(({ images }: { images: boolean }) => up({ withImages: images, modules: [] }));

program.command("down").description("stop the cluster and keep its state").action(down);

program
    .command("purge")
    .description("remove everything that the sandbox made on this machine")
    .option("--cache", "remove built binaries, unpacked packages and image archives too", false)
    .action(({ cache }: { cache: boolean }) => purge({ withCache: cache }));

program
    .command("status")
    .description(`tell what runs; exit code ${notUp} unless all of it does`)
    .action(async () => {
        requireAdministrator();
        const { lines, isUp } = await status();
        process.stdout.write(`${lines.join("\n")}\n`);
        if (!isUp) process.exitCode = notUp;
    });

program
    .command("import")
    .description("import an image archive (OCI or Docker format) into the node")
    .argument("<archive>", "a tar file")
    .action(async (archive: string) => {
        requireAdministrator();
        if (!runningComponents().some(({ name }) => name === "containerd")) throw notRunning();
        process.stdout.write(`${archive}: ${await importImage(archive)}\n`);
    });

program
    .command("kubectl")
    .description("run kubectl as the cluster's administrator")
    .argument("[args...]")
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(passToKubectl);

async function passToKubectl(args: string[]): Promise<void> {
    requireAdministrator();
    const command = binaryPath("kubectl");
    if (!existsSync(kubeconfigPath) || !existsSync(command)) throw notRunning();
    process.exitCode = await onTerminal(command, args, { KUBECONFIG: kubeconfigPath });
}

function notRunning(): SandboxError {
    return new SandboxError("the sandbox does not run; start it with: npm run sandbox:cluster -- up");
}

program.parseAsync().catch((error: unknown) => {
    // The system's own errors, a full disk say, carry a code; any other is a bug and shows where it is.
    if (!(error instanceof OperatorError) && !(error instanceof Error && "code" in error)) throw error;
    process.stderr.write(`sandbox:cluster: ${error.message}\n`);
    process.exitCode = 1;
});
