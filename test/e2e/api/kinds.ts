/** Kinds of other projects, with the schemas that those publish in their Go modules (`kinds/go.mod`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { sourceFolder } from "../../../sandbox/goModules";

/** The file of a definition, by the kind's plural and group, and the module that has it. */
const DEFINITIONS: Readonly<Record<string, { readonly module: string; readonly file: string }>> = {
    "certificates.cert-manager.io": {
        module: "github.com/cert-manager/cert-manager",
        file: "deploy/crds/crd-certificates.yaml",
    },
    "externalsecrets.external-secrets.io": {
        module: "github.com/external-secrets/external-secrets",
        file: "config/crds/bases/external-secrets.io_externalsecrets.yaml",
    },
    "secretstores.external-secrets.io": {
        module: "github.com/external-secrets/external-secrets",
        file: "config/crds/bases/external-secrets.io_secretstores.yaml",
    },
    "sealedsecrets.bitnami.com": {
        module: "github.com/bitnami-labs/sealed-secrets",
        file: "helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml",
    },
};

/** The definitions, as an API server takes them. */
export function foreignKinds(): Promise<object[]> {
    const made = Object.entries(DEFINITIONS).map(async ([name, { module, file }]) => {
        const folder = await sourceFolder({ folder: join(__dirname, "kinds"), source: module });
        const { kind, apiVersion, spec } = parse(readFileSync(join(folder, file), "utf8")) as Definition;
        // Their labels are the templates of a Helm chart.
        return { apiVersion, kind, metadata: { name }, spec };
    });
    return Promise.all(made);
}

interface Definition {
    readonly apiVersion: string;
    readonly kind: string;
    readonly spec: object;
}
