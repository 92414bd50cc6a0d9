/** The Secrets that settings name, by the setting: what each must hold, and its type. */

/** A setting that names a Secret which may come from outside. */
export type NamedSecret = "databaseSecret" | "superuserSecret" | "tlsSecret" | "imagePullSecret";

/** What a Secret must be. */
interface Form {
    /** Keys that it must have. */
    readonly keys: readonly string[];
    /** Its type. Default: Opaque. */
    readonly type?: string;
}

export const NAMED_SECRETS: Readonly<Record<NamedSecret, Form>> = {
    databaseSecret: { keys: ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DJANGO_SECRET_KEY"] },
    superuserSecret: { keys: ["SUPERUSER_USERNAME", "SUPERUSER_EMAIL", "SUPERUSER_PASSWORD"] },
    tlsSecret: { keys: ["tls.crt", "tls.key"], type: "kubernetes.io/tls" },
    imagePullSecret: { keys: [".dockerconfigjson"], type: "kubernetes.io/dockerconfigjson" },
};

export const NAMED_SECRET_SETTINGS = Object.keys(NAMED_SECRETS) as NamedSecret[];
