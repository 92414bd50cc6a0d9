import { kindOf, podTemplate, title } from "../deployedObject";
import type { Rule } from "../rule";

/** Where an object shows what it holds to anyone who may read it. A secret in a list makes the whole list one. */
const PLAIN_IN_CONFIG_MAP = /^(data|binaryData)(\.|$)/;
const PLAIN_IN_POD = /^spec(?!.*\.metadata\.)(\.|$)/;

/** Nothing that Pulumi keeps secret where anyone reads it. */
export const noPulumiSecrets: Rule = {
    name: "no-pulumi-secrets",
    description: "No value that Pulumi keeps secret stands in a ConfigMap or in a pod.",
    faults: (object) => {
        const isPod = podTemplate(object) !== undefined;
        if (!isPod && kindOf(object) !== "ConfigMap") return [];
        return object.secretPaths
            .filter((path) => (isPod ? PLAIN_IN_POD : PLAIN_IN_CONFIG_MAP).test(path))
            .map((path) => `${title(object)}: ${path} shows a Pulumi secret; keep it in a Secret and refer to that`);
    },
};
