/** A stack on this machine, driven by the Automation API: its state is a folder. */
import {
    CommandError,
    ConcurrentUpdateError,
    LocalWorkspace,
    PulumiCommand,
    type Stack,
} from "@pulumi/pulumi/automation";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { kubectl, withKubectl } from "../cluster/kubectl";
import { identify } from "../cluster/processIdentity";
import { SandboxError } from "../errors";
import { withLock } from "../lock";
import { writeWhole } from "../writeWhole";
import { type PulumiCli } from "./cli";

/** What an update did, or would do: numbers of resources. */
export interface Counts {
    readonly changed: number;
    readonly same: number;
}

export interface LocalStackOptions {
    readonly cli: PulumiCli;
    /** The checkout whose program is deployed. */
    readonly checkout: string;
    /** The stack: its configuration is the checkout's Pulumi.<name>.yaml. */
    readonly name: string;
    /** Where the state, its passphrase and the CLI's project folder are kept, for their owner only. */
    readonly folder: string;
    /** The cluster. */
    readonly kubeconfig: string;
    /** Settings that win over the stack's own. */
    readonly config: Readonly<Record<string, string>>;
    /** Ends the update; what is done is kept. Its reason is the name of the signal that asked for it. */
    readonly signal: AbortSignal;
}

/**
 * The URL of a folder that keeps states. Without the attributes that its driver would write beside each file: a kill leaves
 * them empty at times, and then no command reads the state any more ("failed to load checkpoint: EOF").
 */
export function fileBackend(folder: string): string {
    return `file://${folder}?metadata=skip`;
}

/** Deploys the program. What the CLI says goes to this process' output; every method throws what went wrong. */
export class LocalStack {
    constructor(private readonly options: LocalStackOptions) {}

    /** What `up` would do. */
    async preview(): Promise<Counts> {
        const { changeSummary } = await this.run((stack, signal) => stack.preview({ ...SHOWN, signal, diff: true }));
        return count(changeSummary);
    }

    /** Makes the stack what the program says. */
    async up(): Promise<Counts> {
        const { summary } = await this.run((stack, signal) => stack.up({ ...SHOWN, signal }));
        return count(summary.resourceChanges ?? {});
    }

    /** Removes the stack and its state. */
    async destroy(): Promise<void> {
        await this.run((stack, signal) => stack.destroy({ ...SHOWN, signal }));
        rmSync(this.options.folder, { recursive: true });
    }

    private async run<T>(operation: (stack: Stack, signal: AbortSignal) => Promise<T>): Promise<T> {
        const { folder } = this.options;
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const signal = terminated(this.options.signal);
        const work = async () => {
            const stack = await this.stack();
            return operation(stack, signal).catch(async (error: unknown) => {
                if (!(error instanceof ConcurrentUpdateError)) throw error;
                await takeOver(stack, error);
                return operation(stack, signal);
            });
        };
        // At once: whoever meets a run that is under way had better look than wait.
        return withLock(join(folder, "lock"), work, { timeout: 0 }).catch((error: unknown) => {
            throw error instanceof CommandError ? new SandboxError(lastError(error.message)) : error;
        });
    }

    private async stack(): Promise<Stack> {
        const { cli, checkout, name, folder, kubeconfig, config } = this.options;
        // Those of an earlier version, or of somebody who has used the backend without that option.
        for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
            if (file.endsWith(".attrs")) rmSync(join(folder, file));
        }
        const project = join(folder, "project");
        layProject(project, checkout, name);
        // The provider leaves a copy of the kubeconfig there each time that it starts.
        const temporary = join(folder, "tmp");
        rmSync(temporary, { recursive: true, force: true });
        mkdirSync(temporary);
        const stack = await LocalWorkspace.createOrSelectStack(
            { stackName: name, workDir: project },
            {
                pulumiCommand: await PulumiCommand.get({ root: cli.root }),
                envVars: {
                    ...cli.env,
                    // The program asks kubectl, too.
                    PATH: withKubectl(cli.env.PATH),
                    KUBECONFIG: kubeconfig,
                    TMPDIR: temporary,
                    PULUMI_BACKEND_URL: fileBackend(folder),
                    PULUMI_CONFIG_PASSPHRASE: passphrase(folder),
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                },
            },
        );
        for (const [key, value] of Object.entries(config)) await stack.setConfig(key, { value });
        return stack;
    }
}

