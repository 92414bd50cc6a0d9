/** The way in from outside. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labels, SKIP_AWAIT } from "./labels";
import { PartOptions } from "./part";
import { WEBSERVER } from "./webserver";

/** The inputs of {@link Ingress}. */
export interface IngressArgs {
    /** Namespace of the Ingress. */
    readonly namespace: string;
    /** Host name of the web pages. */
    readonly host: string;
    /** Whether browsers come by TLS. */
    readonly tls: boolean;
    /** Name of the TLS Secret. Default: the controller's own certificate. */
    readonly tlsSecret?: string;
    /** Issuer of cert-manager that makes that Secret. Default: it exists. */
    readonly certificateIssuer?: { readonly name: string; readonly kind: "ClusterIssuer" | "Issuer" };
    /** Ingress class. Source: spec, traefik. */
    readonly className: string;
    /** Annotations beside those of the class; `null` removes one. */
    readonly annotations: Record<string, string | null>;
    /** Do not wait for an address in the status: with a controller that writes none, the update would fail. */
    readonly skipAwait: boolean;
}

/** What a controller has to be told, by a part of its class's name. Source for Traefik: spec. */
const CLASSES: readonly { readonly named: RegExp; readonly annotations: (tls: boolean) => Record<string, string> }[] = [
    {
        named: /traefik/,
        annotations: (tls) => ({
            "traefik.ingress.kubernetes.io/router.entrypoints": tls ? "websecure" : "web",
            ...(tls && { "traefik.ingress.kubernetes.io/router.tls": "true" }),
        }),
    },
    // A plugin that is restored is larger than 1 MB and may take longer than 60 s, where these end a request by themselves.
    {
        named: /nginx/,
        annotations: () => ({
            "nginx.ingress.kubernetes.io/proxy-body-size": "100m",
            "nginx.ingress.kubernetes.io/proxy-read-timeout": "300",
            "nginx.ingress.kubernetes.io/proxy-send-timeout": "300",
        }),
    },
    {
        named: /haproxy/,
        annotations: () => ({
            "haproxy.org/timeout-server": "300s",
            "haproxy-ingress.github.io/timeout-server": "300s",
        }),
    },
    { named: /openshift/, annotations: () => ({ "haproxy.router.openshift.io/timeout": "300s" }) },
];

function classAnnotations(className: string, tls: boolean): Record<string, string> {
    return CLASSES.find(({ named }) => named.test(className))?.annotations(tls) ?? {};
}

function withoutNulls(annotations: Record<string, string | null>): Record<string, string> {
    const kept = Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== null);
    return Object.fromEntries(kept);
}

/** Ingress `bots-edi-ingress` to the webserver, and Certificate `bots-edi-ingress` where cert-manager is to issue one. */
export class Ingress extends pulumi.ComponentResource {
    /** Address of the web pages. */
    readonly url: string;

    constructor(name: string, args: IngressArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Ingress", name, {}, opts);
        const { host, tls, tlsSecret, certificateIssuer } = args;
        this.url = `${tls ? "https" : "http"}://${host}/`;
        const annotations = {
            ...classAnnotations(args.className, tls),
            ...args.annotations,
            ...(args.skipAwait && SKIP_AWAIT),
        };
        const metadata = { name: "bots-edi-ingress", namespace: args.namespace, labels: labels("webserver") };
        if (tlsSecret !== undefined && certificateIssuer) {
            // Not awaited: an authority may first want to see the Ingress answer.
            new k8s.apiextensions.CustomResource(
                `${name}-certificate`,
                {
                    apiVersion: "cert-manager.io/v1",
                    kind: "Certificate",
                    metadata: { ...metadata, annotations: SKIP_AWAIT },
                    spec: { secretName: tlsSecret, dnsNames: [host], issuerRef: certificateIssuer },
                },
                { parent: this, dependsOn: opts.dependsOn },
            );
        }
        new k8s.networking.v1.Ingress(
            name,
            {
                metadata: { ...metadata, annotations: withoutNulls(annotations) },
                spec: {
                    ingressClassName: args.className,
                    ...(tls && { tls: [{ hosts: [host], ...(tlsSecret !== undefined && { secretName: tlsSecret }) }] }),
                    rules: [
                        {
                            host,
                            http: {
                                paths: [
                                    {
                                        path: "/",
                                        pathType: "Prefix",
                                        backend: { service: { name: WEBSERVER, port: { name: "http" } } },
                                    },
                                ],
                            },
                        },
                    ],
                },
            },
            { parent: this, dependsOn: opts.dependsOn },
        );
        this.registerOutputs({ url: this.url });
    }
}
