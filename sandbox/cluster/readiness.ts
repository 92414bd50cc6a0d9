import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { ctr } from "./ctr";
import { tryKubectl } from "./kubectl";
import { hasPolicies } from "./networkPolicies";
import { certificate } from "./pki";
import { clusterDomain, dnsAddress, loopbackPorts, nodeName } from "./settings";
import { requireRunning, startedAt } from "./supervise";
import { type Answer, waitUntil } from "../../operations/wait";

/** Waits until etcd and the API server serve. */
export async function waitForApiServer(): Promise<void> {
    const isReady = () => {
        requireRunning("etcd", "kube-apiserver");
        return succeeds("get", "--raw=/readyz", "--request-timeout=2s");
    };
    await waitUntil("the API server", isReady, { timeout: 90 });
}

/** Waits until containerd takes commands. */
export async function waitForContainerd(): Promise<void> {
    const isReady = () => {
        requireRunning("containerd");
        return ctr(["version"]).then(() => true, String);
    };
    await waitUntil("containerd", isReady, { timeout: 60 });
}

/** Waits until the controller manager and the scheduler report themselves healthy. */
export async function waitForControllers(): Promise<void> {
    const ports = {
        "kube-controller-manager": loopbackPorts.controllerManager,
        "kube-scheduler": loopbackPorts.scheduler,
    };
    const waits = Object.entries(ports).map(([name, port]) => {
        const isReady = () => {
            requireRunning(name);
            return isHealthy(port);
        };
        return waitUntil(name, isReady, { timeout: 60, interval: 100 });
    });
    await Promise.all(waits);
}

/** Waits until the node is Ready, as told by the kubelet that runs now. */
export async function waitForNode(): Promise<void> {
    // What a stopped kubelet said last stays in the API; Kubernetes' times have no fractions of a second.
    const since = startedAt("kubelet").getTime() - 1000;
    const isReady = async () => {
        requireRunning("kubelet", "kube-proxy", "containerd");
        const { code, stdout, stderr } = await tryKubectl(["get", "node", nodeName, "-o", "json"]);
        if (code !== 0) return stderr.trim();
        const { status } = JSON.parse(stdout) as { status: { conditions?: NodeCondition[] } };
        const ready = status.conditions?.find(({ type }) => type === "Ready");
        if (ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= since) return true;
        return ready?.message ?? "it has not reported yet";
    };
    await waitUntil(`node ${nodeName}`, isReady, { timeout: 120, interval: 300 });
}

/** Waits until kube-router has put its chains into the packets' way. */
export async function waitForPolicies(): Promise<void> {
    const isReady = () => {
        requireRunning("kube-router");
        return hasPolicies();
    };
    await waitUntil("kube-router", isReady, { timeout: 60 });
}

/**
 * Waits until the kubelet reaches containerd, which it tries again only seconds after that was restarted, and knows the pods
 * that run there: until then a command in one of them ends with "pod does not exist".
 */
export async function waitForRuntime(): Promise<void> {
    const ask = (path: string) => tryKubectl(["get", `--raw=/api/v1/nodes/${nodeName}/proxy/${path}/`]);
    const knowsPods = async () => {
        const [running, known] = await Promise.all([ask("runningpods"), ask("pods")]);
        if (running.code !== 0 || known.code !== 0) return (running.stderr || known.stderr).trim();
        const ids = new Set(podIds(known.stdout));
        const unknown = podIds(running.stdout).filter((id) => !ids.has(id));
        return unknown.length === 0 || `it does not know ${unknown.length} of the pods that run`;
    };
    await waitUntil("the kubelet to reach containerd and to know its pods", knowsPods, { timeout: 120 });
}

function podIds(list: string): string[] {
    const { items } = JSON.parse(list) as { items: readonly { readonly metadata: { readonly uid: string } }[] | null };
    return (items ?? []).map(({ metadata }) => metadata.uid);
}

/** Waits until the cluster's DNS gives the API server's Service address. */
export async function waitForDns(): Promise<void> {
    const resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([dnsAddress]);
    const answers = () =>
        resolver.resolve4(`kubernetes.default.svc.${clusterDomain}`).then(({ length }) => length > 0, String);
    await waitUntil("DNS (kubectl -n kube-system describe pods)", answers, { timeout: 120 });
}

/** Waits until the provisioner of shared volumes runs. */
export async function waitForStorage(): Promise<void> {
    const rollout = ["rollout", "status", "deployment/provisioner", "-n", "sandbox-storage", "--timeout=5s"];
    const what = "the provisioner of shared volumes (kubectl -n sandbox-storage describe pods)";
    await waitUntil(what, () => succeeds(...rollout), { timeout: 120 });
}

/** Whether kubectl succeeds; its last words where it does not. */
async function succeeds(...args: string[]): Promise<Answer> {
    const { code, stderr } = await tryKubectl(args);
    return code === 0 || stderr.trim();
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
