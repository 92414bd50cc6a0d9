/** Takes over what kubectl or kustomize made under the names that a stack uses. */
import { createInterface } from "node:readline/promises";
import { describe } from "./adopt/plan";
import { prepare, recordOf, type Work } from "./adopt/prepare";
import * as record from "./adopt/record";
import { begin, finish, pause } from "./adopt/steps";
import { undo } from "./adopt/undo";
import { OperatorError } from "./errors";
import { type System } from "./system";

/** What is asked for; nothing: a new adoption. */
export interface AdoptOptions {
    /** Do not ask. */
    readonly yes?: boolean;
    /** Take the last one back. */
    readonly undo?: boolean;
    /** Keep the last one: it cannot be undone any more. */
    readonly confirm?: boolean;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

/**
 * Adopts, or keeps or takes back an adoption.
 *
 * @throws OperatorError before anything is changed where it cannot be done; later, where it failed and was taken back
 */
export async function adopt(system: System, options: AdoptOptions): Promise<void> {
    if (options.undo && options.confirm) throw new OperatorError("takes --undo or --confirm, not both");
    if (options.undo) return undo(system);
    if (options.confirm) return confirm(system);
    const work = await prepare(system);
    print(`Stack ${system.stack} adopts namespace ${system.settings.namespace}:\n\n${describe(work.plan)}\n`);
    await agree(options);
    await undoable(system, await recordOf(system, work), () => takeOver(system, work));
}

/** Asks whoever is at the terminal. */
export async function agree({ yes = false }: AdoptOptions): Promise<void> {
    if (yes) return;
    if (!process.stdin.isTTY) throw new OperatorError("nothing was changed: takes --yes where nobody can be asked");
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question("Go on? [y/N] ");
    terminal.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw new OperatorError("nothing was changed");
}

/** Does something that can be undone until it is confirmed, and is undone where it fails. */
export async function undoable(system: System, adoption: record.Adoption, work: () => Promise<void>): Promise<void> {
    await record.begin(system, adoption);
    try {
        await work();
    } catch (error) {
        print(`\n${(error as Error).message}\nWhat was there is brought back.`);
        await undo(system);
        throw new OperatorError("it failed, and what was there is back: mend what is said above, and again");
    }
    await record.complete(system, adoption);
    print("Done. Look at everything (`npm run ops -- status`), then keep it by --confirm, or take it back by --undo.");
}

async function confirm(system: System): Promise<void> {
    const adoption = await record.find(system);
    if (!adoption) throw new OperatorError("there is nothing to confirm");
    if (!adoption.isComplete)
        throw new OperatorError("it was cut off, and cannot be confirmed: take it back by --undo");
    await record.forget(system);
    const { namespace } = system.settings;
    const claim = adoption.source?.claim;
    const rest = claim && ` Nothing uses the old claim any more: kubectl delete pvc ${claim} -n ${namespace}`;
    print(`Confirmed.${rest ?? ""}`);
}

/** The pages are served throughout. */
async function takeOver(system: System, work: Work): Promise<void> {
    await begin(system, work);
    print("The engine and the job queue pause.");
    await pause(system, work);
    await finish(system, work);
}
