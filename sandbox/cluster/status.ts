import { existsSync } from "node:fs";
import { kubeconfigPath } from "../paths";
import { componentNames } from "./components";
import { tryKubectl } from "./kubectl";
import { layout } from "./layout";
import { lackForPolicies } from "./networkPolicies";
import { nodeName } from "./settings";
import { runningComponents } from "./supervise";

/** What runs, as lines to read, and whether all of it does. */
export async function status(): Promise<{ lines: string[]; isUp: boolean }> {
    if (!existsSync(layout.hostRecord)) return { lines: ["there is no sandbox on this machine"], isUp: false };
    const running = new Map(runningComponents().map(({ name, pid }) => [name, pid]));
    const node = await nodeStatus();
    const lines = [
        ...componentNames.map((name) => {
            const pid = running.get(name);
            return `${name.padEnd(24)} ${pid === undefined ? "stopped" : `running, pid ${pid}`}`;
        }),
        `${`node ${nodeName}`.padEnd(24)} ${node}`,
        `${"kubeconfig".padEnd(24)} ${kubeconfigPath}`,
    ];
    const stopped = componentNames.filter((name) => !running.has(name));
    const isExcused = stopped.join() === "kube-router" && (await lackForPolicies()) !== undefined;
    return { lines, isUp: (stopped.length === 0 || isExcused) && node === "Ready" };
}

async function nodeStatus(): Promise<string> {
    if (!runningComponents().some(({ name }) => name === "kube-apiserver")) return "unknown, the API server is stopped";
    const condition = "{.status.conditions[?(@.type=='Ready')].status}";
    const { code, stdout } = await tryKubectl([
        "get",
        "node",
        nodeName,
        "--request-timeout=5s",
        "-o",
        `jsonpath=${condition}`,
    ]);
    if (code !== 0) return "unknown, the API server does not answer";
    return stdout === "True" ? "Ready" : "not Ready";
}
