import { sandboxName } from "../paths";

/** The node's name in the cluster; its certificates and its volumes are bound to it. */
export const nodeName = sandboxName;

/** Linux takes at most 15 characters for an interface, so the bridge carries a short form of the name. */
export const bridge = "bots-edi-sbx";

/** Pods, and the node itself, which is the bridge's first address. */
export const podNetwork = "10.213.0.0/24";
export const nodeAddress = "10.213.0.1";

/** Cluster addresses of Services; the first belongs to the API server, the tenth to DNS. */
export const serviceNetwork = "10.213.1.0/24";
export const apiServiceAddress = "10.213.1.1";
export const dnsAddress = "10.213.1.10";
export const clusterDomain = "cluster.local";

/** The surroundings' registry: what its images' names begin with, and its Service, which the node asks for them. */
export const registry = { host: "localhost:5000", address: "10.213.1.11", port: 5000 } as const;

/** The class of every volume that several pods share. */
export const storageClass = "sandbox-shared";

/** Ports on the node's address. Loopback is left to other clusters on the same machine. */
export const ports = { etcd: 2379, etcdPeer: 2380, apiServer: 6443 } as const;

/** Ports on loopback, away from Kubernetes' defaults for the same reason. */
export const loopbackPorts = {
    controllerManager: 21357,
    scheduler: 21359,
    kubeletHealth: 21348,
    proxyHealth: 21356,
    proxyMetrics: 21349,
} as const;

export const apiServerUrl = `https://${nodeAddress}:${ports.apiServer}`;
