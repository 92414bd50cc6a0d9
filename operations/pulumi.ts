/** The Pulumi CLI on one stack, for what only its state and its engine can tell or change. */
import { OperatorError } from "./errors";
import { attempt, lastWords, onTerminal, type Outcome } from "./exec";

/** A resource of a state. */
export interface StateResource {
    readonly urn: string;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

export class Pulumi {
    /** The CLI is that on the PATH. `root`: the checkout. */
    constructor(
        private readonly root: string,
        private readonly stack: string,
    ) {}

    /** Runs it on this terminal and returns its exit code. */
    show(...args: string[]): Promise<number> {
        return this.showWith({}, ...args);
    }

    /** The same, with variables beside those of this process. */
    showWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<number> {
        return onTerminal("pulumi", this.onStack(args), env);
    }

    /** Runs it unseen. Fails with its last words. */
    async run(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
        const options = { env: { ...process.env, ...env }, timeout: 1800 };
        const outcome = await attempt("pulumi", this.onStack([...args, "--non-interactive"]), options);
        if (outcome.code === 0) return outcome.stdout;
        throw new OperatorError(`pulumi ${args[0] ?? ""} failed: ${lastWords(outcome)}`);
    }

    /** `pulumi stack export`, which may fail. */
    tryExport(...options: string[]): Promise<Outcome> {
        return attempt("pulumi", this.onStack(["stack", "export", ...options]));
    }

    private onStack(args: readonly string[]): string[] {
        return [...args, "--stack", this.stack, "--cwd", this.root];
    }
}

/** The resources of a state, by what `pulumi stack export` prints. */
export function resourcesOf(state: string): readonly StateResource[] {
    return (JSON.parse(state) as { deployment: { resources?: StateResource[] } }).deployment.resources ?? [];
}
