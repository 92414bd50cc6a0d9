/** The Secrets that have to be there first, and their keys. */
import { X509Certificate } from "node:crypto";
import { NAMED_SECRETS, type NamedSecret } from "../../settings/namedSecrets";
import { type Settings } from "../../settings";
import { type Context } from "./context";
import { podsOf } from "./dryRun";
import { fatal, fine, type Finding, warning } from "./finding";
import { pullSecretFindings } from "./pullSecret";

interface Secret {
    readonly type: string;
    readonly data?: Readonly<Record<string, string>>;
}

/** Days before a certificate's end that are told. */
const SOON = 14;

/** What the update makes a Secret of, where it does. */
export function madeOf({ externalSecrets, sealedSecrets }: Settings, setting: NamedSecret): string | undefined {
    if (sealedSecrets[setting]) return `sealedSecrets.${setting}`;
    return externalSecrets[setting] && `externalSecrets.${setting}`;
}

/** A Secret that has to be there, or will be made: what is wrong with it, or its values. */
async function look(
    { kubectl, settings }: Context,
    setting: NamedSecret,
    keys = NAMED_SECRETS[setting].keys,
): Promise<{ findings: Finding[]; type?: string; values: Readonly<Record<string, string>> }> {
    const { namespace, [setting]: name = "" } = settings;
    const source = madeOf(settings, setting);
    if (source !== undefined) return { findings: [fine(`Secret ${name} is made of ${source}`)], values: {} };
    const { code, stdout, stderr } = await kubectl.try(["get", "secret", name, "-n", namespace, "-o", "json"]);
    if (code !== 0) {
        const isAbsent = stderr.includes("(NotFound)");
        const todo = "kubectl create secret (README.md, Deploy it on your cluster), or mend the setting " + setting;
        const finding = isAbsent
            ? fatal(`Secret ${name} is not in namespace ${namespace}`, todo)
            : warning(`Secret ${name} cannot be read: ${stderr.trim()}`, "its keys are then not checked");
        return { findings: [finding], values: {} };
    }
    const { type, data = {} } = JSON.parse(stdout) as Secret;
    const values = Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
    const absent = keys.filter((key) => !values[key]);
    return {
        type,
        values,
        findings: [
            absent.length === 0
                ? fine(`Secret ${name} has its keys`)
                : fatal(`Secret ${name} lacks ${absent.join(", ")}`, `kubectl edit secret ${name} -n ${namespace}`),
        ],
    };
}

/** Whether one of a policy's ports is this one: a number, or a range such as `3306-3310`; every port where there is none. */
function isOpen(port: number, ports: readonly (number | string)[]): boolean {
    const spans = ports.map((one) => /^(\d+)(?:-(\d+))?(?:\/TCP)?$/.exec(String(one)));
    return (
        ports.length === 0 ||
        spans.some((span) => span && Number(span[1]) <= port && port <= Number(span[2] ?? span[1]))
    );
}

/** What the values of the database's Secret say, beside being there. `ports`: what pods may reach; undefined: everything. */
export function databaseFindings(
    values: Readonly<Record<string, string>>,
    ports: readonly (number | string)[] | undefined,
): Finding[] {
    const { DB_ENGINE: engine = "mysql", DB_PORT: port = "" } = values;
    const space = Object.entries(values).filter(([, value]) => value !== value.trim());
    return [
        ...(["mysql", "postgresql"].includes(engine)
            ? []
            : [
                  fatal(
                      `DB_ENGINE in the database's Secret is ${engine}`,
                      "takes mysql or postgresql; mysql without it",
                  ),
              ]),
        ...(ports !== undefined && /^\d+$/.test(port) && !isOpen(Number(port), ports)
            ? [
                  fatal(
                      `DB_PORT is ${port}, and pods may reach ${ports.join(", ")} only`,
                      `add ${port} to networkPolicy.database`,
                  ),
              ]
            : []),
        ...space.map(([key]) =>
            warning(`${key} begins or ends with white space`, "a file with a line's end in it? write it with printf"),
        ),
    ];
}

/** A certificate that has ended, ends soon, or is for another host. */
export function certificateFindings(secret: string, pem: string, host: string | undefined, now: number): Finding[] {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(pem);
    } catch {
        return [
            fatal(
                `tls.crt of Secret ${secret} is no certificate`,
                "kubectl create secret tls makes one from a file in PEM format",
            ),
        ];
    }
    const days = Math.floor((Date.parse(certificate.validTo) - now) / 86_400_000);
    return [
        ...(days < 0 ? [fatal(`the certificate of Secret ${secret} ended on ${certificate.validTo}`, "renew it")] : []),
        ...(days >= 0 && days < SOON
            ? [warning(`the certificate of Secret ${secret} ends in ${days} days`, "renew it")]
            : []),
        ...(host !== undefined && certificate.checkHost(host) === undefined
            ? [
                  fatal(
                      `the certificate of Secret ${secret} is not for ${host}`,
                      "renew it for that name, or mend ingress.host",
                  ),
              ]
            : []),
    ];
}

async function checkPullSecret(context: Context, name: string): Promise<Finding[]> {
    const { settings, manifests } = context;
    const { findings, type, values } = await look(context, "imagePullSecret", []);
    if (type === undefined) return findings;
    const specs = manifests.flatMap((manifest) => podsOf(manifest)?.template.spec ?? []);
    const images = specs.flatMap(({ initContainers = [], containers }) => [...initContainers, ...containers]);
    return pullSecretFindings(
        name,
        type,
        values[".dockerconfigjson"] ?? "",
        `${settings.image.repository}:${settings.imageTag}`,
        images.map(({ image }) => image),
    );
}

/** All of them. */
export async function checkSecrets(context: Context): Promise<Finding[]> {
    const { settings } = context;
    if (!context.hasNamespace) return [];
    const found: Finding[] = [];
    if (!settings.database) {
        const { findings, values } = await look(context, "databaseSecret");
        const { enabled, database } = settings.networkPolicy;
        // One entry without ports opens all of them.
        const ports = database.some((entry) => entry.ports.length === 0)
            ? []
            : database.flatMap((entry) => entry.ports);
        found.push(...findings, ...databaseFindings(values, enabled ? ports : undefined));
    }
    // What cert-manager makes may not be there yet.
    if (settings.ingress && !settings.ingress.certificateIssuer && settings.tlsSecret !== undefined) {
        const { findings, values } = await look(context, "tlsSecret");
        const pem = values["tls.crt"];
        found.push(...findings);
        if (pem) found.push(...certificateFindings(settings.tlsSecret, pem, settings.ingress.host, Date.now()));
    }
    if (settings.imagePullSecret !== undefined)
        found.push(...(await checkPullSecret(context, settings.imagePullSecret)));
    if (settings.superuserSecret !== undefined) {
        found.push(...(await look(context, "superuserSecret")).findings);
    }
    return found;
}
