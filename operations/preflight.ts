/** Whether a stack can be deployed here: all findings at once, each with what to do. */
import { checkIdentity, checkKinds, checkNamespace, checkNeighbours, checkVersion } from "./preflight/cluster";
import { type Context, contextOf } from "./preflight/context";
import { checkObjects, checkQuotas } from "./preflight/dryRun";
import { fatal, type Finding, report } from "./preflight/finding";
import { checkClient, checkDatabase, checkStorage, provideConfiguration } from "./preflight/pods";
import { checkRights } from "./preflight/rights";
import { Scratch } from "./preflight/scratch";
import { checkSecrets } from "./preflight/secrets";
import { type System } from "./system";

/** A check that could not be made is a finding of its own. */
async function check(name: string, work: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> {
    try {
        return await work();
    } catch (error) {
        const text = (error as Error).message.replaceAll(/\s*\n\s*/g, " ");
        return [fatal(`${name} cannot be checked: ${text}`, "see the lines on rights, and the message")];
    }
}

/** The namespace that pods are tried in: the stack's own, or where that will be made, one like it for this run. */
function scratchOf(context: Context): Scratch | undefined {
    const { settings, hasNamespace, manifests } = context;
    if (hasNamespace) return new Scratch(context, settings.namespace);
    const namespace = manifests.find(({ kind }) => kind === "Namespace");
    return namespace && new Scratch(context, `${settings.namespace.slice(0, 50)}-preflight`, namespace);
}

async function withScratch(context: Context): Promise<Finding[]> {
    const scratch = scratchOf(context);
    if (!scratch) return [];
    let closing: Promise<void> | undefined;
    const close = () => (closing ??= scratch.close());
    const stop = () => {
        process.stderr.write("ops: stopping; what was made for the checks is removed first\n");
        void close().finally(() => process.exit(130));
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const name of signals) process.once(name, stop);
    try {
        await scratch.open();
        await provideConfiguration(context, scratch);
        const found = await Promise.all([
            check("the objects", () => checkObjects(context, scratch.namespace)),
            check("the storage class", () => checkStorage(context, scratch)),
            check("the database", () => checkDatabase(context, scratch)),
            check("the database's client", () => checkClient(context, scratch)),
        ]);
        return found.flat();
    } finally {
        await close();
        for (const name of signals) process.off(name, stop);
    }
}

/** Makes every check and prints what it found. Returns whether nothing is fatal. */
export async function preflight(system: System): Promise<boolean> {
    const context = await contextOf(system);
    const found = await Promise.all([
        check("the cluster's identity", () => checkIdentity(context)),
        check("the version", () => checkVersion(context)),
        check("the namespace", () => checkNamespace(context)),
        check("the kinds", () => checkKinds(context)),
        check("what the stack names", () => checkNeighbours(context)),
        check("the Secrets", () => checkSecrets(context)),
        check("the rights", () => checkRights(context)),
        check("the quotas", () => checkQuotas(context)),
        check("the pods", () => withScratch(context)),
    ]);
    const findings = found.flat();
    process.stdout.write(`${report(findings)}\n`);
    return findings.every(({ level }) => level !== "fatal");
}
