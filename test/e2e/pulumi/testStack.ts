/** Stacks of tests: a project folder, a file backend and the Pulumi CLI, as people use them. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { kubeconfigPath } from "../../../sandbox/paths";
import { type PulumiCli, providePulumi } from "../../../sandbox/pulumi/cli";

/** The checkout. */
export const ROOT = join(__dirname, "..", "..", "..");

/** How a command ended, and all that it said. */
export interface Ran {
    readonly code: number | null;
    readonly text: string;
}

/** One resource of the state, as far as tests look at it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly outputs?: Readonly<Record<string, unknown>>;
    readonly protect?: boolean;
    readonly delete?: boolean;
}

/** The state of a stack. */
export interface State {
    readonly resources: readonly StateResource[];
    readonly pending_operations: readonly unknown[];
}

/** The stack of a program in a namespace of its own. */
export class TestStack {
    readonly folder = mkdtempSync(join(tmpdir(), "bots-edi-stack-"));
    readonly backend = join(this.folder, "backend");
    /** What the next command has in its environment beside the usual. */
    env: Readonly<Record<string, string>> = {};

    private constructor(
        private readonly cli: PulumiCli,
        /** Name of the project and prefix of its settings. */
        private readonly project: string,
        main: string,
    ) {
        mkdirSync(this.backend, { mode: 0o700 });
        writeFileSync(join(this.folder, "Pulumi.yaml"), stringify({ name: project, runtime: "nodejs", main }));
    }

    /** The stack of the small program beside this file. */
    static async small(namespace: string, settings: Record<string, unknown> = {}): Promise<TestStack> {
        const stack = await TestStack.create("small", join(__dirname, "program", "index.ts"));
        stack.configure({ namespace, word: "first", ...settings });
        return stack;
    }

    /** The stack of a program of five ConfigMaps, to compare with. */
    static async fiveConfigMaps(namespace: string): Promise<TestStack> {
        const stack = await TestStack.create("five", join(__dirname, "program", "five.ts"));
        stack.configure({ namespace });
        return stack;
    }

    /** A stack of this repository's program. */
    static async botsEdi(settings: Record<string, unknown>): Promise<TestStack> {
        const stack = await TestStack.create("bots-edi", join(ROOT, "index.ts"));
        stack.configure(settings);
        return stack;
    }

    private static async create(project: string, main: string): Promise<TestStack> {
        const stack = new TestStack(await providePulumi(console.log), project, main);
        assert.equal((await stack.pulumi("stack", "init", "test")).code, 0);
        return stack;
    }

    /** Sets settings, structured ones as they are in a stack's file. */
    configure(settings: Record<string, unknown>): void {
        const file = join(this.folder, "Pulumi.test.yaml");
        const content = parse(readFileSync(file, "utf8")) as { config?: object };
        const config: Record<string, unknown> = { ...content.config };
        for (const [key, value] of Object.entries(settings)) config[`${this.project}:${key}`] = value;
        writeFileSync(file, stringify({ ...content, config }));
    }

    /** Starts the CLI in a process group of its own, as a shell does. */
    start(...args: string[]): ChildProcess {
        const command = this.cli.root === undefined ? "pulumi" : join(this.cli.root, "bin", "pulumi");
        return spawn(command, [...args, "--non-interactive", "--color", "never"], {
            cwd: this.folder,
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
            env: {
                ...process.env,
                ...this.cli.env,
                KUBECONFIG: kubeconfigPath,
                PULUMI_HOME: join(this.folder, "home"),
                PULUMI_BACKEND_URL: `file://${this.backend}`,
                PULUMI_CONFIG_PASSPHRASE: "test",
                ...this.env,
            },
        });
    }

    /** Runs the CLI to its end. */
    pulumi(...args: string[]): Promise<Ran> {
        return ran(this.start(...args));
    }

    /** `pulumi up`, which has to succeed. */
    async up(...args: string[]): Promise<string> {
        const { code, text } = await this.pulumi("up", "--yes", "--skip-preview", ...args);
        assert.equal(code, 0, text);
        return text;
    }

    /** The file of the state, there once something has been registered. */
    get stateFile(): string {
        return join(this.backend, ".pulumi", "stacks", this.project, "test.json");
    }

    /** The state as it is kept: secrets encrypted. */
    state(): State {
        const text = existsSync(this.stateFile) ? readFileSync(this.stateFile, "utf8") : "{}";
        const { checkpoint } = JSON.parse(text) as { checkpoint?: { latest?: Partial<State> } };
        return { resources: [], pending_operations: [], ...checkpoint?.latest };
    }

    /** Everything that the backend holds: state, its history and its backups. */
    everythingKept(): string {
        return readdirSync(this.backend, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
            .join("\n");
    }

    /** Removes the project and its state; what it deployed stays. */
    forget(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** Waits for the end of a command. */
export async function ran(child: ChildProcess): Promise<Ran> {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (part: string) => {
            text += part;
            if (process.env.VERBOSE) process.stdout.write(part);
        });
    }
    await once(child, "close");
    return { code: child.exitCode, text };
}

/** Makes a namespace anew. */
export async function makeNamespace(name: string): Promise<void> {
    await removeNamespace(name);
    await kubectl(["create", "namespace", name]);
}

/** Removes a namespace with all that is in it. */
export async function removeNamespace(name: string): Promise<void> {
    await tryKubectl(["delete", "namespace", name, "--ignore-not-found", "--timeout=120s"]);
}

/** An object of a namespace. */
export async function read<T>(namespace: string, ...what: string[]): Promise<T> {
    return JSON.parse(await kubectl(["get", "-n", namespace, "-o", "json", ...what])) as T;
}
