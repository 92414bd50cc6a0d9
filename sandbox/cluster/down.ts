import { processesInCgroups } from "./cgroups";
import { component, stopOrder, type ComponentName } from "./components";
import { stopContainers } from "./containers";
import { layout } from "./layout";
import { withLock } from "../lock";
import { requireAdministrator } from "./preflight";
import { signal } from "./signal";
import { Steps } from "../steps";
import { runningComponents, stop } from "./supervise";
import { waitUntil } from "../../operations/wait";

/** Stops everything that runs and keeps the cluster's state; `up` continues where it was. */
export async function down(): Promise<void> {
    requireAdministrator();
    const steps = new Steps();
    await withLock(layout.lock, () => stopEverything(steps));
    steps.end("the cluster is stopped; its state is kept");
}

/** Stops components and containers, gently first. No process of the sandbox is left. */
export async function stopEverything(steps: Steps): Promise<void> {
    await steps.step("kubelet, kube-proxy and controllers", () => stopAll(stopOrder.beforeContainers));
    await steps.step("containers", async () => {
        if (!runningComponents().some(({ name }) => name === "containerd")) return "containerd does not run";
        return `stopped ${await stopContainers()}`;
    });
    await steps.step("containerd, API server and etcd", () => stopAll(stopOrder.afterContainers));
    await steps.step("what is left", killTheRest);
}

async function stopAll(names: readonly ComponentName[]): Promise<string> {
    const stopped: string[] = [];
    for (const name of names) if (await stop(name, component(name).grace)) stopped.push(name);
    return stopped.length > 0 ? `stopped ${stopped.join(", ")}` : "nothing ran";
}

/** Containers whose containerd was killed, and the shims of those that were stopped. */
async function killTheRest(): Promise<string> {
    const left = processesInCgroups();
    for (const pid of left) signal(pid, "SIGKILL");
    await waitUntil("killed processes to end", () => processesInCgroups().length === 0, { timeout: 20 });
    return left.length > 0 ? `killed ${left.length} processes` : "nothing";
}
