/** Who may talk to whom. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DNS_PRESETS, DnsPreset, parsePort, Peer } from "../settings/peers";
import { Component, EVERY_POD, labels, selector } from "./labels";
import { GATEWAY_PORT } from "./jobqueue";
import { PartOptions } from "./part";
import { WEBSERVER_PORT } from "./webserver";

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type PolicyPeer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type LabelSelector = k8s.types.input.meta.v1.LabelSelector;

/** The inputs of {@link NetworkPolicies}. */
export interface NetworkPoliciesArgs {
    /** Namespace of the policies. */
    readonly namespace: string;
    /** Where names are resolved: presets by name, or peers. */
    readonly dns: readonly (DnsPreset | Peer)[];
    /** Who calls the webserver: the Ingress controller. */
    readonly callers: readonly Omit<Peer, "ports">[];
    /** Namespace of the Prometheus that scrapes the webserver. Default: none may. */
    readonly monitoringNamespace?: string;
    /** The port of the database in the cluster, or where an external one may be. */
    readonly database: number | readonly Peer[];
    /** TCP ports of the cluster's API server. */
    readonly apiServerPorts: readonly number[];
    /** Whether pushed images are rolled out. */
    readonly updatesImages: boolean;
    /** Whether there is a watch over the database's Secret, which logs in as the services do. The database is no pod of ours then. */
    readonly watchesSecret: boolean;
    /** EDI partners and mail servers. */
    readonly egress: readonly Peer[];
}

/** The other end of a flow: pods of this namespace, what a setting says, or any address where neither is named. */
interface End extends Peer {
    readonly pods?: LabelSelector;
}

/** What some pods may do: whom they may reach, or who may reach them. Neither: nothing at all. */
interface Flow {
    readonly pods: LabelSelector;
    readonly to?: readonly End[];
    readonly from?: readonly End[];
}

const every: LabelSelector = { matchLabels: EVERY_POD };
const only = (component: Component): LabelSelector => ({ matchLabels: selector(component) });

/** The services that run Bots: all of them use the database. */
const BOTS_PODS: LabelSelector = {
    matchLabels: EVERY_POD,
    matchExpressions: [
        {
            key: "component",
            operator: "In",
            values: ["webserver", "jobqueue", "engine", "init", "superuser", "backup", "updater"],
        },
    ],
};

/** The flows that the system needs, by the name of their NetworkPolicy. */
function flows(args: NetworkPoliciesArgs): Record<string, Flow> {
    const { dns, callers, monitoringNamespace, database, egress } = args;
    const prometheus = monitoringNamespace === undefined ? [] : [{ namespace: monitoringNamespace }];
    return {
        "bots-default-deny": { pods: every },
        "bots-dns": {
            pods: every,
            to: dns.map((entry) => (typeof entry === "string" ? DNS_PRESETS[entry] : entry)),
        },
        "bots-webserver": {
            pods: only("webserver"),
            from: [...callers, ...prometheus].map((caller) => ({ ...caller, ports: [WEBSERVER_PORT] })),
        },
        "bots-jobqueue": { pods: only("jobqueue"), from: [{ pods: only("webserver"), ports: [GATEWAY_PORT] }] },
        "bots-to-jobqueue": { pods: only("webserver"), to: [{ pods: only("jobqueue"), ports: [GATEWAY_PORT] }] },
        "bots-to-database": {
            pods: BOTS_PODS,
            to: typeof database === "number" ? [{ pods: only("database"), ports: [database] }] : database,
        },
        ...(typeof database === "number" && {
            "bots-database": { pods: only("database"), from: [{ pods: BOTS_PODS, ports: [database] }] },
        }),
        // To any address: the API server is no pod, and its address is another on each cluster, and on some a node's own.
        "bots-engine-watch": { pods: only("watch"), to: [{ ports: args.apiServerPorts }] },
        ...(args.updatesImages && {
            "bots-image-update": { pods: only("updater"), to: [{ ports: args.apiServerPorts }] },
        }),
        ...(args.watchesSecret &&
            typeof database !== "number" && {
                "bots-secret-watch": { pods: only("secret-watch"), to: [{ ports: args.apiServerPorts }, ...database] },
            }),
        ...(egress.length > 0 && { "bots-to-partners": { pods: BOTS_PODS, to: egress } }),
    };
}

function peer({ cidr, namespace, podLabels, pods }: End): PolicyPeer | undefined {
    if (cidr !== undefined) return { ipBlock: { cidr } };
    if (namespace === undefined) return pods && { podSelector: pods };
    return {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        ...(podLabels && { podSelector: { matchLabels: podLabels } }),
    };
}

/** The end as the API takes it; any address where none is named. */
function peerOf(direction: "to" | "from", end: End) {
    const found = peer(end);
    return found && { [direction]: [found] };
}

/** Its ports; every one where none is named. */
function portsOf({ ports }: End) {
    return ports.length > 0 && { ports: ports.flatMap((port) => parsePort(port) ?? []) };
}

function spec({ pods, to, from }: Flow): Spec {
    return {
        podSelector: pods,
        policyTypes: to ? ["Egress"] : from ? ["Ingress"] : ["Ingress", "Egress"],
        ...(from && { ingress: from.map((end) => ({ ...peerOf("from", end), ...portsOf(end) })) }),
        ...(to && { egress: to.map((end) => ({ ...peerOf("to", end), ...portsOf(end) })) }),
    };
}

/** Default deny for every pod of the system, and one NetworkPolicy a flow that it needs. */
export class NetworkPolicies extends pulumi.ComponentResource {
    /** The policies, to depend on. */
    readonly policies: pulumi.Resource[];

    constructor(name: string, args: NetworkPoliciesArgs, opts: PartOptions = {}) {
        super("bots-edi:index:NetworkPolicies", name, {}, opts);
        this.policies = Object.entries(flows(args)).map(
            ([policy, flow]) =>
                new k8s.networking.v1.NetworkPolicy(
                    `${name}-${policy.replace(/^bots-/, "")}`,
                    {
                        metadata: { name: policy, namespace: args.namespace, labels: labels("config") },
                        spec: spec(flow),
                    },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );
        this.registerOutputs({});
    }
}
