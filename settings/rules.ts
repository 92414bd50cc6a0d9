/** What settings take in the company of others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iniFault } from "./botsIni";
import { databaseTlsFault, lacksAuthorities } from "./databaseTls";
import { isLess, largestFile, leastMemory, RUN_ENGINES } from "./engineMemory";
import { engineSchedules } from "./engineSchedules";
import { NAMED_SECRET_SETTINGS, NAMED_SECRETS, NamedSecret } from "./namedSecrets";
import type { Checked } from "./schema";
import { looksSecret } from "./secretNames";

/** What is wrong at a key. */
export interface Fault {
    readonly path: readonly string[];
    readonly message: string;
}

/** What a rule looks at. */
export interface Subject {
    /** The settings that are right in themselves, with their defaults. */
    readonly settings: Partial<Checked>;
    /** What was written down at a key, be it right or wrong; `undefined` where a default stands in. */
    readonly given: (key: string) => unknown;
}

type Rule = (subject: Subject) => Fault[];
type Condition = (settings: Partial<Checked>, isGiven: (key: string) => boolean) => boolean;

/** A rule that is broken, or not, at one key. */
const rule =
    (key: string, takes: string, isBroken: Condition): Rule =>
    ({ settings, given }) =>
        isBroken(settings, (other) => given(other) !== undefined)
            ? [{ path: key.split("."), message: `takes ${takes}` }]
            : [];

/** A rule for settings that would be ignored. */
const ignored = (keys: readonly string[], where: string, isIgnored: Condition): Rule[] =>
    keys.map((key) =>
        rule(key, `nothing ${where}`, (settings, isGiven) => isGiven(key) && isIgnored(settings, isGiven)),
    );

/** A rule for each entry of a group. */
const entries =
    (group: string, takes: (name: string, value: unknown, subject: Subject) => string | undefined): Rule =>
    (subject) =>
        entriesOf(subject.given(group)).flatMap(([name, value]) => {
            const expected = takes(name, value, subject);
            return expected === undefined ? [] : [{ path: [...group.split("."), name], message: `takes ${expected}` }];
        });

/** The entries of a group; none where it is no group, which the schema reports. */
function entriesOf(group: unknown): [string, unknown][] {
    return typeof group === "object" && group !== null && !Array.isArray(group) ? Object.entries(group) : [];
}

/** Names that the program sets itself. */
const OWN =
    /^(BOTSENV|DB_(ENGINE|NAME|USER|PASSWORD|HOST|PORT|INIT_SKIP)|CONFIG_CHECKSUM|ENGINE_WAIT|ENGINE_BUSY_OK|ENGINE_SCHEDULE|JOBQUEUE_GATEWAY|DIRECTORY_MONITOR|DJANGO_SECRET_KEY|TZ|LOG_LEVEL|ALLOWED_HOSTS|CSRF_TRUSTED_ORIGINS|DEBUG|DJANGO_SECURE)$/;

/** Labels of pods that selectors go by, and those that Kubernetes' controllers set. */
const OWN_LABEL =
    /^(app|component|app\.kubernetes\.io\/(name|part-of|component)|pod-template-hash|controller-revision-hash|controller-uid|job-name|(batch|statefulset|apps)\.kubernetes\.io\/.*)$/;

/** Annotations of pods that the program sets, that say something of one container, or that only Pulumi reads on other objects. */
const OWN_ANNOTATION = /^(checksum\/.*|prometheus\.io\/(scrape|port|path)|pulumi\.com\/.*|container\.apparmor\..*)$/;

/** Variables of the database's official images. */
const DATABASE_IMAGE = /^(MARIADB|MYSQL|POSTGRES)_|^PGDATA$/;

