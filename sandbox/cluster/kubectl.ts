import { kubeconfigPath } from "../paths";
import { binaryPath } from "./binaries";
import { attempt, run, type Outcome, type RunOptions } from "../exec";

/** Runs kubectl as the sandbox's administrator and returns its output. Fails with its last words. */
export function kubectl(args: readonly string[], options?: RunOptions): Promise<string> {
    return run(binaryPath("kubectl"), administrator(args), options);
}

/** As `kubectl`, for calls that may fail. */
export function tryKubectl(args: readonly string[], options?: RunOptions): Promise<Outcome> {
    return attempt(binaryPath("kubectl"), administrator(args), options);
}

function administrator(args: readonly string[]): string[] {
    return ["--kubeconfig", kubeconfigPath, ...args];
}
