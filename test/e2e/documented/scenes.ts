/** Tests that follow the documentation: each a scene of commands, with looks at what they did in between. */
import assert from "node:assert/strict";
import { statements } from "../../docs/commands";
import { type Terminal } from "../pulumi/terminal";

/** A script of the documentation with more to it than that it succeeds. */
interface Script {
    readonly script: string;
    /** What is typed in. */
    readonly input?: string;
    /** It has to fail, and to say this. */
    readonly fails?: RegExp;
}

/** A script of the documentation, or what comes between two: a look at what the last one said and did, or somebody else's work. */
export type Step = string | Script | ((said: string) => Promise<void> | void);

/** The scenes of a suite. */
export class Scenes {
    /** Every statement of every scene. */
    readonly statements: string[] = [];

    constructor(private readonly terminal: () => Terminal) {}

    /** A test: its scripts in their order, each in a shell of its own. */
    add(title: string, ...steps: Step[]): void {
        const scripts = steps.flatMap((step) => (typeof step === "function" ? [] : [scriptOf(step)]));
        this.statements.push(...scripts.flatMap(({ script }) => statements(script)));
        it(title, async () => {
            let said = "";
            for (const step of steps) {
                if (typeof step === "function") await step(said);
                else said = await this.run(scriptOf(step));
            }
        });
    }

    private async run({ script, input, fails }: Script): Promise<string> {
        const terminal = this.terminal();
        if (fails === undefined) return terminal.succeed(script, input);
        const { code, text } = await terminal.run(script, input);
        assert.notEqual(code, 0, text);
        assert.match(text, fails);
        return text;
    }
}

function scriptOf(step: string | Script): Script {
    return typeof step === "string" ? { script: step } : step;
}

/** The last script has to say this. */
export const says = (pattern: RegExp) => (said: string) => {
    assert.match(said, pattern);
};

/** The last script must not say this. */
export const saysNothingOf = (pattern: RegExp) => (said: string) => {
    assert.doesNotMatch(said, pattern);
};
