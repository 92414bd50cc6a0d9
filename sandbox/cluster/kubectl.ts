import { delimiter, dirname } from "node:path";
import { type Outcome, type RunOptions } from "../../operations/exec";
import { Kubectl } from "../../operations/kubectl";
import { kubeconfigPath } from "../paths";
import { binaryPath } from "./binaries";

/** A PATH on which the sandbox's kubectl comes first, for programs that call it by its name. */
export function withKubectl(path = process.env.PATH): string {
    return [dirname(binaryPath("kubectl")), path].join(delimiter);
}

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
