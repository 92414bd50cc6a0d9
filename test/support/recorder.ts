/** Records what a program registers, as the engine would see it, without an engine. */
import * as pulumi from "@pulumi/pulumi";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

// No program of a test looks at a cluster, whatever the machine's own kubeconfig says.
process.env.KUBECONFIG = "/nonexistent";

/** One resource as it was registered. */
export interface Registration {
    readonly urn: string;
    readonly type: string;
    readonly name: string;
    /** URN of the parent; empty at the top. */
    readonly parent: string;
    readonly custom: boolean;
    /** URNs that it waits for. */
    readonly dependencies: readonly string[];
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly provider: string;
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly deleteBeforeReplace: boolean;
    readonly replaceOnChanges: readonly string[];
    readonly ignoreChanges: readonly string[];
    /** How long Pulumi waits for its creation, an update and its deletion, such as `600s`; empty: the provider's default. */
    readonly timeouts: { readonly create: string; readonly update: string; readonly delete: string };
}

/** The methods of a RegisterResource request that are read here; the SDK does not export their type. */
interface Request {
    getType(): string;
    getName(): string;
    getParent(): string;
    getCustom(): boolean;
    getObject(): Struct;
    getDependenciesList(): string[];
    getProvider(): string;
    getProtect(): boolean;
    getRetainondelete(): boolean;
    getDeletebeforereplace(): boolean;
    getReplaceonchangesList(): string[];
    getIgnorechangesList(): string[];
    getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}
type Callback = (error: Error | null, response?: { getUrn(): string }) => void;
interface Monitor {
    registerResource(request: Request, callback: Callback): Promise<void>;
}

/** How a program is run. */
export interface RecordOptions {
    /** Configuration, keys with the project's prefix. Default: none. */
    readonly config?: Record<string, string>;
    /** Top-level keys that hold secrets, with the project's prefix. */
    readonly secretKeys?: readonly string[];
    /** Name of the stack. Default: test. */
    readonly stack?: string;
    /** Run as a preview: what the cluster would answer is unknown, so nothing inside an `apply` runs. Default: false. */
    readonly preview?: boolean;
    /** What an earlier run has stashed; null: no run has, nor does this one. Default: what this run stashes. */
    readonly stashed?: string | null;
    /** Called before a resource is registered; the registration waits for it and fails where it throws. */
    readonly beforeRegister?: (type: string, soFar: readonly Registration[]) => Promise<void> | void;
}

/** What a secret looks like on the wire (source: the SDK's runtime/rpc). */
export const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** What a password is in place of a random one. */
export const MASK = "[secret]";

/** The uid of every namespace that is read. */
export const UID = "00000000-0000-0000-0000-000000000000";

function mockState(type: string, inputs: Record<string, unknown>, stashed?: string | null): Record<string, unknown> {
    if (type === "pulumi:index:Stash")
        return stashed === null ? inputs : { ...inputs, output: stashed ?? inputs.input };
    return type.startsWith("random:") ? { ...inputs, result: MASK } : inputs;
}

/** Runs a program and returns its registrations in their order, once all of them are done. */
export async function record(
    program: () => unknown,
    { config = {}, secretKeys = [], stack = "test", preview = false, stashed, beforeRegister }: RecordOptions = {},
): Promise<Registration[]> {
    const registrations: Registration[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: (args) => {
                const inputs = args.inputs as Record<string, unknown>;
                // One that is read is there, in a preview too; and a stash is the engine's own.
                if (args.id) return { id: args.id, state: { metadata: { uid: UID } } };
                return preview && args.type !== "pulumi:index:Stash"
                    ? { id: undefined, state: {} }
                    : { id: `${args.name}-id`, state: mockState(args.type, inputs, stashed) };
            },
            call: (args) => args.inputs as Record<string, unknown>,
        },
        "bots-edi",
        stack,
        preview,
    );
    pulumi.runtime.setAllConfig(config, [...secretKeys]);
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = async (request, callback) => {
        try {
            await beforeRegister?.(request.getType(), registrations);
        } catch (error) {
            callback(error as Error);
            return;
        }
        await register(request, (error, response) => {
            if (response) {
                registrations.push({
                    urn: response.getUrn(),
                    type: request.getType(),
                    name: request.getName(),
                    parent: request.getParent(),
                    custom: request.getCustom(),
                    dependencies: request.getDependenciesList(),
                    // From its own request: registrations overlap.
                    inputs: pulumi.runtime.deserializeProperties(request.getObject()),
                    provider: request.getProvider(),
                    protect: request.getProtect(),
                    retainOnDelete: request.getRetainondelete(),
                    deleteBeforeReplace: request.getDeletebeforereplace(),
                    replaceOnChanges: request.getReplaceonchangesList(),
                    ignoreChanges: request.getIgnorechangesList(),
                    timeouts: {
                        create: request.getCustomtimeouts()?.getCreate() ?? "",
                        update: request.getCustomtimeouts()?.getUpdate() ?? "",
                        delete: request.getCustomtimeouts()?.getDelete() ?? "",
                    },
                });
            }
            callback(error, response);
        });
    };
    await program();
    await pulumi.runtime.disconnect();
    return registrations;
}

/** The Kubernetes objects among the registrations. */
export function objects(registrations: readonly Registration[]): Registration[] {
    return registrations.filter(({ type }) => type.startsWith("kubernetes:"));
}
