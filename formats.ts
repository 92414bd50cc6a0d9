/** The forms of values that Kubernetes, cron, Django and container images take. Each message says what is taken. */
import { z } from "zod";
import { parsePort } from "./settings/peers";
import { parseSchedule } from "./settings/schedule";

const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL = ["k", "M", "G", "T", "P", "E"];

/**
 * The size of a Kubernetes quantity in its base unit: cores, or bytes.
 *
 * @returns `undefined` where the text is no quantity.
 */
export function quantityValue(text: string): number | undefined {
    const match = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(text);
    if (!match) return undefined;
    const [, number, suffix = ""] = match;
    if (suffix === "m") return Number(number) / 1000;
    if (suffix.endsWith("i")) return Number(number) * 1024 ** (BINARY.indexOf(suffix) + 1);
    return Number(number) * 1000 ** (DECIMAL.indexOf(suffix) + 1);
}

/** A quantity as Kubernetes writes it: `2` for `2000m`, `512Mi` for `0.5Gi`. */
export function canonicalQuantity(text: string): string {
    const isBinary = text.endsWith("i");
    const [factor, units] = isBinary ? [1024, ["", ...BINARY]] : [1000, ["m", "", ...DECIMAL]];
    const value = quantityValue(text) ?? NaN;
    // In bytes, a part counts as one more; in thousandths.
    let number = isBinary ? Math.ceil(value) : Math.round(value * 1000);
    // Too large to be counted exactly, or no quantity.
    if (!Number.isSafeInteger(number)) return text;
    let unit = 0;
    for (; number % factor === 0 && unit + 1 < units.length; unit += 1) number /= factor;
    return `${number}${units[unit] ?? ""}`;
}

const CRON = 'a cron schedule of five fields such as "*/5 * * * *"';

const NETWORK_PORT = 'a port from 1 to 65535 or a range, TCP or UDP, such as 22, "10000-10100" or "1194/UDP"';

/** What the API's 32-bit fields hold. */
export const INT32_MAX = 2 ** 31 - 1;

const takes = (expected: string) => ({ error: `takes ${expected}` });

const text = (form: RegExp, expected: string) => z.string(takes(expected)).regex(form, takes(expected));

const quantity = (form: RegExp, expected: string) =>
    z.string(takes(expected)).refine((value) => form.test(value) && (quantityValue(value) ?? 0) > 0, takes(expected));

const BYTES = /^\d+(\.\d+)?([kMGTPE]|[KMGTPE]i)?$/;

/** CPU: cores (`1`, `0.5`) or thousandths of a core (`500m`). */
export const cpu = quantity(/^(\d+(\.\d{1,3})?|\d+m)$/, 'a CPU quantity above zero such as "500m" or "2"');

/** Memory: bytes, with a suffix (`256Mi`, `1Gi`). */
export const memory = quantity(BYTES, 'a memory quantity above zero such as "256Mi" or "1Gi"');

/** The size of a volume: bytes, with a suffix (`20Gi`). */
export const size = quantity(BYTES, 'a storage quantity above zero such as "20Gi"');

const wholeNumber = (expected: string, least: number, most: number) =>
    z.int(takes(expected)).min(least, takes(expected)).max(most, takes(expected));

/** A whole number of at least one. */
export const count = wholeNumber(`a whole number of at least 1, at most ${INT32_MAX}`, 1, INT32_MAX);

/** A length of time in whole seconds. */
export const seconds = wholeNumber(`whole seconds, at least 1, at most ${INT32_MAX}`, 1, INT32_MAX);

/** How late a run may start, in whole seconds. Below ten the CronJob controller, which looks that often, may miss it. */
export const startingDeadline = wholeNumber(`whole seconds, at least 10, at most ${INT32_MAX}`, 10, INT32_MAX);

/** A length of time that is also a time limit of database queries, in whole seconds. */
export const secondsOfADay = wholeNumber("whole seconds, at least 1, at most 86400", 1, 86400);