const SETTINGS_PY = readFileSync(join(__dirname, "..", "config", "settings.py"), "utf8");
/** The mail settings that config/settings.py reads: any other would be ignored. */
const MAIL = [...SETTINGS_PY.matchAll(/\("(EMAIL_\w+)"/g)].map(([, name]) => name ?? "");

const isTrue = (value: unknown) => /^true$/i.test(String(value));

/** What a Secret lacks of the keys that it must have. */
const absentKeys = (setting: NamedSecret, values: object) =>
    NAMED_SECRETS[setting].keys.filter((key) => !(key in values)).join(", ");

/** Rules for one Secret, however it comes from outside. */
const fromOutside = (setting: NamedSecret): Rule[] => {
    const ways = [`externalSecrets.${setting}`, `sealedSecrets.${setting}`];
    return [
        // The database's has a name without being given one.
        ...ignored(
            ways,
            `without ${setting}, which names it`,
            (_, isGiven) => setting !== "databaseSecret" && !isGiven(setting),
        ),
        ...ignored([`externalSecrets.${setting}`], `beside sealedSecrets.${setting}`, (_, isGiven) =>
            isGiven(`sealedSecrets.${setting}`),
        ),
        ({ settings: { externalSecrets } }) => {
            const from = externalSecrets?.[setting];
            const absent = from?.extract === undefined ? absentKeys(setting, from?.keys ?? {}) : "";
            const message = `takes ${absent} too, or extract in their place`;
            return from && absent ? [{ path: ["externalSecrets", setting, "keys"], message }] : [];
        },
        ({ settings: { sealedSecrets } }) => {
            const sealed = sealedSecrets?.[setting];
            const absent = absentKeys(setting, sealed?.encryptedData ?? {});
            const path = ["sealedSecrets", setting, "encryptedData"];
            return sealed && absent ? [{ path, message: `takes ${absent} too` }] : [];
        },
    ];
};

const RULES: readonly Rule[] = [
    rule(
        "database",
        "nothing in production: use an external database",
        ({ production }, isGiven) => production === true && isGiven("database"),
    ),
    rule(
        "tls",
        "true in production, where there is an Ingress",
        ({ production, tls }, isGiven) => production === true && tls === false && isGiven("ingress"),
    ),
    rule(
        "tlsSecret",
        "the name of a TLS Secret: an Ingress in production needs one, or tls: true for the controller's own certificate",
        ({ production }, isGiven) =>
            production === true && isGiven("ingress") && !isGiven("tls") && !isGiven("tlsSecret"),
    ),
    rule(
        "tlsSecret",
        "the name of the Secret that ingress.certificateIssuer makes",
        ({ ingress, tls }, isGiven) =>
            ingress?.certificateIssuer !== undefined && tls !== false && !isGiven("tlsSecret"),
    ),
    rule(
        "storage.accessMode",
        "ReadWriteMany, or pods that all run on one node: set nodeSelector kubernetes.io/hostname",
        ({ storage, nodeSelector }) =>
            storage?.accessMode === "ReadWriteOnce" && nodeSelector?.["kubernetes.io/hostname"] === undefined,
    ),
    rule(
        "image.repository",
        "a repository with its registry where the image updater is on",
        ({ image }, isGiven) =>
            isGiven("imageUpdater") && !/^[^/]*[.:][^/]*\/|^localhost\//.test(image?.repository ?? "localhost/"),
    ),
    rule(
        "networkPolicy.monitoringNamespace",
        "the namespace of Prometheus where monitoring is on",
        ({ monitoring, networkPolicy }, isGiven) =>
            (monitoring?.serviceMonitor === true || monitoring?.rules === true) &&
            networkPolicy?.enabled === true &&
            !isGiven("networkPolicy.monitoringNamespace"),
    ),
    ({ settings: { engine } }) =>
        (engine?.schedules ?? []).flatMap(({ name }, index, all) =>
            all.findIndex((other) => other.name === name) < index
                ? [
                      {
                          path: ["engine", "schedules", String(index), "name"],
                          message: "takes a name that no other schedule has",
                      },
                  ]
                : [],
        ),
    ({ settings: { engine, timeZone }, given }) =>
        (["waitSeconds", "podStartSeconds"] as const).flatMap((key) => {
            if (!engine || given(`engine.${key}`) === undefined) return [];
            const runs = engineSchedules({ engine, timeZone: timeZone ?? "UTC" });
            const shortest = runs.reduce((one, other) => (other.deadlineSeconds < one.deadlineSeconds ? other : one));
            const most = shortest.deadlineSeconds;
            const where = [...shortest.path, "deadlineSeconds"].join(".");
            return Number(engine[key]) > most
                ? [{ path: ["engine", key], message: `takes at most ${where}, ${most}` }]
                : [];
        }),
    ({ settings, given }) =>
        RUN_ENGINES.flatMap((group) => {
            const memory = settings[group]?.resources.limits.memory;
            const key = `${group}.resources.limits.memory`;
            const { botsIni } = settings;
            if (memory === undefined || !botsIni || given(key) === undefined) return [];
            const least = leastMemory(botsIni);
            const message = `takes at least ${least}, for an order of ${largestFile(botsIni)} bytes, maxfilesizeincoming in bots.ini`;
            return isLess(memory, least) ? [{ path: key.split("."), message }] : [];
        }),

    ...ignored(["webserver.replicas"], "beside webserver.autoscaling, which has minReplicas", (_, isGiven) =>
        isGiven("webserver.autoscaling"),
    ),
    ...ignored(["networkPolicy.database"], "beside database, which is in the cluster", (_, isGiven) =>
        isGiven("database"),
    ),
    ...ignored(
        ["dns", "callers", "monitoringNamespace", "database", "apiServerPorts", "egress"].map(
            (key) => `networkPolicy.${key}`,
        ),
        "where networkPolicy.enabled is false",
        ({ networkPolicy }) => networkPolicy?.enabled === false,
    ),
    ...ignored(["tlsSecret"], "without ingress", (_, isGiven) => !isGiven("ingress")),
    ...ignored(["tlsSecret", "ingress.certificateIssuer"], "where tls is false", ({ tls }) => tls === false),
    ...ignored(
        ["labelNamespace"],
        "where the namespace is made here, with its labels",
        ({ createNamespace }, isGiven) => createNamespace ?? isGiven("database"),
    ),

    ...NAMED_SECRET_SETTINGS.flatMap(fromOutside),
    ...ignored(
        ["externalSecrets.databaseSecret", "sealedSecrets.databaseSecret"],
        "beside database, whose Secret is generated",
        (_, isGiven) => isGiven("database"),
    ),
    ...ignored(
        ["externalSecrets.tlsSecret", "sealedSecrets.tlsSecret"],
        "beside ingress.certificateIssuer, which makes it",
        (_, isGiven) => isGiven("ingress.certificateIssuer"),
    ),
    rule(
        "sealedSecrets.databaseSecret.scope",
        "namespace-wide or cluster-wide: db-init first reads it under another name, to which strict would not let it go",
        ({ sealedSecrets }) => sealedSecrets?.databaseSecret?.scope === "strict",
    ),
    rule(
        "secretStore",
        "the store that externalSecrets are taken from",
        ({ externalSecrets = {} }, isGiven) => Object.keys(externalSecrets).length > 0 && !isGiven("secretStore"),
    ),
    ...ignored(
        ["secretStore"],
        "without externalSecrets, which are taken from it",
        (_, isGiven) => !isGiven("externalSecrets"),
    ),

    entries("env", (name) => (OWN.test(name) ? "no variable that the program sets itself" : undefined)),
    // db-init sets the last one in the same list, which may name a variable once.
    ...["secretEnv", "pods.env"].map((group) =>
        entries(group, (name) =>
            OWN.test(name) || name === "DB_READ_TIMEOUT" ? "no variable that the program sets itself" : undefined,
        ),
    ),
    ...["env", "secretEnv"].map((group) =>
        entries(`pods.env`, (name, _, { given }) =>
            given(`${group}.${name}`) === undefined
                ? undefined
                : `nothing beside the variable of that name in ${group}`,
        ),
    ),
    entries("pods.env", (name, _, { given }) =>
        given("database") !== undefined && DATABASE_IMAGE.test(name)
            ? "no variable of the database's own image"
            : undefined,
    ),
    entries("pods.labels", (name) =>
        OWN_LABEL.test(name) ? "no label that the program or Kubernetes sets" : undefined,
    ),
    entries("pods.annotations", (name) =>
        OWN_ANNOTATION.test(name)
            ? "no annotation that the program sets, nor one of Pulumi or of a single container"
            : undefined,
    ),
    ({ settings: { pods } }) =>
        (pods?.files ?? []).flatMap(({ path }, index, all) => {
            const other = all.find((one, at) => at !== index && `${path}/`.startsWith(`${one.path}/`));
            const message = "takes a directory of its own, neither another one's nor inside it";
            return other === undefined ? [] : [{ path: ["pods", "files", String(index), "path"], message }];
        }),
    entries("env", (name, value) =>
        looksSecret(name, value)
            ? `nothing secret, since anyone may read it: use \`pulumi config set --secret --path secretEnv.${name}\``
            : undefined,
    ),
    entries("env", (name, _, { given }) =>
        given(`secretEnv.${name}`) === undefined ? undefined : "nothing beside the variable of that name in secretEnv",
    ),
    ...["env", "secretEnv", "pods.env"].map((group) =>
        entries(group, (name) =>
            name.startsWith("EMAIL_") && !MAIL.includes(name) ? `no other EMAIL_ than ${MAIL.join(", ")}` : undefined,
        ),
    ),
    entries("env", (name, value, { given }) =>
        name === "EMAIL_USE_SSL" && isTrue(value) && isTrue(given("env.EMAIL_USE_TLS"))
            ? "false beside EMAIL_USE_TLS: a mail server speaks the one or the other"
            : undefined,
    ),
    entries("env", (name, _, { settings, given }) =>
        databaseTlsFault(name, {
            mode: given("env.DB_SSL_MODE"),
            ca: given("env.DB_SSL_CA"),
            isInCluster: given("database") !== undefined,
            directories: (settings.pods?.files ?? []).map(({ path }) => path),
        }),
    ),
    rule("env.DB_SSL_CA", "the file of the authorities that DB_SSL_MODE verifies by", ({ env }) =>
        lacksAuthorities(env?.["DB_SSL_MODE"], env?.["DB_SSL_CA"]),
    ),
    ({ settings: { botsIni = {} } }) =>
        Object.entries(botsIni).flatMap(([section, values]) =>
            Object.entries(values).flatMap(([key, value]) => {
                const message = iniFault(section, key, value);
                return message === undefined ? [] : [{ path: ["botsIni", section, key], message }];
            }),
        ),
];

/** Every rule that a configuration breaks. */
export function brokenRules(subject: Subject): Fault[] {
    return RULES.flatMap((rule) => rule(subject));
}
