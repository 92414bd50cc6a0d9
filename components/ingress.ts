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
    /** Name of the existing TLS Secret. Default: none. */
    readonly tlsSecret?: string;
    /** Ingress class. Source: spec, traefik. */
    readonly className: string;
    /** Annotations. Source: spec, Traefik's. */
    readonly annotations: Record<string, string>;
    /** Do not wait for an address in the status: with a controller that writes none, the update would fail. */
    readonly skipAwait: boolean;
}

/** Ingress `bots-edi-ingress` to the webserver. */
export class Ingress extends pulumi.ComponentResource {
    /** Address of the web pages. */
    readonly url: string;

    constructor(name: string, args: IngressArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Ingress", name, {}, opts);
        this.url = `https://${args.host}/`;
        new k8s.networking.v1.Ingress(
            name,
            {
                metadata: {
                    name: "bots-edi-ingress",
                    namespace: args.namespace,
                    labels: labels("webserver"),
                    annotations: { ...args.annotations, ...(args.skipAwait && SKIP_AWAIT) },
                },
                spec: {
                    ingressClassName: args.className,
                    ...(args.tlsSecret !== undefined && {
                        tls: [{ hosts: [args.host], secretName: args.tlsSecret }],
                    }),
                    rules: [
                        {
                            host: args.host,
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
