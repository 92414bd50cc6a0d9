/** Where stacks of tests are deployed from: a project folder, a file backend, and the environment of the Pulumi CLI. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { withKubectl } from "../../../sandbox/cluster/kubectl";
import { kubeconfigPath } from "../../../sandbox/paths";
import { fileBackend } from "../../../sandbox/pulumi/stack";

/** How a command ended, and all that it said. */
export interface Ran {
    readonly code: number | null;
    readonly text: string;
}

/** Waits for the end of a command. What it says is shown where that is asked for. */
export async function ran(child: ChildProcess, show = process.env.VERBOSE !== undefined): Promise<Ran> {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (part: string) => {
            text += part;
            if (show) process.stdout.write(part);
        });
    }
    await once(child, "close");
    return { code: child.exitCode, text };
}

/** Listens to a command. The function that it returns waits for words, and fails where the command ends without them. */
export function listen(child: ChildProcess): (words: string) => Promise<void> {
    let said = "";
    child.stdout?.on("data", (part: unknown) => (said += String(part)));
    return async (words) => {
        while (!said.includes(words)) {
            assert.equal(child.exitCode, null, said);
            await sleep(50);
        }
    };
}

export class Workplace {
    private readonly home = mkdtempSync(join(tmpdir(), "bots-edi-workplace-"));
    /** The project. */
    readonly folder = this.make("project");
    /** Where the state is kept. */
    readonly backend = this.make("backend");
    /** What commands have in their environment; a test may change it. */
    readonly env: NodeJS.ProcessEnv;

    /** `project` prefixes its settings; the variables come first in the environment of its commands. */
    constructor(
        readonly project: string,
        variables: Readonly<Record<string, string>>,
    ) {
        const passphrase = join(this.home, "passphrase");
        writeFileSync(passphrase, "test");
        this.env = {
            ...process.env,
            KUBECONFIG: kubeconfigPath,
            ...variables,
            PATH: withKubectl(variables.PATH),
            PULUMI_HOME: join(this.home, "pulumi"),
            PULUMI_BACKEND_URL: fileBackend(this.backend),
            PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
            // The provider leaves a file there each time that it starts.
            TMPDIR: this.make("tmp"),
        };
    }

    private make(name: string): string {
        const folder = join(this.home, name);
        mkdirSync(folder, { mode: 0o700 });
        return folder;
    }

    /** Starts a command in a process group of its own, as a shell does. */
    start(command: string, args: readonly string[]): ChildProcess {
        return spawn(command, args, {
            cwd: this.folder,
            env: this.env,
            stdio: ["pipe", "pipe", "pipe"],
            detached: true,
        });
    }

    /** A file of the project. */
    read(file: string): string {
        return readFileSync(join(this.folder, file), "utf8");
    }

    /** Changes settings of a stack as an editor does. */
    configure(stack: string, settings: Readonly<Record<string, unknown>>): void {
        const file = `Pulumi.${stack}.yaml`;
        const content = parse(this.read(file)) as { config?: object };
        const changes = Object.entries(settings).map(([key, value]) => [`${this.project}:${key}`, value]);
        const config = { ...content.config, ...(Object.fromEntries(changes) as object) };
        writeFileSync(join(this.folder, file), stringify({ ...content, config }));
    }

    /** Removes project and state; what was deployed stays. */
    remove(): void {
        rmSync(this.home, { recursive: true, force: true });
    }
}
