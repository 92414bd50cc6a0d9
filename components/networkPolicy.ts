/** Who may talk to whom. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { GATEWAY_PORT } from "./jobqueue";
import { Component, EVERY_POD, labels, selector } from "./labels";
import { PartOptions } from "./part";
import { WEBSERVER_PORT } from "./webserver";

type Rule = k8s.types.input.networking.v1.NetworkPolicySpec;

/** Addresses that pods may reach. */
export interface Egress {
    /** Block of addresses. */
    readonly cidr: string;
    /** TCP ports; every port where empty. */
    readonly ports: readonly number[];
}

/** The inputs of {@link NetworkPolicies}. */
export interface NetworkPoliciesArgs {
    /** Namespace of the policies. */
    readonly namespace: string;
    /** Namespace of the Ingress controller's pods. */
    readonly ingressNamespace: string;
    /** Namespace of the Prometheus that scrapes the webserver. Default: none may. */
    readonly monitoringNamespace?: string;
    /** The database: in the cluster, or where an external one may be. */
    readonly database: { readonly port: number; readonly inCluster: boolean; readonly cidrs: readonly string[] };
    /** EDI partners and mail servers. */
    readonly egress: readonly Egress[];
}

const tcp = (port: number) => ({ protocol: "TCP", port });
const pods = (component: Component) => ({ podSelector: { matchLabels: selector(component) } });
const namespace = (name: string) => ({
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

/** The services that run Bots: all of them use the database. */
const BOTS_PODS = {
    matchLabels: EVERY_POD,
    matchExpressions: [
        { key: "component", operator: "In", values: ["webserver", "jobqueue", "engine", "init", "backup"] },
    ],
};

/** The flows that the system needs, by the name of their NetworkPolicy. */
function flows(args: NetworkPoliciesArgs): Record<string, Rule> {
    const { database } = args;
    const databaseRule = database.inCluster
        ? { to: [pods("database")], ports: [tcp(database.port)] }
        : { to: database.cidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: [tcp(database.port)] };
    const callers = [args.ingressNamespace, ...(args.monitoringNamespace ? [args.monitoringNamespace] : [])];
    return {
        "bots-default-deny": { podSelector: { matchLabels: EVERY_POD }, policyTypes: ["Ingress", "Egress"] },
        "bots-dns": {
            podSelector: { matchLabels: EVERY_POD },
            policyTypes: ["Egress"],
            egress: [
                {
                    to: [{ ...namespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
                    ports: [{ protocol: "UDP", port: 53 }, tcp(53)],
                },
            ],
        },
        "bots-webserver": {
            podSelector: { matchLabels: selector("webserver") },
            policyTypes: ["Ingress"],
            ingress: [{ from: callers.map(namespace), ports: [tcp(WEBSERVER_PORT)] }],
        },
        "bots-jobqueue": {
            podSelector: { matchLabels: selector("jobqueue") },
            policyTypes: ["Ingress"],
            ingress: [{ from: [pods("webserver")], ports: [tcp(GATEWAY_PORT)] }],
        },
        "bots-to-jobqueue": {
            podSelector: { matchLabels: selector("webserver") },
            policyTypes: ["Egress"],
            egress: [{ to: [pods("jobqueue")], ports: [tcp(GATEWAY_PORT)] }],
        },
        "bots-to-database": { podSelector: BOTS_PODS, policyTypes: ["Egress"], egress: [databaseRule] },
        ...(database.inCluster && {
            "bots-database": {
                podSelector: { matchLabels: selector("database") },
                policyTypes: ["Ingress"],
                ingress: [{ from: [{ podSelector: BOTS_PODS }], ports: [tcp(database.port)] }],
            },
        }),
        ...(args.egress.length > 0 && {
            "bots-to-partners": {
                podSelector: BOTS_PODS,
                policyTypes: ["Egress"],
                egress: args.egress.map(({ cidr, ports }) => ({
                    to: [{ ipBlock: { cidr } }],
                    ...(ports.length > 0 && { ports: ports.map(tcp) }),
                })),
            },
        }),
    };
}

/** Default deny for every pod of the system, and one NetworkPolicy a flow that it needs. */
export class NetworkPolicies extends pulumi.ComponentResource {
    /** The policies, to depend on. */
    readonly policies: pulumi.Resource[];

    constructor(name: string, args: NetworkPoliciesArgs, opts: PartOptions = {}) {
        super("bots-edi:index:NetworkPolicies", name, {}, opts);
        this.policies = Object.entries(flows(args)).map(
            ([flow, spec]) =>
                new k8s.networking.v1.NetworkPolicy(
                    `${name}-${flow.replace(/^bots-/, "")}`,
                    { metadata: { name: flow, namespace: args.namespace, labels: labels("config") }, spec },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );
        this.registerOutputs({});
    }
}
