/** Kinds of other projects, with the schemas that those publish in their Go modules (`kinds/go.mod`). */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

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
export function foreignKinds(): object[] {
    return Object.entries(DEFINITIONS).map(([name, { module, file }]) => {
        const { kind, apiVersion, spec } = parse(readFileSync(join(moduleFolder(module), file), "utf8")) as Definition;
        // Their labels are the templates of a Helm chart.
        return { apiVersion, kind, metadata: { name }, spec };
    });
}

interface Definition {
    readonly apiVersion: string;
    readonly kind: string;
    readonly spec: object;
}

/** Where Go has a module, once it is there. */
function moduleFolder(module: string): string {
    const { stdout, stderr } = spawnSync("go", ["mod", "download", "-json", module], {
        cwd: join(__dirname, "kinds"),
        encoding: "utf8",
    });
    const { Dir, Error: error } = JSON.parse(stdout || "{}") as { Dir?: string; Error?: string };
    if (Dir === undefined) throw new Error(`${module} could not be downloaded: ${error ?? stderr}`);
    return Dir;
}
