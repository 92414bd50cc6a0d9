/** New credentials: the database's password, or the key that signs sessions. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "./errors";
import { Pulumi, resourcesOf } from "./pulumi";
import { inWebserver, restartServices, type System } from "./system";

/** What can be rotated: the key of the Secret, and the name of the generated password in the stack. */
const WHAT = {
    database: { key: "DB_PASSWORD", resource: "database-password" },
    "django-key": { key: "DJANGO_SECRET_KEY", resource: "django-secret-key" },
} as const;

export const ROTATABLE = Object.keys(WHAT) as (keyof typeof WHAT)[];

/** Where a new value stands until all use it: a rotation that was cut off goes on with it. */
const next = (key: string) => `${key}_NEXT`;

const SET_PASSWORD = readFileSync(join(__dirname, "setPassword.py"), "utf8");

const print = (line: string) => process.stdout.write(`${line}\n`);

interface Secret {
    readonly metadata: { readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[] };
    readonly data: Readonly<Record<string, string>>;
}

const encoded = (value: string) => Buffer.from(value).toString("base64");
const decoded = (value: string) => Buffer.from(value, "base64").toString();

/** Letters and digits only: the value passes through URLs and option files of database clients. */
function generated(length: number): string {
    return randomBytes(2 * length)
        .toString("base64")
        .replaceAll(/[^A-Za-z0-9]/g, "")
        .slice(0, length);
}

/**
 * Puts a new value in place of an old one and restarts what reads it. Run again, one that was cut off goes on.
 *
 * @throws OperatorError before anything is changed, where there is no such thing to rotate or the Secret is somebody else's
 */
export async function rotate(system: System, what: string): Promise<void> {
    const name = ROTATABLE.find((known) => known === what);
    if (name === undefined) throw new OperatorError(`there is no ${what} to rotate; takes ${ROTATABLE.join(" | ")}`);
    const { key, resource } = WHAT[name];
    const { databaseSecret, externalSecrets } = system.settings;
    if (externalSecrets.databaseSecret) {
        throw new OperatorError(
            `Secret ${databaseSecret} comes from a store (externalSecrets.databaseSecret), which would take a change back: ` +
                "rotate there, and the pods that read it follow by themselves",
        );
    }
    if (system.settings.database) {
        await renewGenerated(system, key, resource);
    } else {
        await renewExisting(system, key);
        await restartServices(system);
    }
    print(name === "database" ? "The database's password is new." : "The key is new: all users log in again.");
}

async function secret({ kubectl, settings }: System): Promise<Secret> {
    return kubectl.get<Secret>("secret", settings.databaseSecret, "-n", settings.namespace);
}

/** Has the database take a password, by its own user; it may know it already. */
async function teachDatabase(system: System, password: string): Promise<void> {
    print((await inWebserver(system, ["python", "-c", SET_PASSWORD], password)).trim());
}

/** A Secret that is not Pulumi's: the new value is kept in it before the database learns it. */
async function renewExisting(system: System, key: string): Promise<void> {
    const { kubectl, settings } = system;
    const { metadata, data } = await secret(system);
    const [owner] = metadata.ownerReferences ?? [];
    if (owner) {
        throw new OperatorError(
            `Secret ${settings.databaseSecret} is made by ${owner.kind} ${owner.name}, which would take a change back: rotate there`,
        );
    }
    // Whole and by its input: an argument can be seen. Somebody else's change meanwhile is a conflict.
    const change = async (values: Record<string, string | undefined>) => {
        const found = await secret(system);
        const changed = Object.entries(values).map(([name, value]) => [name, value && encoded(value)]);
        const data = { ...found.data, ...(Object.fromEntries(changed) as object) };
        await kubectl.run(["replace", "-f", "-"], { input: JSON.stringify({ ...found, data }) });
    };
    const kept = data[next(key)];
    const value = kept === undefined ? generated(48) : decoded(kept);
    if (kept === undefined) await change({ [next(key)]: value });
    if (key === "DB_PASSWORD") await teachDatabase(system, value);
    await change({ [key]: value, [next(key)]: undefined });
}

/** A generated Secret: the new value comes from Pulumi, whose state alone holds it until the database knows it. The update rolls the pods. */
async function renewGenerated(system: System, key: string, resource: string): Promise<void> {
    const { stack, root } = system;
    const pulumi = new Pulumi(root, stack);
    const type = "bots-edi:index:BotsEdi$bots-edi:index:Credentials$random:index/randomPassword:RandomPassword";
    const urn = `urn:pulumi:${stack}::bots-edi::${type}::bots-edi-credentials-${resource}`;
    const up = async (...options: string[]) => {
        const code = await pulumi.show("up", "--yes", "--skip-preview", ...options);
        if (code !== 0) throw new OperatorError("`pulumi up` failed, see above: mend that and rotate again");
    };

    let value = await generatedValue(pulumi, urn);
    if (value === decoded((await secret(system)).data[key] ?? "")) {
        const pending = await pulumi.show("preview", "--expect-no-changes");
        if (pending !== 0) throw new OperatorError("other changes wait, see above: run `pulumi up` first");
        await pulumi.show("state", "unprotect", urn, "--yes");
        await up("--target-replace", urn);
        value = await generatedValue(pulumi, urn);
    }
    if (key === "DB_PASSWORD") await teachDatabase(system, value);
    await up();
}

/** A generated value, as the state holds it. */
async function generatedValue(pulumi: Pulumi, urn: string): Promise<string> {
    const { code, stdout, stderr } = await pulumi.tryExport("--show-secrets");
    if (code !== 0) throw new OperatorError(`the state cannot be read: ${stderr.trim()}`);
    const secret = resourcesOf(stdout).find((resource) => resource.urn === urn)?.outputs?.result;
    if (secret === undefined) throw new OperatorError(`the stack has no ${urn}: run \`pulumi up\` first`);
    return JSON.parse((secret as { plaintext: string }).plaintext) as string;
}
