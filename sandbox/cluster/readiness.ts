import { Resolver } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { get } from "node:https";
import { ctr } from "./ctr";
import { tryKubectl } from "./kubectl";
import { layout } from "./layout";
import { hasPolicies } from "./networkPolicies";
import { certificate } from "./pki";
import { clusterDomain, dnsAddress, loopbackPorts, nodeName } from "./settings";
import { requireRunning, startedAt } from "./supervise";
import { waitUntil } from "./wait";

/** Waits until etcd and the API server serve. */
export async function waitForApiServer(): Promise<void> {
    let words = "";
    await waitUntil(
        "the API server",
        async () => {
            requireRunning("etcd");
            requireRunning("kube-apiserver");
            const { code, stdout, stderr } = await tryKubectl(["get", "--raw=/readyz", "--request-timeout=2s"]);
            words = stderr.trim();
            return code === 0 && stdout.trim() === "ok";
        },
        { timeout: 90, explain: () => words },
    );
}

/** Waits until containerd takes commands. */
export async function waitForContainerd(): Promise<void> {
    await waitUntil(
        "containerd",
        async () => {
            requireRunning("containerd");
            if (!existsSync(layout.containerdSocket)) return false;
            return ctr(["version"]).then(
                () => true,
                () => false,
            );
        },
        { timeout: 60 },
    );
}

/** Waits until the controller manager and the scheduler report themselves healthy. */
export async function waitForControllers(): Promise<void> {
    const controllers = [
        { name: "kube-controller-manager", port: loopbackPorts.controllerManager },
        { name: "kube-scheduler", port: loopbackPorts.scheduler },
    ];
    await Promise.all(
        controllers.map(({ name, port }) =>
            waitUntil(
                name,
                () => {
                    requireRunning(name);
                    return isHealthy(port);
                },
                { timeout: 60, interval: 100 },
            ),
        ),
    );
}

/** Waits until the node is Ready, as told by the kubelet that runs now. */
export async function waitForNode(): Promise<void> {
    // What a stopped kubelet said last stays in the API; Kubernetes' times have no fractions of a second.
    const since = startedAt("kubelet").getTime() - 1000;
    let words = "";
    await waitUntil(
        `node ${nodeName}`,
        async () => {
            for (const name of ["kubelet", "kube-proxy", "containerd"]) requireRunning(name);
            const { code, stdout, stderr } = await tryKubectl(["get", "node", nodeName, "-o", "json"]);
            if (code !== 0) {
                words = stderr.trim();
                return false;
            }
            const { status } = JSON.parse(stdout) as { status: { conditions?: NodeCondition[] } };
            const ready = status.conditions?.find(({ type }) => type === "Ready");
            words = ready?.message ?? "it has not reported yet";
            return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= since;
        },
        { timeout: 120, interval: 300, explain: () => words },
    );
}

/** Waits until kube-router has put its chains into the packets' way. */
export async function waitForPolicies(): Promise<void> {
    await waitUntil(
        "kube-router",
        () => {
            requireRunning("kube-router");
            return hasPolicies();
        },
        { timeout: 60 },
    );
}

/** Waits until the kubelet reaches containerd: when that was restarted, it tries again only seconds later. */
export async function waitForRuntime(): Promise<void> {
    // The one thing that the kubelet tells without a pod of ours and has to ask containerd for.
    const runningPods = ["get", `--raw=/api/v1/nodes/${nodeName}/proxy/runningpods/`];
    await waitForSuccess("the kubelet to reach containerd", runningPods);
}

/** Waits until the cluster's DNS gives the API server's Service address. */
export async function waitForDns(): Promise<void> {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([dnsAddress]);
    let words = "";
    await waitUntil(
        "DNS",
        () =>
            resolver.resolve4(`kubernetes.default.svc.${clusterDomain}`).then(
                (addresses) => addresses.length > 0,
                (error: unknown) => {
                    words = String(error);
                    return false;
                },
            ),
        { timeout: 120, explain: () => `${words}; look at: kubectl -n kube-system describe pods` },
    );
}

/** Waits until the provisioner of shared volumes runs. */
export async function waitForStorage(): Promise<void> {
    const rollout = ["-n", "sandbox-storage", "rollout", "status", "deployment/provisioner", "--timeout=5s"];
    await waitForSuccess("the provisioner of shared volumes", rollout, "kubectl -n sandbox-storage describe pods");
}

/** Waits until kubectl succeeds; where it does not, its last words and `look` tell why. */
async function waitForSuccess(what: string, args: string[], look?: string): Promise<void> {
    let words = "";
    await waitUntil(
        what,
        async () => {
            const { code, stderr } = await tryKubectl(args);
            words = stderr.trim();
            return code === 0;
        },
        { timeout: 120, explain: () => (look ? `${words}; look at: ${look}` : words) },
    );
}

interface NodeCondition {
    type: string;
    status: string;
    message: string;
    lastHeartbeatTime: string;
}

function isHealthy(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const options = {
            host: "127.0.0.1",
            port,
            path: "/healthz",
            ca: readFileSync(certificate("ca")),
            timeout: 1000,
        };
        const request = get(options, (response) => {
            response.resume();
            resolve(response.statusCode === 200);
        });
        request.on("timeout", () => request.destroy());
        request.on("error", () => {
            resolve(false);
        });
    });
}
