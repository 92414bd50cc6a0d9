/** The operations as commands: of `npm run ops` on any stack, and of the sandbox on its own. */
import { type Command } from "commander";
import { adopt, type AdoptOptions } from "./adopt";
import { backUp, type BackupsOptions, restore, type RestoreOptions, showBackups } from "./backup";
import { runEngine } from "./engine";
import { showLogs, SERVICES } from "./logs";
import { migrate } from "./migrate";
import { preflight } from "./preflight";
import { rotate, ROTATABLE } from "./rotate";
import { showStatus } from "./status";
import { makeSuperuser, type SuperuserOptions } from "./superuser";
import { requireDeployed, type System } from "./system";
import { showTop } from "./top";

/** Exit codes where not all is well, and where a stack cannot be deployed. */
const NOT_WELL = 3;
const FATAL = 1;

/**
 * Adds the commands to a program.
 *
 * @param system - the system that the command works on, from the command's own options
 */
export function addOperations(program: Command, system: (command: Command) => System | Promise<System>): void {
    /** The system of a command that needs one on the cluster. */
    const deployed = async (command: Command) => {
        const found = await system(command);
        await requireDeployed(found);
        return found;
    };

    program
        .command("status")
        .description(`show what runs and how it is; exit code ${NOT_WELL} unless all is well`)
        .action(async (_, command: Command) => {
            if (!(await showStatus(await deployed(command)))) process.exitCode = NOT_WELL;
        });

    program
        .command("top")
        .description("show what the containers take, against their limits, and the space on the volumes")
        .action(async (_, command: Command) => showTop(await deployed(command)));

    program
        .command("logs")
        .argument("<service>", SERVICES.join(" | "))
        .option("-f, --follow", "go on with what comes")
        .description("show the log of a service; the engine's is that of its newest run")
        .action(async (service: string, options: { follow?: boolean }, command: Command) => {
            await showLogs(await deployed(command), service, options);
        });

    program
        .command("engine")
        .option("--routeid <route>", "run this route only")
        .description("run the engine once, now; it waits for one that runs already")
        .action(async ({ routeid }: { routeid?: string }, command: Command) => {
            await runEngine(await deployed(command), { routeid, onOutput: (text) => process.stdout.write(text) });
        });

    program
        .command("superuser")
        .argument("<name>")
        .option("--email <address>", "mail address of a new user")
        .option("--new-password", "give an existing user a new password")
        .description("make a user who may do everything; asks for the password, or reads it from the input")
        .action(async (name: string, options: SuperuserOptions, command: Command) => {
            await makeSuperuser(await deployed(command), name, options);
        });

    program
        .command("preflight")
        .description(
            "look whether the stack can be deployed here: every finding with what to do; exit code 1 if one is fatal",
        )
        .action(async (_, command: Command) => {
            if (!(await preflight(await system(command)))) process.exitCode = FATAL;
        });

    for (const [name, run, description] of [
        [
            "adopt",
            adopt,
            "take over what kubectl or kustomize made under the stack's names; the pages are served throughout",
        ],
        [
            "migrate",
            migrate,
            "take over from the Deployment bots-edi, with its files; it pauses for the last copy alone",
        ],
    ] as const) {
        program
            .command(name)
            .option("--yes", "do not ask")
            .option("--undo", "take the last one back")
            .option("--confirm", "keep the last one: it cannot be undone any more")
            .description(description)
            .action(async (options: AdoptOptions, command: Command) => run(await system(command), options));
    }

    program
        .command("backup")
        .description("save database, data volume and configuration as one set, now; engines wait meanwhile")
        .action(async (_, command: Command) => backUp(await deployed(command)));

    program
        .command("backups")
        .option("--check", "read all of each, and tell whether it is as it was made")
        .description("show the sets, the newest last")
        .action(async (options: BackupsOptions, command: Command) => showBackups(await deployed(command), options));

    program
        .command("restore")
        .argument("<set>", "its name, as backups shows it")
        .option("--replace", "take what is there away; a set of it is made first")
        .option("--of <stack>", "take a set of this other stack")
        .option("--recover", "take a set that was made after a run that was cut off; the next run recovers it")
        .option("--put-waiting", "put files that waited back into their folders: nothing has run or was fetched since")
        .option("--release", "only put back what an earlier restore has held")
        .description("bring a set back; engines wait meanwhile")
        .action(async (set: string, options: RestoreOptions, command: Command) => {
            await restore(await deployed(command), set, options);
        });

    program
        .command("rotate")
        .argument("<what>", ROTATABLE.join(" | "))
        .description("put a new password or key in place of the old one, and restart what reads it")
        .action(async (what: string, _, command: Command) => rotate(await deployed(command), what));
}

/** One line for what a command was given wrongly. */
export function usageError(program: string): (text: string, write: (line: string) => void) => void {
    return (text, write) => {
        const words = text
            .trim()
            .replace(/^error: /, "")
            .replaceAll("\n", " ");
        write(`${program}: ${words}; --help tells what it takes\n`);
    };
}
