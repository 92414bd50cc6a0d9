import { type Outcome, type RunOptions } from "../../operations/exec";
import { Kubectl } from "../../operations/kubectl";
import { kubeconfigPath } from "../paths";
import { binaryPath } from "./binaries";

/** kubectl as the sandbox's administrator. */
export const administrator = new Kubectl(binaryPath("kubectl"), ["--kubeconfig", kubeconfigPath]);

/** Runs kubectl as the sandbox's administrator and returns its output. Fails with its last words. */
export function kubectl(args: readonly string[], options?: RunOptions): Promise<string> {
    return administrator.run(args, options);
}

/** As `kubectl`, for calls that may fail. */
export function tryKubectl(args: readonly string[], options?: RunOptions): Promise<Outcome> {
    return administrator.try(args, options);
}
