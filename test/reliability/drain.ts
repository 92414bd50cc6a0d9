/** `kubectl drain` of the sandbox's only node, which systems of other tests use as well. */
import { kubectl } from "../../sandbox/cluster/kubectl";
import { nodeName } from "../../sandbox/cluster/settings";
import { type TestNamespace } from "../e2e/namespace";

/** Closes the node to new pods and evicts those of one namespace that a selector takes; {@link open} ends it. */
export async function drain(namespace: TestNamespace, selector: string): Promise<void> {
    // It takes a selector and no namespace.
    const mark = `drained-of=${namespace.name}`;
    await namespace.kubectl("label", "pods", "-l", selector, "--overwrite", mark);
    const options = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=180s"];
    await kubectl(["drain", nodeName, `--pod-selector=${mark}`, ...options], { timeout: 200 });
}

/** Opens the node to new pods. */
export async function open(): Promise<void> {
    await kubectl(["uncordon", nodeName]);
}
