import { dirname, join } from "node:path";
import { binaryPath, type Binary } from "./binaries";
import { configFiles } from "./configFiles";
import { componentKubeconfig } from "./kubeconfig";
import { layout } from "./layout";
import { packaged } from "./packages";
import { certificate, privateKey, serviceAccountKey, serviceAccountPublicKey } from "./pki";
import { clusterDomain, loopbackPorts, nodeAddress, nodeName, ports, serviceNetwork } from "./settings";

export type ComponentName = Exclude<Binary, "kubectl" | "coredns" | "local-path-provisioner"> | "containerd";

/** One process of the cluster: what to run, and what makes a running one out of date. */
export interface Component {
    name: string;
    command: string;
    args: string[];
    /** A change of one of these files asks for a restart, as a change of the arguments does. */
    files: string[];
    /** Folders that come before the machine's PATH. */
    path: string[];
    /** Seconds between SIGTERM and SIGKILL. */
    grace: number;
}

export function component(name: ComponentName): Component {
    const command = name === "containerd" ? join(packaged("usr/bin"), name) : binaryPath(name);
    const { flags, files, ...rest } = definitions[name];
    const values = flags();
    return { name, command, args: spell(values), files: [...files, ...identities(values)], ...rest };
}

/** The certificates, keys and kubeconfigs that are named: read once by most, so that a renewed one asks for a restart. */
function identities(values: Record<string, string | number>): string[] {
    const folders = [layout.pki, layout.kubeconfigs];
    return Object.values(values).flatMap((value) => (folders.includes(dirname(String(value))) ? [String(value)] : []));
}

/** Stopped in this order, so that nobody repairs or reports what is being taken down. */
export const stopOrder = {
    beforeContainers: ["kubelet", "kube-proxy", "kube-router", "kube-scheduler", "kube-controller-manager"],
    afterContainers: ["containerd", "kube-apiserver", "etcd"],
} as const satisfies Record<string, readonly ComponentName[]>;

export const componentNames: readonly ComponentName[] = [...stopOrder.beforeContainers, ...stopOrder.afterContainers];

type Definition = Omit<Component, "name" | "command" | "args"> & { flags: () => Record<string, string | number> };

const plain = { files: [], path: [], grace: 10 };

const definitions: Record<ComponentName, Definition> = {
    etcd: { ...plain, flags: etcd },
    containerd: {
        ...plain,
        flags: () => ({ config: configFiles.containerd }),
        files: [configFiles.containerd],
        path: [packaged("usr/bin"), packaged("usr/sbin")],
    },
    "kube-apiserver": { ...plain, flags: apiServer },
    "kube-controller-manager": { ...plain, flags: controllerManager },
    "kube-scheduler": { ...plain, flags: scheduler },
    kubelet: { ...plain, flags: kubelet, files: [configFiles.kubelet, certificate("kubelet-server")] },
    "kube-proxy": {
        ...plain,
        flags: () => ({ config: configFiles.proxy }),
        files: [configFiles.proxy, componentKubeconfig("proxy")],
    },
    "kube-router": { ...plain, flags: policies, path: [layout.iptables] },
};

function etcd() {
    const client = `https://${nodeAddress}:${ports.etcd}`;
    const peer = `https://${nodeAddress}:${ports.etcdPeer}`;
    const server = { "cert-file": certificate("etcd"), "key-file": privateKey("etcd") };
    const trust = { "trusted-ca-file": certificate("etcd-ca"), "client-cert-auth": "true" };
    return {
        name: nodeName,
        "data-dir": layout.etcdData,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": `${nodeName}=${peer}`,
        ...server,
        ...trust,
        ...prefixed("peer-", { ...server, ...trust }),
    };
}

function apiServer() {
    return {
        "bind-address": nodeAddress,
        "advertise-address": nodeAddress,
        "secure-port": ports.apiServer,
        "anonymous-auth": "false",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction,PodSecurity",
        "allow-privileged": "true",
        "service-cluster-ip-range": serviceNetwork,
        "service-account-issuer": `https://kubernetes.default.svc.${clusterDomain}`,
        "service-account-key-file": serviceAccountPublicKey,
        "service-account-signing-key-file": serviceAccountKey,
        "client-ca-file": certificate("ca"),
        "tls-cert-file": certificate("apiserver"),
        "tls-private-key-file": privateKey("apiserver"),
        "etcd-servers": `https://${nodeAddress}:${ports.etcd}`,
        "etcd-cafile": certificate("etcd-ca"),
        "etcd-certfile": certificate("apiserver-etcd"),
        "etcd-keyfile": privateKey("apiserver-etcd"),
        "kubelet-certificate-authority": certificate("ca"),
        "kubelet-client-certificate": certificate("apiserver-kubelet"),
        "kubelet-client-key": privateKey("apiserver-kubelet"),
        "kubelet-preferred-address-types": "InternalIP",
        ...aggregation(),
    };
}

/** How the API server speaks for its callers to what extends its API, as metrics-server does. */
function aggregation() {
    return {
        "requestheader-client-ca-file": certificate("front-proxy-ca"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": certificate("front-proxy"),
        "proxy-client-key-file": privateKey("front-proxy"),
    };
}

function controllerManager() {
    return {
        ...control("controller-manager", loopbackPorts.controllerManager),
        "use-service-account-credentials": "true",
        "flex-volume-plugin-dir": layout.volumePlugins,
        "service-account-private-key-file": serviceAccountKey,
        "root-ca-file": certificate("ca"),
        "cluster-signing-cert-file": certificate("ca"),
        "cluster-signing-key-file": privateKey("ca"),
    };
}

function scheduler() {
    return control("scheduler", loopbackPorts.scheduler);
}

/** What the two controllers share. There is one of each, so neither waits for an old leader's lease to end. */
function control(name: "controller-manager" | "scheduler", port: number) {
    const kubeconfig = componentKubeconfig(name);
    return {
        kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "client-ca-file": certificate("ca"),
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": certificate(name),
        "tls-private-key-file": privateKey(name),
        "leader-elect": "false",
    };
}

function kubelet() {
    return {
        config: configFiles.kubelet,
        kubeconfig: componentKubeconfig("kubelet"),
        "hostname-override": nodeName,
        "node-ip": nodeAddress,
        "root-dir": layout.kubeletRoot,
        "cert-dir": join(layout.kubeletRoot, "pki"),
    };
}

/** Of what kube-router can do, only the network policies. */
function policies() {
    return {
        kubeconfig: componentKubeconfig("kube-router"),
        "hostname-override": nodeName,
        "service-cluster-ip-range": serviceNetwork,
        "run-firewall": "true",
        "run-router": "false",
        "run-service-proxy": "false",
        "health-port": 0,
    };
}

function prefixed(prefix: string, flags: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(flags).map(([name, value]) => [`${prefix}${name}`, value]));
}

function spell(values: Record<string, string | number>): string[] {
    return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
