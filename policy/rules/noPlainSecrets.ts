import { type DeployedObject, eachContainer, kindOf, title } from "../deployedObject";
import type { Rule } from "../rule";

const SECRET_NAME = /PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|CREDENTIAL/i;
/** What names the file or the object with the secret in it holds none itself; nor does a switch. */
const REFERENCE_NAME = /_(FILE|PATH|DIR|NAME)$/i;
const SWITCH = /^(|0|1|true|false|yes|no|on|off)$/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

function isSecret(name: string, value: unknown): boolean {
    if (typeof value !== "string") return false;
    if (PRIVATE_KEY.test(value)) return true;
    return SECRET_NAME.test(name) && !REFERENCE_NAME.test(name) && !SWITCH.test(value);
}

function configMapFaults(object: DeployedObject): string[] {
    const { data, binaryData } = object.props as Record<string, Record<string, unknown> | undefined>;
    return Object.entries({ ...data, ...binaryData })
        .filter(([key, value]) => isSecret(key, value))
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
                .filter(({ name, value }) => isSecret(name, value))
                .map(({ name }) => `env ${name} looks like a secret; take it from a Secret (setting secretEnv)`),
        ),
    ],
};
