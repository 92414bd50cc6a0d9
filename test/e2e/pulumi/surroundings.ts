/** What the repository's stacks find on their clusters and the sandbox lacks: registries, a storage class, Argo Events. */
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

/** Sensors are stored, and nothing acts on them. */
const SENSOR = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "sensors.argoproj.io" },
    spec: {
        group: "argoproj.io",
        names: { kind: "Sensor", plural: "sensors", singular: "sensor" },
        scope: "Namespaced",
        versions: [
            {
                name: "v1alpha1",
                served: true,
                storage: true,
                schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
            },
        ],
    },
};

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
    items: [ARGO_NAMESPACE, SENSOR, STORAGE_CLASS],
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
