import { type DeployedObject, eachContainer, kindOf, title } from "../deployedObject";
import { looksSecret } from "../../settings/secretNames";
import type { Rule } from "../rule";

function configMapFaults(object: DeployedObject): string[] {
    const { data, binaryData } = object.props as Record<string, Record<string, unknown> | undefined>;
    return Object.entries({ ...data, ...binaryData })
        .filter(([key, value]) => looksSecret(key, value))
        .map(([key]) => `${title(object)}: ${key} looks like a secret; keep it in a Secret`);
}

/** Nothing that is secret by its name or form where anyone who may list objects reads it. */
export const noPlainSecrets: Rule = {
    name: "no-plain-secrets",
    description: "No secret stands in a ConfigMap or in the value of an environment variable.",
    faults: (object) => [
        ...(kindOf(object) === "ConfigMap" ? configMapFaults(object) : []),
        ...eachContainer(object, ({ env = [] }) =>
            env
                .filter(({ name, value }) => looksSecret(name, value))
                .map(({ name }) => `env ${name} looks like a secret; take it from a Secret (setting secretEnv)`),
        ),
    ],
};
