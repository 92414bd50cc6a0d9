/** How the connection to an external database is kept secret: the variables that config/settings.py reads. */

const MODES = ["prefer", "require", "verify-ca", "verify-full"];

interface Around {
    /** DB_SSL_MODE. */
    readonly mode: unknown;
    /** DB_SSL_CA. */
    readonly ca: unknown;
    /** Whether the database runs in the cluster. */
    readonly isInCluster: boolean;
    /** Directories of `pods.files`. */
    readonly directories: readonly string[];
}

/** What DB_SSL_MODE or DB_SSL_CA takes in place of its value; `undefined` where the value is right, or the variable another. */
export function databaseTlsFault(name: string, { mode, ca, isInCluster, directories }: Around): string | undefined {
    if (name !== "DB_SSL_MODE" && name !== "DB_SSL_CA") return undefined;
    if (isInCluster) return "nothing beside database, which is in the cluster and speaks in clear";
    if (name === "DB_SSL_MODE") return MODES.includes(String(mode)) ? undefined : MODES.join(" | ");
    if (!String(mode).startsWith("verify-")) return "nothing but beside DB_SSL_MODE verify-ca or verify-full";
    // Debian's own authorities are in every image.
    const isThere = ["/etc/ssl/certs", ...directories].some((directory) => String(ca).startsWith(`${directory}/`));
    return isThere ? undefined : "a file in a directory of pods.files, or /etc/ssl/certs/ca-certificates.crt";
}

/** Whether a mode lacks the file of authorities that it verifies by. */
export function lacksAuthorities(mode: unknown, ca: unknown): boolean {
    return String(mode).startsWith("verify-") && ca === undefined;
}