/** A user id that is not root's. */
export const userId = wholeNumber(`a user id from 1 to ${INT32_MAX}, since no pod runs as root, or null`, 1, INT32_MAX);

/** A group id. */
export const groupId = wholeNumber(`a group id from 0 to ${INT32_MAX}, or null`, 0, INT32_MAX);

/** A TCP or UDP port. */
export const port = wholeNumber("a port from 1 to 65535", 1, 65535);

/** A port or a range of them, TCP unless it says UDP. */
export const networkPort = z
    .union([z.int(), z.string()], takes(NETWORK_PORT))
    .refine((value) => parsePort(value) !== undefined, takes(NETWORK_PORT));

/** true or false; stack config gives top-level values as text. */
export const flag = z.union(
    [z.boolean(), z.stringbool({ truthy: ["true"], falsy: ["false"], case: "sensitive" })],
    takes("true or false"),
);

/** Any text. */
export const anyText = z.string(takes("text"));

/** The name of a Kubernetes object (RFC 1123 subdomain). */
export const objectName = text(
    /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "a Kubernetes name: lower-case letters, digits, - and ., beginning and ending with a letter or digit",
);

/** The name of a namespace (RFC 1123 label). */
export const namespaceName = text(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "a namespace: at most 63 lower-case letters, digits and -, beginning and ending with a letter or digit",
);

/** The name of an engine's schedule. A CronJob's has 52 characters at most: it appends eleven for its Jobs. */
export const scheduleName = text(
    /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/,
    "a name of at most 40 lower-case letters, digits and -, beginning and ending with a letter or digit",
);

/** A fully qualified host name without scheme, port or path. */
export const hostName = text(
    /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$/,
    "a host name such as bots-edi.example.com, without scheme, port or path",
);

/** An entry of Django's ALLOWED_HOSTS: a host name, an address, `.domain` or `*`. */
export const allowedHost = text(
    /^(\*|\.?[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])$/,
    "a host name, an address, .domain or *",
);

/** An entry of Django's CSRF_TRUSTED_ORIGINS: scheme and host. */
export const origin = text(
    /^https?:\/\/(\*\.)?[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?$/,
    "an origin with its scheme, such as https://bots-edi.example.com",
);

/** The beginning of an HTTP address, without a slash at its end. */
export const httpUrl = text(
    /^https?:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?(\/[-\w.~]+)*$/,
    "an address such as https://api.github.com, without a slash at its end",
);

/** A repository on GitHub. */
export const gitHubRepository = text(
    /^[A-Za-z0-9][-A-Za-z0-9]{0,38}\/[-\w.]{1,100}$/,
    "OWNER/NAME, as GitHub has them",
);

/** An image repository: registry and path, without tag or digest. */
export const imageRepository = text(
    /^(?=.{1,255}$)([a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d{1,5})?\/)?[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*)*$/,
    "an image repository without tag or digest, such as harbor.pminc.me/priv/bots-edi",
);

/** A fixed image tag, with the digest that pins its bytes or without: never `latest`, which names another image tomorrow. */
export const imageTag = text(
    /^(?!latest(@|$))\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?$/,
    'a fixed tag such as "4.0" or "4.0@sha256:…": letters, digits, _, . and -, at most 128, and not latest',
);

/** A range of versions: comparisons that all have to hold. */
export const versions = text(
    /^([<>]=?|=)v?\d+(\.\d+){0,2}( +([<>]=?|=)v?\d+(\.\d+){0,2})*$/,
    'comparisons of versions such as ">=4.0 <5"',
);

/** A whole image reference with a fixed tag or a digest. */
export const imageReference = text(
    /^[a-z0-9][a-z0-9._:/-]*(:(?!latest$)\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})$/,
    "an image with a fixed tag or digest, such as docker.io/library/mariadb:10.11.11",
);

