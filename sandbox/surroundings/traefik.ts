/** Traefik, the Ingress controller of the spec, with a certificate of the sandbox's own authority. */
import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { NAMESPACE } from "../bots";
import { type Certificate, certificate, issueCertificates, privateKey } from "../cluster/pki";
import { fill } from "../cluster/template";
import { sandboxName } from "../paths";
import { imageOf, manifests, type Part, partModule } from "./part";

/** Where the pages are. Browsers take every name below localhost for this machine. */
export const HOST = "bots-edi.localhost";

/** The ports of 127.0.0.1 that lead to its entry points. */
export const PORTS = { web: 8081, websecure: 8443 } as const;

/** The Secret of the certificate. */
const TLS_SECRET = "bots-edi-tls";

/** Not the cluster's authority: who has a browser trust this one trusts no client of the cluster by it. */
const certificates: Certificate[] = [
    { name: "web-ca", commonName: `${sandboxName}-web-ca` },
    { name: "web", authority: "web-ca", commonName: HOST, serves: [`DNS:${HOST}`] },
];

/** The authority's certificate, for those who come by HTTPS. */
export const AUTHORITY = certificate("web-ca");

const upstream = partModule("traefik", {
    source: "github.com/traefik/traefik/v3",
    commands: ["traefik"],
    variables: (version) => ({ "github.com/traefik/traefik/v3/pkg/version.Version": version.slice(1) }),
});

const image = () => imageOf(upstream, "traefik");

/** The Secret as a stack's owner would put it there. */
function tlsSecret(): string {
    return stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: TLS_SECRET, namespace: NAMESPACE },
        type: "kubernetes.io/tls",
        stringData: {
            "tls.crt": readFileSync(certificate("web"), "utf8"),
            "tls.key": readFileSync(privateKey("web"), "utf8"),
        },
    });
}

const service = { namespace: "kube-system", service: "traefik" };

export const traefik: Part = {
    name: "traefik",
    modules: [upstream],
    images: () => [image()],
    manifests: async () => {
        await issueCertificates(certificates);
        return fill(manifests("traefik"), { image: image().ref });
    },
    forwards: [
        { ...service, name: "traefik-web", port: PORTS.web, servicePort: 80 },
        { ...service, name: "traefik-websecure", port: PORTS.websecure, servicePort: 443 },
    ],
    settings: {
        "bots-edi:ingress": JSON.stringify({ host: HOST, skipAwait: false }),
        "bots-edi:tlsSecret": TLS_SECRET,
    },
    forStack: tlsSecret,
    next: [`HTTPS      https://${HOST}:${PORTS.websecure}/   its authority: ${AUTHORITY}`],
};
