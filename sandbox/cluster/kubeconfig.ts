import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { kubeconfigPath, sandboxName } from "../paths";
import { writeWhole } from "../writeWhole";
import { layout } from "./layout";
import { certificate, privateKey } from "./pki";
import { apiServerUrl } from "./settings";

const components = ["kubelet", "controller-manager", "scheduler", "proxy", "kube-router"] as const;

export function componentKubeconfig(component: (typeof components)[number]): string {
    return join(layout.kubeconfigs, component);
}

/** Writes one kubeconfig for each component and one for the administrator. */
export function writeKubeconfigs(): void {
    for (const component of components) write(componentKubeconfig(component), component);
    write(kubeconfigPath, "admin");
}

function write(file: string, identity: string): void {
    const data = (path: string) => readFileSync(path).toString("base64");
    const content = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [
            {
                name: sandboxName,
                cluster: { server: apiServerUrl, "certificate-authority-data": data(certificate("ca")) },
            },
        ],
        users: [
            {
                name: identity,
                user: {
                    "client-certificate-data": data(certificate(identity)),
                    "client-key-data": data(privateKey(identity)),
                },
            },
        ],
        contexts: [{ name: sandboxName, context: { cluster: sandboxName, user: identity } }],
        "current-context": sandboxName,
    };
    writeWhole(file, stringify(content));
}
