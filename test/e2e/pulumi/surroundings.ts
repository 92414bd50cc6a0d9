/** What the stacks find on their clusters and the sandbox lacks: registries, a storage class, Argo Events, Prometheus. */
import { ctr } from "../../../sandbox/cluster/ctr";
import { kubectl } from "../../../sandbox/cluster/kubectl";

const BOTS = "localhost/bots-edi:3.3.1";
const MARIADB = "localhost/bots-edi-mariadb:10.11";

/** The images that the registries have, under the tags that the documentation names, and what stands in for each. */
const IMAGES: Readonly<Record<string, string>> = {
    "harbor.pminc.me/priv/bots-edi:4.0": BOTS,
    "harbor.pminc.me/priv/bots-edi:4.0.13": BOTS,
    "harbor.pminc.me/priv/bots-edi:4.1": BOTS,
    "docker.io/library/mariadb:10.11.11": MARIADB,
};

const ARGO_NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "argo-events" } };

/** A kind that is stored, and that nothing acts on. */
function stored(group: string, version: string, kind: string): object {
    const singular = kind.toLowerCase();
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    return {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `${singular}s.${group}` },
        spec: {
            group,
            names: { kind, plural: `${singular}s`, singular },
            scope: "Namespaced",
            versions: [{ name: version, served: true, storage: true, schema }],
        },
    };
}

const KINDS = [
    stored("argoproj.io", "v1alpha1", "Sensor"),
    stored("monitoring.coreos.com", "v1", "ServiceMonitor"),
    stored("monitoring.coreos.com", "v1", "PrometheusRule"),
];

/** The sandbox's volumes under the name of the stacks' class, which can expand. */
const STORAGE_CLASS = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "t1-shiva-nfs" },
    provisioner: "bots-edi-sandbox/shared",
    allowVolumeExpansion: true,
};

const MANIFEST = JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [ARGO_NAMESPACE, ...KINDS, STORAGE_CLASS],
});

/** Makes them. */
export async function provideSurroundings(): Promise<void> {
    for (const [image, standIn] of Object.entries(IMAGES)) await ctr(["images", "tag", "--force", standIn, image]);
    await kubectl(["apply", "-f", "-"], { input: MANIFEST });
}

/** Removes them. */
export async function removeSurroundings(): Promise<void> {
    await kubectl(["delete", "--ignore-not-found", "-f", "-"], { input: MANIFEST });
    await ctr(["images", "remove", ...Object.keys(IMAGES)]);
}
