/** kubectl on one cluster: the one client of all commands. */
import { OperatorError } from "./errors";
import { attempt, lastWords, onTerminal, type Outcome, type RunOptions } from "./exec";

export class Kubectl {
    /**
     * @param command - the program: a name on the PATH, or a path
     * @param access - arguments that say which cluster, such as `--context NAME`; without them it is the current context's
     */
    constructor(
        private readonly command: string,
        private readonly access: readonly string[] = [],
    ) {}

    /** Runs it and returns its output. Fails with its last words. */
    async run(args: readonly string[], options?: RunOptions): Promise<string> {
        const outcome = await this.try(args, options);
        if (outcome.code === 0) return outcome.stdout;
        throw new OperatorError(`kubectl ${args.slice(0, 3).join(" ")} failed: ${lastWords(outcome)}`);
    }

    /** As {@link run}, for calls that may fail. */
    try(args: readonly string[], options?: RunOptions): Promise<Outcome> {
        return attempt(this.command, [...this.access, ...args], options);
    }

    /** Objects as they are on the cluster. */
    async get<T>(...args: string[]): Promise<T> {
        return JSON.parse(await this.run(["get", "-o", "json", ...args])) as T;
    }

    /** Runs it on this terminal. */
    async show(args: readonly string[]): Promise<void> {
        const code = await onTerminal(this.command, [...this.access, ...args]);
        if (code !== 0) throw new OperatorError(`kubectl ${args[0] ?? ""} ended with exit code ${code}`);
    }
}
