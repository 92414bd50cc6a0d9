/** The terminal of somebody who follows the documentation: a shell in a copy of the checkout, `pulumi` and kubectl on its PATH. */
import assert from "node:assert/strict";
import { type ChildProcess } from "node:child_process";
import { providePulumi } from "../../../sandbox/pulumi/cli";
import { copyCheckout } from "./copyCheckout";
import { ran, type Ran, Workplace } from "./workplace";

export class Terminal extends Workplace {
    private constructor(cli: Readonly<Record<string, string>>) {
        super("bots-edi", cli);
        // A copy: the CLI writes the key of its encryption, and settings, into the stack's file.
        copyCheckout(this.folder);
        // Somebody at a terminal says yes.
        this.env.PULUMI_SKIP_CONFIRMATIONS = "true";
    }

    /** Opens it. */
    static async open(): Promise<Terminal> {
        const { env } = await providePulumi(console.log);
        return new Terminal(env);
    }

    /** Starts a script. */
    begin(script: string): ChildProcess {
        return this.start("bash", ["-e", "-c", script]);
    }

    /** Runs a script to its end. What it asks for is in its input. */
    run(script: string, input = ""): Promise<Ran> {
        const child = this.begin(script);
        child.stdin?.on("error", () => undefined).end(input);
        return ran(child);
    }

    /** As {@link run}, for what has to succeed; returns what it said. */
    async succeed(script: string, input?: string): Promise<string> {
        const { code, text } = await this.run(script, input);
        assert.equal(code, 0, `${script}\n${text}`);
        return text;
    }
}
