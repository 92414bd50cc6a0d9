import { strict as assert } from "node:assert";
import { parseAllDocuments } from "yaml";
import { addonManifests } from "../../../../sandbox/cluster/addons";

interface Manifest {
    kind: string;
    metadata: { name: string };
}

describe("add-ons", () => {
    const documents = parseAllDocuments(addonManifests());

    it("are valid YAML with every placeholder filled", () => {
        for (const document of documents) assert.deepEqual(document.errors, []);
        assert.equal(addonManifests().includes("{{"), false);
    });

    it("bring DNS, the shared storage class and the API server's access to the kubelet", () => {
        const names = documents.map((document) => {
            const { kind, metadata } = document.toJS() as Manifest;
            return `${kind}/${metadata.name}`;
        });
        for (const name of [
            "Service/kube-dns",
            "StorageClass/sandbox-shared",
            "ClusterRoleBinding/bots-edi-sandbox:kubelet-api",
        ]) {
            assert.ok(names.includes(name), `${name} is missing`);
        }
    });
});
