/** Sealed Secrets: its controller opens what `kubeseal` has sealed for it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fill } from "../cluster/template";
import { builtFolder, sourceFolder } from "../goModules";
import { imageOf, manifests, type Part, partModule } from "./part";

const CONTROLLER = "sealed-secrets-controller";

const upstream = partModule("sealed-secrets", {
    source: "github.com/bitnami-labs/sealed-secrets",
    commands: [CONTROLLER, "kubeseal"],
    renamed: { [CONTROLLER]: "controller" },
    variables: (version) => ({ "main.VERSION": version }),
});

const image = () => imageOf(upstream, CONTROLLER);

/** The program that seals. */
export const kubeseal = () => join(builtFolder(upstream), "kubeseal");

export const sealedSecrets: Part = {
    name: "sealed-secrets",
    modules: [upstream],
    images: () => [image()],
    manifests: async () => {
        const kinds = join(await sourceFolder(upstream), "helm", "sealed-secrets", "crds");
        const kind = readFileSync(join(kinds, "bitnami.com_sealedsecrets.yaml"), "utf8");
        return [kind, fill(manifests("sealed-secrets"), { image: image().ref })].join("\n---\n");
    },
};
