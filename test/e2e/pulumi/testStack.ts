/** A stack of tests, and the Pulumi CLI on it. */
import assert from "node:assert/strict";
import { type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { checkout } from "../../../sandbox/paths";
import { type PulumiCli, providePulumi } from "../../../sandbox/pulumi/cli";
import { ran, type Ran, Workplace } from "./workplace";

/** One resource of the state, as far as tests look at it. */
export interface StateResource {
    readonly urn: string;
    readonly delete?: boolean;
}

/** The state of a stack. */
export interface State {
    readonly resources: readonly StateResource[];
    readonly pending_operations: readonly unknown[];
}

/** What a stack of this program needs on the sandbox's cluster, with small volumes. */
const ON_THE_SANDBOX = {
    imageTag: "3.3.1",
    image: { repository: "localhost/bots-edi" },
    storageClass: "sandbox-shared",
    storage: { data: "64Mi", logs: "64Mi", config: "64Mi" },
};

/** The stack of a program in a namespace of its own. */
export class TestStack extends Workplace {
    private constructor(
        private readonly cli: PulumiCli,
        project: string,
        main: string,
    ) {
        super(project, cli.env);
        writeFileSync(join(this.folder, "Pulumi.yaml"), stringify({ name: project, runtime: "nodejs", main }));
    }

    /** A stack of this repository's program, or of a copy of it. */
    static botsEdi(settings: Record<string, unknown>, root = checkout): Promise<TestStack> {
        return TestStack.create("bots-edi", join(root, "index.ts"), { ...ON_THE_SANDBOX, ...settings });
    }

    /** A stack of a program of tests. */
    static of(program: "small" | "maps", settings: Record<string, unknown>): Promise<TestStack> {
        return TestStack.create(program, join(__dirname, "program", `${program}.ts`), settings);
    }

    private static async create(project: string, main: string, settings: Record<string, unknown>): Promise<TestStack> {
        const stack = new TestStack(await providePulumi(console.log), project, main);
        await stack.succeed("stack", "init", "test");
        stack.set(settings);
        return stack;
    }

    /** Sets settings, structured ones as they are in a stack's file. */
    set(settings: Record<string, unknown>): void {
        this.configure("test", settings);
    }

    /** Starts the CLI. */
    begin(...args: string[]): ChildProcess {
        return this.start(this.cli.command, [...args, "--non-interactive", "--color", "never"]);
    }

    /** Runs the CLI to its end. */
    pulumi(...args: string[]): Promise<Ran> {
        return ran(this.begin(...args));
    }

    /** As {@link pulumi}, for what has to succeed; returns what it said. */
    async succeed(...args: string[]): Promise<string> {
        const { code, text } = await this.pulumi(...args);
        assert.equal(code, 0, text);
        return text;
    }

    /** `pulumi up`, which has to succeed. */
    up(...args: string[]): Promise<string> {
        return this.succeed("up", "--yes", "--skip-preview", ...args);
    }

    /** `pulumi up`, which has to fail, and to show why in a line like this. */
    async failsToUpdate(message: RegExp): Promise<void> {
        const { code, text } = await this.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0, text);
        const line = text.split("\n").find((one) => message.test(one));
        assert.ok(line, text);
        console.log(`        ${line.trim()}`);
    }

    /** What docs/operations.md has after an update that was killed: the next one takes over what was made and never noted. */
    async afterKill(update: () => Promise<unknown>): Promise<void> {
        await this.succeed("cancel", "--yes");
        await this.succeed("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
        this.env.PULUMI_K8S_UPSERT_EXISTING_OBJECTS = "true";
        try {
            await update();
        } finally {
            delete this.env.PULUMI_K8S_UPSERT_EXISTING_OBJECTS;
        }
        // Newer providers keep the variable in the state until the next one.
        await this.up();
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

    /** The URN of the one resource with this name. */
    urn(name: string): string {
        const found = this.state().resources.filter(({ urn }) => urn.endsWith(`::${name}`));
        assert.equal(found.length, 1, `${found.length} resources are ${name}`);
        return found[0]?.urn ?? "";
    }

    /** Everything that the backend holds, by file: state, its history and its backups. */
    everythingKept(): ReadonlyMap<string, string> {
        const files = readdirSync(this.backend, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name));
        return new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
    }
}
