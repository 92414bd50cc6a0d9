/** What it takes to undo an adoption: kept in the namespace itself, where it outlives the machine of whoever adopts. */
import { OperatorError } from "../errors";
import { type System } from "../system";
import { type LiveObject, type Reference } from "./objects";

/** Its Secret: old manifests and the state may hold passwords. */
const NAME = "bots-edi-adoption";

/** The files of a Deployment with one claim for everything. */
export interface Source {
    readonly claim: string;
    /** The part of the claim. Default: all of it. */
    readonly subPath?: string;
    /** The name of the environment: the value of BOTSENV. */
    readonly env: string;
    /** The node that its pod is on: a claim may be one node's. */
    readonly node: string;
}

/** An adoption that is not confirmed. */
export interface Adoption {
    readonly stack: string;
    /** Whether all of it has been done. */
    readonly isComplete: boolean;
    /** What was there, as it was. */
    readonly objects: readonly LiveObject[];
    /** What was not. */
    readonly made: readonly Reference[];
    /** The namespace's labels that the stack sets, as they were: null is none. */
    readonly namespaceLabels: Readonly<Record<string, string | null>>;
    /** The stack's state before, as `pulumi stack export` writes it. */
    readonly state: string;
    /** Where the files were copied from. Default: from nowhere, since the stack's claims are the old ones. */
    readonly source?: Source;
}

function secretOf({ settings }: System, adoption: Adoption): string {
    const data = { adoption: Buffer.from(JSON.stringify(adoption)).toString("base64") };
    const metadata = { name: NAME, namespace: settings.namespace };
    return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data });
}

/** Begins: fails where another one is not confirmed. */
export async function begin(system: System, adoption: Adoption): Promise<void> {
    await system.kubectl.run(["create", "-f", "-"], { input: secretOf(system, adoption) });
}

/** All of it has been done. */
export async function complete(system: System, adoption: Adoption): Promise<void> {
    await system.kubectl.run(["replace", "-f", "-"], { input: secretOf(system, { ...adoption, isComplete: true }) });
}

/** The adoption that is not confirmed; undefined where there is none. */
export async function find({ kubectl, settings, stack }: System): Promise<Adoption | undefined> {
    const get = [
        "get",
        "secret",
        NAME,
        "-n",
        settings.namespace,
        "--ignore-not-found",
        "-o",
        "jsonpath={.data.adoption}",
    ];
    const found = await kubectl.run(get);
    if (found === "") return undefined;
    const adoption = JSON.parse(Buffer.from(found, "base64").toString()) as Adoption;
    if (adoption.stack === stack) return adoption;
    throw new OperatorError(
        `namespace ${settings.namespace} is being adopted by stack ${adoption.stack}: confirm or undo it with that stack`,
    );
}

/** Forgets it: nothing can be undone any more. */
export async function forget({ kubectl, settings }: System): Promise<void> {
    await kubectl.run(["delete", "secret", NAME, "-n", settings.namespace, "--ignore-not-found"]);
}
