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
    /** Name of the existing TLS Secret. Default: the controller's own certificate. */
    readonly tlsSecret?: string;
    /** Ingress class. Source: spec, traefik. */
    readonly className: string;
    /** Annotations beside those of the class; `null` removes one. */
    readonly annotations: Record<string, string | null>;
    /** Do not wait for an address in the status: with a controller that writes none, the update would fail. */
    readonly skipAwait: boolean;
}

/** What a controller has to be told, by a part of its class's name. Source: spec, Traefik's. */
function classAnnotations(className: string, tls: boolean): Record<string, string> {
    const traefik = "traefik.ingress.kubernetes.io/router";
    if (className.includes("traefik")) {
        return tls
            ? { [`${traefik}.entrypoints`]: "websecure", [`${traefik}.tls`]: "true" }
            : { [`${traefik}.entrypoints`]: "web" };
    }
    // A plugin that is restored is larger than the 1 MB that ingress-nginx lets through.
    return className.includes("nginx") ? { "nginx.ingress.kubernetes.io/proxy-body-size": "100m" } : {};
}

function withoutNulls(annotations: Record<string, string | null>): Record<string, string> {
    const kept = Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== null);
    return Object.fromEntries(kept);
}

/** Ingress `bots-edi-ingress` to the webserver. */
export class Ingress extends pulumi.ComponentResource {
    /** Address of the web pages. */
    readonly url: string;

    constructor(name: string, args: IngressArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Ingress", name, {}, opts);
        const { host, tls, tlsSecret } = args;
        this.url = `${tls ? "https" : "http"}://${host}/`;
        const annotations = {
            ...classAnnotations(args.className, tls),
            ...args.annotations,
            ...(args.skipAwait && SKIP_AWAIT),
        };
        new k8s.networking.v1.Ingress(
            name,
            {
                metadata: {
                    name: "bots-edi-ingress",
                    namespace: args.namespace,
                    labels: labels("webserver"),
                    annotations: withoutNulls(annotations),
                },
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
