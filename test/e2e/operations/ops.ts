/** `npm run ops` as operators call it, on the sandbox's cluster. */
import { type ChildProcess, spawn } from "node:child_process";
import { withKubectl } from "../../../sandbox/cluster/kubectl";
import { checkout as ROOT, kubeconfigPath } from "../../../sandbox/paths";
import { providePulumi } from "../../../sandbox/pulumi/cli";
import { fileBackend } from "../../../sandbox/pulumi/stack";
import { pulumiFolder } from "../../../sandbox/stack";
import { ran, type Ran } from "../pulumi/workplace";

/** Where a command is called, and with which access. */
export interface Call {
    /** The checkout. Default: this one. */
    readonly checkout?: string;
    /** The kubeconfig. Default: the administrator's. */
    readonly kubeconfig?: string;
    /** The folder of the states. Default: the sandbox's. */
    readonly states?: string;
    /** Variables beside those of this process. */
    readonly env?: Readonly<Record<string, string>>;
    /** What is typed in. Default: nothing. */
    readonly input?: string;
}

/** The commands that were called, to see that none was forgotten. */
export const called = new Set<string>();

/** Starts a command in a process group of its own, as a shell does. */
export async function startOps(
    args: readonly string[],
    { checkout = ROOT, kubeconfig = kubeconfigPath, states = pulumiFolder, env: variables = {} }: Call = {},
): Promise<ChildProcess> {
    called.add(args[0] ?? "");
    const { env } = await providePulumi(console.log);
    return spawn("npm", ["run", "--silent", "ops", "--", ...args], {
        cwd: checkout,
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
        env: {
            ...process.env,
            ...env,
            PATH: withKubectl(env.PATH),
            KUBECONFIG: kubeconfig,
            PULUMI_BACKEND_URL: fileBackend(states),
            ...variables,
        },
    });
}

/** Runs a command to its end. */
export async function ops(args: readonly string[], call: Call = {}): Promise<Ran> {
    const child = await startOps(args, call);
    child.stdin?.on("error", () => undefined).end(call.input ?? "");
    return ran(child);
}
