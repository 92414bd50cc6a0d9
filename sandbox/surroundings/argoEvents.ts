/** Argo Events: its controller, an EventBus on a NATS server of its own, and an EventSource that takes Harbor's webhook. */
import { readFileSync } from "node:fs";
import { certificate, issueCertificates, privateKey } from "../cluster/pki";
import { fill } from "../cluster/template";
import { imageOf, manifests, type Part, partModule } from "./part";

const upstream = partModule("argo-events", {
    source: "github.com/argoproj/argo-events",
    commands: ["argo-events", "nats-server"],
    renamed: { "argo-events": "cmd" },
});

const image = (command: string) => imageOf(upstream, command);

/** Argo Events speaks TLS alone with NATS, and takes any certificate. */
async function natsCertificate(): Promise<{ certificate: string; key: string }> {
    const service = "nats.argo-events.svc";
    await issueCertificates([{ name: "nats", authority: "ca", commonName: service, serves: [`DNS:${service}`] }]);
    const encoded = (path: string) => readFileSync(path).toString("base64");
    return { certificate: encoded(certificate("nats")), key: encoded(privateKey("nats")) };
}

export const argoEvents: Part = {
    name: "argo-events",
    modules: [upstream],
    images: () => upstream.commands.map(image),
    manifests: async () =>
        fill(manifests("argo-events"), {
            image: image("argo-events").ref,
            nats: image("nats-server").ref,
            ...(await natsCertificate()),
        }),
    forwards: [
        {
            name: "harbor-webhook",
            port: 12000,
            namespace: "argo-events",
            service: "harbor-webhook",
            servicePort: 12000,
        },
    ],
    settings: { "bots-edi:imageUpdater": "{}" },
    next: ["Harbor     its webhook goes to http://127.0.0.1:12000/push"],
};
