/** The objects that a stack makes, without an engine and without a cluster. */
import * as pulumi from "@pulumi/pulumi";
import { BotsEdi } from "../components/botsEdi";
import { type Settings } from "../settings";

/** A Kubernetes object, as far as it is looked at here. */
export interface Manifest {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly spec?: object;
}

/** What a generated password is in place of a random one. */
const PASSWORD = "generated";

/** Every object that the program makes of these settings. */
export async function manifestsOf(stack: string, settings: Settings): Promise<Manifest[]> {
    const made: Manifest[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                // A Patch makes nothing: it names somebody else's object.
                if (type.startsWith("kubernetes:") && !type.endsWith("Patch")) made.push(inputs as Manifest);
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
