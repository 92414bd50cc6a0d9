/** Sets of everything: made, told of, brought back. */
import { OperatorError } from "./errors";
import { runJob } from "./job";
import { restartServices, type System } from "./system";

const CRON_JOB = "bots-config-backup";

const write = (text: string) => process.stdout.write(text);

/** Runs the script of the CronJob with other arguments; its log is shown as it comes. */
async function backupScript(system: System, ...args: string[]): Promise<string> {
    const { backup, engine } = system.settings;
    const limit = backup.deadlineSeconds + engine.deadlineSeconds + 60;
    return runJob(system, { cronJob: CRON_JOB, limit, args: () => args, onOutput: write, tries: 1 });
}

/** Makes a set now. It waits for an engine that runs, and no other one starts until it is made. */
export async function backUp(system: System): Promise<void> {
    await backupScript(system, "make", "--why", "by hand");
}

/** What is told of the sets. */
export interface BackupsOptions {
    /** Read all of each, and tell whether it is as it was made. */
    readonly check?: boolean;
}

/** Shows the sets, the newest last. */
export async function showBackups(system: System, { check = false }: BackupsOptions): Promise<void> {
    await backupScript(system, "list", ...(check ? ["--check"] : []));
}

/** How a set is brought back. */
export interface RestoreOptions {
    /** Take what is there away, once a set is made of it. */
    readonly replace?: boolean;
    /** The stack that the set is of, where it is another one. */
    readonly of?: string;
    /** Take a set that was made after a run that was cut off, which the next run recovers. */
    readonly recover?: boolean;
    /** Put files that waited when the set was made back into their folders: nothing has run since. */
    readonly putWaiting?: boolean;
    /** Put back what an earlier restore has held, and do nothing else. */
    readonly release?: boolean;
}

/** The name of a set. */
const SET = /^\d{8}T\d{6}Z$/;

/** Brings a set back, and has the services start anew on it. */
export async function restore(system: System, set: string, options: RestoreOptions): Promise<void> {
    if (!SET.test(set))
        throw new OperatorError(`${set} is no set; takes a name such as 20261125T043000Z, which backups shows`);
    if (options.release) {
        await backupScript(system, "release", set);
        return;
    }
    await backupScript(system, "restore", set, ...restoreArguments(options));
    await restartServices(system);
    write("The services run on what was restored.\n");
}

/** The script's own options. */
export function restoreArguments({ replace, of, recover, putWaiting }: RestoreOptions): string[] {
    return [
        ...(replace ? ["--replace"] : []),
        ...(of === undefined ? [] : ["--of", of]),
        ...(recover ? ["--recover"] : []),
        ...(putWaiting ? ["--put-waiting"] : []),
    ];
}