/** Ctrl-C reaches the CLI by itself, and a second one makes it drop everything: only SIGTERM has to be passed on. */
function terminated(signal: AbortSignal): AbortSignal {
    const controller = new AbortController();
    signal.addEventListener("abort", () => {
        if (signal.reason === "SIGTERM") controller.abort();
    });
    return controller.signal;
}

const SHOWN = {
    color: "never",
    suppressProgress: true,
    onOutput: (text: string) => process.stdout.write(text),
    onError: (text: string) => process.stderr.write(text),
} as const;

/** The last error of all that the CLI said, which has been shown, in one line. */
export function lastError(said: string): string {
    // Of several at once, the first.
    const errors = [...said.matchAll(/^\s*error: (?:\d+ errors occurred:\s+(?:1\)|\*) )?(.*)$/gm)].map(
        ([, words = ""]) => words,
    );
    const reason = errors.filter((words) => !/^(update|preview) failed$/.test(words)).at(-1);
    return `the Pulumi CLI failed, see above${reason === undefined ? "" : `: ${reason}`}`;
}

interface PendingOperation {
    readonly type: string;
    readonly resource: { readonly type: string; readonly inputs: Readonly<Record<string, unknown>> };
}

/**
 * Frees a stack that a killed run has left locked. What that run was creating is removed, or the next one would meet it as
 * somebody else's: it was never in use, since nothing that depends on it was begun.
 */
async function takeOver(stack: Stack, { message }: ConcurrentUpdateError): Promise<void> {
    const holder = /\(pid (\d+)\)/.exec(message)?.[1];
    if (holder === undefined || identify(Number(holder))) {
        throw new SandboxError(`process ${holder ?? "?"} is changing the stack; wait for it or stop it`);
    }
    process.stdout.write("An earlier run was killed; what it has left half done is cleared first\n");
    await stack.cancel();
    const { deployment } = (await stack.exportStack()) as { deployment: { pending_operations?: PendingOperation[] } };
    for (const { type, resource } of deployment.pending_operations ?? []) {
        // A Patch creates nothing: it names somebody else's object.
        const isObject = resource.type.startsWith("kubernetes:") && !resource.type.endsWith("Patch");
        if (type !== "creating" || !isObject) continue;
        const { apiVersion, kind, metadata } = resource.inputs;
        await kubectl(["delete", "--ignore-not-found", "-f", "-"], {
            input: JSON.stringify({ apiVersion, kind, metadata }),
        });
    }
    await stack.refresh({ ...SHOWN, clearPendingCreates: true });
}

function count(changes: Record<string, number | undefined>): Counts {
    // What is read, the cluster's own namespace, is there already and stays.
    const { same = 0, read = 0, ...rest } = changes;
    return { same: same + read, changed: Object.values(rest).reduce((sum: number, number) => sum + (number ?? 0), 0) };
}

/** A project folder beside the checkout, which the CLI would write keys into; the program stays where it is. */
function layProject(project: string, checkout: string, stack: string): void {
    rmSync(project, { recursive: true, force: true });
    mkdirSync(project, { recursive: true });
    const own = parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as object;
    writeWhole(join(project, "Pulumi.yaml"), stringify({ ...own, main: join(checkout, "index.ts") }));
    const file = `Pulumi.${stack}.yaml`;
    copyFileSync(join(checkout, file), join(project, file));
}

/** Made once: the state is encrypted by it. */
function passphrase(folder: string): string {
    const file = join(folder, "passphrase");
    if (!existsSync(file)) writeWhole(file, randomBytes(24).toString("base64url"));
    return readFileSync(file, "utf8");
}
