/** The objects that a stack makes, without an engine and without a cluster. */
import * as pulumi from "@pulumi/pulumi";
import { BotsEdi } from "../components/botsEdi";
import { DATABASE_INIT } from "../components/databaseInit";
import { type Settings } from "../settings";
import { OperatorError } from "./errors";

/** A Kubernetes object, as far as it is looked at here. */
export interface Manifest {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly spec?: object;
}

/** An object as Pulumi knows it. */
export interface Resource {
    /** Its type, such as `kubernetes:core/v1:Service`; that of a Patch, which makes nothing: it names somebody else's object. */
    readonly type: string;
    /** Its name in the stack. */
    readonly name: string;
    readonly manifest: Manifest;
}

/** What a generated password is in place of a random one. */
const PASSWORD = "generated";

/** Every object that the program makes of these settings. */
export async function manifestsOf(stack: string, settings: Settings): Promise<Manifest[]> {
    const all = await resourcesOf(stack, settings);
    return all.filter(({ type }) => !type.endsWith("Patch")).map(({ manifest }) => manifest);
}

/** The Job of db-init, of whose pod other pods are made: it has the image, its user and the configuration. */
export function initJobOf(manifests: readonly Manifest[]): Manifest {
    const job = manifests.find(({ kind, metadata }) => kind === "Job" && metadata.name === DATABASE_INIT);
    if (!job) throw new OperatorError(`the stack makes no Job ${DATABASE_INIT}`);
    return job;
}

/** Every object with its name in the stack, and the Patches. */
export async function resourcesOf(stack: string, settings: Settings): Promise<Resource[]> {
    const made: Resource[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                if (type.startsWith("kubernetes:")) made.push({ type, name, manifest: inputs as Manifest });
                return { id: name, state: { ...(inputs as object), result: PASSWORD } };
            },
            call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        "bots-edi",
        stack,
        false,
    );
    new BotsEdi("bots-edi", settings);
    await pulumi.runtime.disconnect();
    return made;
}
