/** A stack stays on its cluster: recorded at the first update, and no other is taken for it. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Whether the provider can find a cluster. */
export function isReachable(): boolean {
    const { KUBECONFIG = "", KUBERNETES_SERVICE_HOST } = process.env;
    const files = KUBECONFIG === "" ? [join(homedir(), ".kube", "config")] : KUBECONFIG.split(delimiter);
    return KUBERNETES_SERVICE_HOST !== undefined || files.some((file) => existsSync(file));
}

/** The value of an output; undefined where it is not known: a preview of some targets alone knows nothing of what it leaves out. */
async function valueOf<T>(output: pulumi.Input<T>): Promise<T | undefined> {
    const source = pulumi.output(output) as pulumi.Output<T>;
    // Not among the SDK's types: apply() is not called with what is not known, and a program that waited for it would end, unseen.
    const { isKnown } = source as unknown as { isKnown: Promise<boolean> };
    return (await isKnown) ? new Promise<T>((resolve) => source.apply(resolve)) : undefined;
}

/** The resource of the state whose output is the uid: a namespace's, by its name. */
export const recordName = (namespace: string): string => `cluster-${namespace}`;

/**
 * Resolves once it is clear that the provider reaches the stack's cluster; register nothing before. A preview without any
 * kubeconfig, as that of a pull request, compares with the state and reads no cluster: there is nothing to look at then.
 *
 * @param namespace a namespace that stays and that the kubeconfig may read: its uid tells this cluster from any other.
 * @throws pulumi.RunError where the cluster is another one.
 */
export async function rightCluster(provider: kubernetes.Provider, namespace: string): Promise<void> {
    const isSkipped = pulumi.runtime.isDryRun() && !isReachable();
    const name = recordName(namespace);
    const uid = isSkipped ? "" : kubernetes.core.v1.Namespace.get(name, namespace, { provider }).metadata.uid;
    // Its output stays what the input was at first.
    const recorded = new pulumi.Stash(name, { input: uid }, { ignoreChanges: ["input"] }).output;
    const [found, own] = await Promise.all([valueOf(uid), valueOf<string | undefined>(recorded)]);
    // A first update of some targets alone records nothing yet.
    if (isSkipped || own === undefined || found === own) return;
    throw new pulumi.RunError(
        `This is another cluster than that of stack ${pulumi.getStack()}: namespace ${namespace} has the uid ${found} here and ${own} there; ` +
            `set KUBECONFIG or kubeContext to the stack's; another cluster is another stack (docs/operations.md).`,
    );
}
