/** The terminal of somebody who follows the documentation: a shell in a copy of the checkout, `pulumi` and kubectl on its PATH. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { binaryPath } from "../../../sandbox/cluster/binaries";
import { kubeconfigPath } from "../../../sandbox/paths";
import { providePulumi } from "../../../sandbox/pulumi/cli";
import { copyCheckout } from "./copyCheckout";
import { ran, type Ran } from "./testStack";

export class Terminal {
    /** Where the state is kept. */
    readonly backend: string;
    private readonly checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
    private readonly home = mkdtempSync(join(tmpdir(), "bots-edi-home-"));
    private readonly env: NodeJS.ProcessEnv;

    private constructor(cli: Readonly<Record<string, string>>) {
        // A copy: the CLI writes the key of its encryption, and settings, into the stack's file.
        copyCheckout(this.checkout);
        this.backend = join(this.home, "backend");
        mkdirSync(this.backend);
        const passphrase = join(this.home, "passphrase");
        writeFileSync(passphrase, "test");
        this.env = {
            ...process.env,
            ...cli,
            PATH: [dirname(binaryPath("kubectl")), cli.PATH ?? process.env.PATH].join(delimiter),
            KUBECONFIG: kubeconfigPath,
            PULUMI_HOME: join(this.home, "pulumi"),
            PULUMI_BACKEND_URL: `file://${this.backend}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
            // Somebody at a terminal says yes.
            PULUMI_SKIP_CONFIRMATIONS: "true",
        };
    }

    /** Opens it. */
    static async open(): Promise<Terminal> {
        const { env } = await providePulumi(console.log);
        return new Terminal(env);
    }

    /** Starts a script in a process group of its own. */
    start(script: string): ChildProcess {
        return spawn("bash", ["-e", "-c", script], {
            cwd: this.checkout,
            env: this.env,
            stdio: ["pipe", "pipe", "pipe"],
            detached: true,
        });
    }

    /** Runs a script to its end. What it asks for is in its input. */
    run(script: string, input = ""): Promise<Ran> {
        const child = this.start(script);
        child.stdin?.on("error", () => undefined).end(input);
        return ran(child);
    }

    /** As {@link run}, for what has to succeed; returns what it said. */
    async succeed(script: string, input?: string): Promise<string> {
        const { code, text } = await this.run(script, input);
        assert.equal(code, 0, `${script}\n${text}`);
        return text;
    }

    /** A file of the checkout. */
    read(file: string): string {
        return readFileSync(join(this.checkout, file), "utf8");
    }

    /** Changes settings of a stack as an editor does. */
    configure(stack: string, settings: Readonly<Record<string, unknown>>): void {
        const file = join(this.checkout, `Pulumi.${stack}.yaml`);
        const content = parse(readFileSync(file, "utf8")) as { config: object };
        const changes = Object.entries(settings).map(([key, value]) => [`bots-edi:${key}`, value]);
        writeFileSync(
            file,
            stringify({ ...content, config: { ...content.config, ...(Object.fromEntries(changes) as object) } }),
        );
    }

    /** Removes checkout and state; what was deployed stays. */
    close(): void {
        for (const folder of [this.checkout, this.home]) rmSync(folder, { recursive: true, force: true });
    }
}