/** The name of an environment variable. */
export const envName = text(
    /^[A-Za-z_][A-Za-z0-9_]{0,252}$/,
    "names of at most 253 letters, digits and _, not beginning with a digit",
);

/** The id of a Bots route. A leading `-` would be taken for an option: bots-engine then prints its usage and exits 0. */
export const routeId = text(
    /^\w[\w.-]{0,34}$/,
    "a Bots route id: letters, digits, _, . and -, at most 35, not beginning with -",
);

/** An absolute path of a directory in the container. */
export const absolutePath = text(
    /^(\/[\w.-]+)+$/,
    "an absolute path of letters, digits, _, . and -, without / at its end",
);

/** A directory for files from Secrets and ConfigMaps, where images keep nothing that they need. */
export const filesPath = text(
    /^\/(secrets|(etc|mnt|opt|srv)\/(?!\.{1,2}(\/|$))[\w.-]+)(\/(?!\.{1,2}(\/|$))[\w.-]+)*$/,
    "a directory below /secrets, /etc, /mnt, /opt or /srv, such as /secrets/partner",
);

/** A key of a Secret. */
export const secretKey = text(
    /^(?=.{1,253}$)(?!\.{1,2}$|\.\.)[-.\w]+$/,
    "a key of a Secret: at most 253 letters, digits, -, _ and .",
);

/** Address of a server, by HTTP where it is in the cluster. */
export const serverUrl = text(
    /^https?:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?(\/[-\w./]*)?$/,
    "an address such as https://vault.example.com:8200",
);

/** The name of something in a store of secrets: text of one line. */
export const upstreamName = text(/^\S([^\r\n]*\S)?$/, "text of one line, without space at its ends");

/** A value as kubeseal prints it, with a key of any size. */
export const sealed = text(/^[A-Za-z0-9+/]{100,}={0,2}$/, "what kubeseal prints: base64 of at least 100 characters");

/** A file name pattern of one line. */
export const fileMask = text(/^[^\s/][^\n/]*$/, "a file name pattern such as *.edi");

/** A block of addresses in CIDR form. */
export const cidr = z.union([z.cidrv4(), z.cidrv6()], takes("a block of addresses such as 10.0.0.0/8"));

/** A cron schedule as the Kubernetes CronJob reads it: five fields, a macro such as @hourly, or @every 1h30m. */
export const cronSchedule = z.string(takes(CRON)).superRefine((value, context) => {
    try {
        parseSchedule(value);
    } catch (fault) {
        context.addIssue({ code: "custom", message: `takes ${CRON} (${(fault as Error).message})` });
    }
});

/** Whether a time zone is known under this name; it names a file, so capitals count, which Intl does not mind. */
function isTimeZone(value: string): boolean {
    try {
        const { timeZone: known } = new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions();
        const isAlias = known.toLowerCase() !== value.toLowerCase();
        return known === value || (isAlias && /^[A-Z]/.test(value) && /[a-z]|^[A-Z0-9+-]+$/.test(value));
    } catch {
        return false;
    }
}

/** An IANA time zone. */
export const timeZone = z
    .string(takes("an IANA time zone such as Europe/Amsterdam"))
    .refine(isTimeZone, takes("an IANA time zone such as Europe/Amsterdam"));

const LABEL_NAME =
    /^((?=.{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;

/** The key of a label or an annotation: a name, with a domain before it or without. */
export const labelKey = text(LABEL_NAME, "keys such as kubernetes.io/hostname");

/** The value of a label. */
export const labelValue = text(
    /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/,
    "the value of a label: at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit",
);

/** The name of a section or a key of bots.ini. */
export const iniName = text(/^\w+$/, "names of letters, digits and _");

const INI_VALUE = takes("text of one line, a whole number, true or false");

/** A value in bots.ini: text of one line, a whole number, true or false. */
export const iniValue = z.union([z.string().regex(/^[^\r\n]*$/, INI_VALUE), z.int(), z.boolean()], INI_VALUE);
