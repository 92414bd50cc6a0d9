import { ctr } from "./ctr";
import { waitUntil } from "../../operations/wait";

/** Seconds that containers get between SIGTERM and SIGKILL: what Kubernetes gives a pod unless it says otherwise. */
const grace = 30;

interface Task {
    id: string;
    isRunning: boolean;
}

/** Ends every container of the node, gently first. Their records stay, so that the kubelet starts them again. */
export async function stopContainers(): Promise<number> {
    const running = (await tasks()).filter(({ isRunning }) => isRunning);
    await signal(running, "SIGTERM");
    const ended = async () => (await tasks()).every(({ isRunning }) => !isRunning);
    await waitUntil("containers to end", ended, { timeout: grace, interval: 300 }).catch(() => undefined);
    await signal(await tasks(), "SIGKILL");
    for (const { id } of await tasks()) await ctr(["tasks", "delete", "--force", id]).catch(() => undefined);
    return running.length;
}

async function signal(targets: Task[], name: "SIGTERM" | "SIGKILL"): Promise<void> {
    // A container may end between the listing and the signal.
    await Promise.all(targets.map(({ id }) => ctr(["tasks", "kill", "--signal", name, id]).catch(() => undefined)));
}

async function tasks(): Promise<Task[]> {
    const lines = (await ctr(["tasks", "list"])).trimEnd().split("\n").slice(1);
    return lines.map((line) => {
        const [id = "", , status] = line.split(/\s+/);
        return { id, isRunning: status === "RUNNING" };
    });
}
