/** External Secrets: it makes Secrets of what a store has. Here it knows Kubernetes' own Secrets alone as a store. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fill } from "../cluster/template";
import { sourceFolder } from "../goModules";
import { imageOf, manifests, type Part, partModule } from "./part";

const upstream = partModule("external-secrets", {
    source: "github.com/external-secrets/external-secrets",
    commands: ["external-secrets"],
});

/** The kinds that its controllers look at, by their files in the module. */
const KINDS = [
    "external-secrets.io_externalsecrets",
    "external-secrets.io_secretstores",
    "external-secrets.io_clustersecretstores",
    "generators.external-secrets.io_generatorstates",
];

const image = () => imageOf(upstream, "external-secrets");

async function kinds(): Promise<string[]> {
    const folder = join(await sourceFolder(upstream), "config", "crds", "bases");
    return KINDS.map((name) => readFileSync(join(folder, `${name}.yaml`), "utf8"));
}

export const externalSecrets: Part = {
    name: "external-secrets",
    modules: [upstream],
    images: () => [image()],
    manifests: async () =>
        [...(await kinds()), fill(manifests("external-secrets"), { image: image().ref })].join("\n---\n"),
};
