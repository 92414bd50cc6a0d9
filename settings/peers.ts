/** The other ends of the network's flows, as the settings name them. */

/** A TCP port such as 22, or text such as "10000-10100" or "1194/UDP". */
export type NetworkPort = number | string;

/** Addresses, or the pods of a namespace. */
export interface Peer {
    /** Block of addresses. */
    readonly cidr?: string;
    /** Namespace of the pods, in place of addresses. */
    readonly namespace?: string;
    /** Labels of the pods; every pod of the namespace without them. */
    readonly podLabels?: Readonly<Record<string, string>>;
    /** Ports; every port where empty. */
    readonly ports: readonly NetworkPort[];
}

/** The kinds of a cluster's DNS. */
export type DnsPreset = "cluster" | "nodeLocal" | "openshift";

const DNS = ["53/UDP", "53"];

/** Where names are resolved. A policy sees the pod that answers and its port, not the Service. */
export const DNS_PRESETS: Readonly<Record<DnsPreset, Peer>> = {
    // CoreDNS or kube-dns.
    cluster: { namespace: "kube-system", podLabels: { "k8s-app": "kube-dns" }, ports: DNS },
    // NodeLocal DNSCache, on each node's own address.
    nodeLocal: { cidr: "169.254.20.10/32", ports: DNS },
    // OpenShift's DNS operator.
    openshift: {
        namespace: "openshift-dns",
        podLabels: { "dns.operator.openshift.io/daemonset-dns": "default" },
        ports: ["5353/UDP", "5353"],
    },
};

/** A port as the API takes it; `undefined` where the text is none. */
export function parsePort(written: NetworkPort): { protocol: string; port: number; endPort?: number } | undefined {
    const [, first, last = first, protocol = "TCP"] =
        /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(TCP|UDP))?$/.exec(String(written)) ?? [];
    const [port, endPort] = [Number(first), Number(last)];
    if (!(port >= 1 && port <= endPort && endPort <= 65535)) return undefined;
    return { protocol, port, ...(endPort > port && { endPort }) };
}
