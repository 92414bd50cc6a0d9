import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { parseSettings, SettingsContext } from "../../settings";
import { NAMED_SECRETS } from "../../settings/namedSecrets";
import { EDGES } from "../support/edges";
import { sealed, STORE } from "../support/outside";
import { record } from "../support/recorder";
import { recordStack } from "../support/stack";

const TAG = { imageTag: "4.0" };

const FROM_STORE = { secretStore: STORE, externalSecrets: { databaseSecret: { extract: "bots" } } };
const VALUE = { name: "login", key: "token" };
const DATABASE_KEYS = NAMED_SECRETS.databaseSecret.keys;

/** The lines of the error that a configuration ends with. */
function errors(raw: Record<string, unknown>, context: SettingsContext = {}): string[] {
    try {
        parseSettings(raw, context);
    } catch (error) {
        assert.ok(pulumi.RunError.isInstance(error));
        return error.message.split("\n").filter((line) => line.startsWith("  "));
    }
    return [];
}

/** Asserts that a configuration has exactly one error, whose text matches. */
function refused(raw: Record<string, unknown>, message: RegExp, context?: SettingsContext): void {
    const found = errors({ ...TAG, ...raw }, context);
    assert.equal(found.length, 1, `one error was expected: ${found.join("\n")}`);
    assert.match(found[0] ?? "", message);
}

describe("settings", () => {
    it("defaults to the values of the spec", () => {
        const settings = parseSettings(TAG);
        assert.equal(settings.namespace, "edi");
        assert.equal(settings.image.repository, "harbor.pminc.me/priv/bots-edi");
        assert.equal(settings.storageClass, "t1-shiva-nfs");
        const volumes = { data: "20Gi", logs: "5Gi", config: "1Gi", backup: "20Gi" };
        assert.deepEqual(settings.storage, { accessMode: "ReadWriteMany", ...volumes });
        assert.equal(settings.databaseSecret, "bots-edidb-secret");
        assert.equal(settings.webserver.replicas, 1);
        assert.equal(settings.engine.schedule, "*/5 * * * *");
        assert.deepEqual(settings.engine.arguments, ["--new"]);
        assert.equal(settings.databaseInit.deadlineSeconds, 300);
        const sizes = (part: "webserver" | "jobqueue" | "engine" | "databaseInit") =>
            (["cpu", "memory"] as const).map((kind) =>
                [settings[part].resources.requests[kind], settings[part].resources.limits[kind]].join("-"),
            );
        assert.deepEqual(sizes("webserver"), ["100m-1000m", "256Mi-1Gi"]);
        // 512Mi in the spec, which is too little for maxfilesizeincoming.
        assert.deepEqual(sizes("jobqueue"), ["100m-500m", "256Mi-650Mi"]);
        assert.deepEqual(sizes("engine"), ["200m-2000m", "512Mi-2Gi"]);
        assert.deepEqual(sizes("databaseInit"), ["100m-500m", "256Mi-512Mi"]);
    });

    it("gives engines the memory that the largest order needs, unless the stack says how much", () => {
        const limits = (raw: object) => {
            const { jobqueue, engine } = parseSettings({ ...TAG, ...raw });
            return [jobqueue.resources.limits.memory, engine.resources.limits.memory];
        };
        const upTo = (maxfilesizeincoming: number) => ({ botsIni: { settings: { maxfilesizeincoming } } });
        assert.deepEqual(limits({}), ["650Mi", "2Gi"]);
        assert.deepEqual(limits(upTo(1000000)), ["512Mi", "2Gi"]);
        assert.deepEqual(limits(upTo(30000000)), ["2900Mi", "2900Mi"]);
        assert.deepEqual(limits({ jobqueue: { resources: { limits: { memory: "1Gi" } } } }), ["1Gi", "2Gi"]);
    });

    it("keeps the default of what a group leaves out", () => {
        const { requests, limits } = parseSettings({ ...TAG, engine: { resources: { limits: { memory: "4Gi" } } } })
            .engine.resources;
        assert.deepEqual(
            [requests, limits],
            [
                { cpu: "200m", memory: "512Mi" },
                { cpu: "2000m", memory: "4Gi" },
            ],
        );
    });

    describe("refuses, naming the key, the value and what is taken:", () => {
        const cases: [string, Record<string, unknown>, RegExp][] = [
            ["a missing tag", { imageTag: undefined }, /bots-edi:imageTag is missing; takes a fixed tag/],
            ["latest", { imageTag: "latest" }, /bots-edi:imageTag is "latest"; takes a fixed tag.*not latest/],
            ["an illegal tag", { imageTag: "4 0" }, /bots-edi:imageTag is "4 0"; takes a fixed tag/],
            [
                "an unknown key",
                { imageTg: "4.0" },
                /bots-edi:imageTg is "4.0", and is no setting; the nearest is imageTag$/,
            ],
            [
                "an unknown key in a group",
                { engine: { schedul: "@daily" } },
                /engine\.schedul is "@daily", and is no setting; the nearest is schedule$/,
            ],
            [
                "an unknown key like no other",
                { xyzzyplugh: 1 },
                /bots-edi:xyzzyplugh is 1, and is no setting; the nearest is \w+$/,
            ],
            [
                "a number of job queues",
                { jobqueue: { replicas: 2 } },
                /jobqueue\.replicas is 2, .*the nearest is resources$/,
            ],
            [
                "a bad schedule",
                { engine: { schedule: "every 5" } },
                /engine\.schedule is "every 5"; takes a cron schedule .*it has 2 fields/,
            ],
            ["memory for CPU", { webserver: { resources: { limits: { cpu: "1Gi" } } } }, /cpu is "1Gi"; takes a CPU/],
            ["thousandths of a byte", { storage: { data: "20m" } }, /storage\.data is "20m"; takes a storage quantity/],
            ["a bad quantity", { storage: { data: "20 Gi" } }, /storage\.data is "20 Gi"; takes a storage quantity/],
            [
                "a bad host name",
                { ingress: { host: "https://a.b" } },
                /ingress\.host is "https:\/\/a\.b"; takes a host name/,
            ],
            ["a bad name", { databaseSecret: "My_Secret" }, /databaseSecret is "My_Secret"; takes a Kubernetes name/],
            ["a bad log level", { logLevel: "loud" }, /logLevel is "loud"; takes DEBUG \| INFO \|/],
            ["a bad route id", { engine: { routes: ["-x"] } }, /engine\.routes\.0 is "-x"; takes a Bots route id/],
            [
                "an option that bots-engine does not know",
                { engine: { arguments: ["--routeid=orders"] } },
                /engine\.arguments\.0 is "--routeid=orders"; takes --new .*route ids go into routes/,
            ],
            [
                "a limit below its request",
                { webserver: { resources: { limits: { cpu: "50m" } } } },
                /webserver\.resources\.limits\.cpu is "50m"; takes at least the request, 100m/,
            ],
            [
                "no replicas",
                { webserver: { replicas: 0 } },
                /webserver\.replicas is 0; takes a whole number of at least 1/,
            ],
            ["negative replicas", { webserver: { replicas: -2 } }, /webserver\.replicas is -2; takes/],
            [
                "a volume of one node for pods of many",
                { storage: { accessMode: "ReadWriteOnce" } },
                /accessMode is "ReadWriteOnce"; takes ReadWriteMany, or/,
            ],
            [
                "an in-cluster database in production",
                { production: true, database: {} },
                /bots-edi:database is \{\}; takes nothing in production/,
            ],
            [
                "an Ingress without TLS in production",
                { production: "true", ingress: { host: "a.b" } },
                /bots-edi:tlsSecret is missing; takes the name of a TLS Secret.*tls: true/,
            ],
            [
                "a secret in plain env",
                { env: { EMAIL_HOST_PASSWORD: "hunter2" } },
                /env\.EMAIL_HOST_PASSWORD is \[secret\]; takes nothing secret.*secretEnv/,
            ],
            [
                "a variable of the program",
                { env: { DB_HOST: "x" } },
                /env\.DB_HOST is "x"; takes no variable that the program sets itself/,
            ],
            [
                "a secret variable of the program",
                { secretEnv: { DB_PASSWORD: "x" } },
                /secretEnv\.DB_PASSWORD is \[secret\]; takes no variable/,
            ],
            [
                "a bad variable name",
                { env: { "A B": "x" } },
                /env\.A B is no legal name; takes names of at most 253 letters/,
            ],
            [
                "an autoscaler upside down",
                { webserver: { autoscaling: { minReplicas: 3, maxReplicas: 2 } } },
                /maxReplicas is 2; takes at least minReplicas, 3/,
            ],
            [
                "a wait beyond the deadline",
                { engine: { waitSeconds: 61, deadlineSeconds: 60 } },
                /bots-edi:engine\.waitSeconds is 61; takes at most engine\.deadlineSeconds, 60$/,
            ],
            [
                "a wait beyond the deadline of a further schedule",
                {
                    engine: {
                        waitSeconds: 61,
                        schedules: [{ name: "a", schedule: "@daily", deadlineSeconds: 60 }],
                    },
                },
                /engine\.waitSeconds is 61; takes at most engine\.schedules\.0\.deadlineSeconds, 60$/,
            ],
            [
                "a pod that may start after the deadline",
                { engine: { podStartSeconds: 61, deadlineSeconds: 60 } },
                /engine\.podStartSeconds is 61; takes at most engine\.deadlineSeconds, 60$/,
            ],
            [
                "two schedules of one name",
                {
                    engine: {
                        schedules: [
                            { name: "night", schedule: "@daily" },
                            { name: "night", schedule: "@weekly" },
                        ],
                    },
                },
                /engine\.schedules\.1\.name is "night"; takes a name that no other schedule has$/,
            ],
            [
                "a schedule whose name is none of a CronJob",
                { engine: { schedules: [{ name: "Night", schedule: "@daily" }] } },
                /engine\.schedules\.0\.name is "Night"; takes a name of at most 40 lower-case letters/,
            ],
            [
                "a further schedule without its time",
                { engine: { schedules: [{ name: "night" }] } },
                /engine\.schedules\.0\.schedule is missing; takes a cron schedule/,
            ],
            [
                "a window that the controller may overlook",
                { engine: { startingDeadlineSeconds: 9 } },
                /engine\.startingDeadlineSeconds is 9; takes whole seconds, at least 10/,
            ],
            [
                "a job queue that is ended with an order of the size that is let in",
                { jobqueue: { resources: { limits: { memory: "512Mi" } } } },
                /jobqueue\.resources\.limits\.memory is "512Mi"; takes at least 650Mi, for an order of 5000000 bytes, max/,
            ],
            [
                "an engine for which larger orders are let in",
                {
                    botsIni: { settings: { maxfilesizeincoming: 40000000 } },
                    engine: { resources: { limits: { memory: "3Gi" } } },
                },
                /engine\.resources\.limits\.memory is "3Gi"; takes at least 3800Mi, for an order of 40000000 bytes/,
            ],
            [
                "monitoring by a Prometheus that is kept out",
                { monitoring: { serviceMonitor: true } },
                /bots-edi:networkPolicy\.monitoringNamespace is missing; takes the namespace of Prometheus where/,
            ],
            [
                "alerts of a Prometheus that is kept out",
                { monitoring: { rules: true } },
                /bots-edi:networkPolicy\.monitoringNamespace is missing; takes the namespace of Prometheus where/,
            ],
            [
                "a bad label of the operator",
                { monitoring: { labels: { release: "a b" } } },
                /takes the value of a label/,
            ],
            ["text for a group", { webserver: "big" }, /webserver is "big"; takes object/],
            [
                "text where true or false belongs",
                { createNamespace: "yes" },
                /createNamespace is "yes"; takes true or false/,
            ],
            [
                "a toleration of any value that names one",
                { tolerations: [{ key: "a", operator: "Exists", value: "b" }] },
                /tolerations\.0\.value is "b"; takes nothing where the operator is Exists/,
            ],
            [
                "a bad node label",
                { nodeSelector: { disk: "a b" } },
                /nodeSelector\.disk is "a b"; takes the value of a/,
            ],
            [
                "an image updater without a registry",
                { image: { repository: "bots-edi" }, imageUpdater: {} },
                /image\.repository is "bots-edi"; takes a repository with its registry/,
            ],
            [
                "versions of the image updater that are no range",
                { imageUpdater: { versions: "4.x" } },
                /imageUpdater\.versions is "4\.x"; takes comparisons of versions such as ">=4\.0 <5"/,
            ],
            ["text that is no JSON for a group", { engine: "{oops" }, /engine is "\{oops"; takes object/],
            [
                "neither true nor false, and nothing else",
                { production: "yes", database: {} },
                /production is "yes"; takes/,
            ],
            [
                "a time zone in small letters",
                { timeZone: "europe/paris" },
                /timeZone is "europe\/paris"; takes an IANA/,
            ],
            [
                "a stale digest beside a new tag, which deployed the old image under the new name",
                { image: { digest: `sha256:${"a".repeat(64)}` } },
                /image\.digest is "sha256:a+", and is no setting; write it behind the tag.*imageTag: "4\.0@sha256:…"/,
            ],
            ["a floating tag with a digest", { imageTag: `latest@sha256:${"a".repeat(64)}` }, /takes a fixed tag/],
            [
                "an empty toleration, which the API refused half way",
                { tolerations: [{}] },
                /tolerations\.0\.operator is missing; takes Exists where there is no key/,
            ],
            [
                "tolerationSeconds that the API refuses",
                { tolerations: [{ key: "a", effect: "NoSchedule", tolerationSeconds: 5 }] },
                /tolerations\.0\.effect is "NoSchedule"; takes NoExecute where there are tolerationSeconds/,
            ],
            [
                "a toleration's key that is none",
                { tolerations: [{ key: "a b" }] },
                /tolerations\.0\.key is "a b"; takes/,
            ],
            [
                "secretEnv.DB_READ_TIMEOUT, which db-init has twice then",
                { secretEnv: { DB_READ_TIMEOUT: "5" } },
                /secretEnv\.DB_READ_TIMEOUT is \[secret\]; takes no variable that the program sets itself/,
            ],
            [
                "more replicas than the API's numbers hold",
                { webserver: { replicas: 1e10 } },
                /replicas is 10000000000; takes .* at most 2147483647/,
            ],
            [
                "a deadline that settings.py does not take for its queries",
                { databaseInit: { deadlineSeconds: 90000 } },
                /deadlineSeconds is 90000; takes whole seconds, at least 1, at most 86400/,
            ],
            [
                "replicas that an autoscaler made void",
                { webserver: { replicas: 3, autoscaling: { maxReplicas: 5 } } },
                /webserver\.replicas is 3; takes nothing beside webserver\.autoscaling/,
            ],
            [
                "the addresses of an external database that were ignored beside the one in the cluster",
                { database: {}, networkPolicy: { database: [{ cidr: "10.0.0.0/8" }] } },
                /networkPolicy\.database is \[\{"cidr":"10\.0\.0\.0\/8"\}\]; takes nothing beside database/,
            ],
            [
                "a former key of the network",
                { networkPolicy: { databasePort: 3306 } },
                /networkPolicy\.databasePort is 3306, and is no setting; write networkPolicy\.database: /,
            ],
            [
                "a range of ports upside down",
                { networkPolicy: { egress: [{ cidr: "10.0.0.0/8", ports: ["20-10"] }] } },
                /egress\.0\.ports\.0 is "20-10"; takes a port from 1 to 65535 or a range, TCP or UDP/,
            ],
            [
                "a protocol that is neither",
                { networkPolicy: { egress: [{ cidr: "10.0.0.0/8", ports: ["20/ICMP"] }] } },
                /egress\.0\.ports\.0 is "20\/ICMP"; takes a port from 1 to 65535 or a range/,
            ],
            [
                "addresses and pods in one entry",
                { networkPolicy: { callers: [{ cidr: "10.0.0.0/8", namespace: "a" }] } },
                /callers\.0\.cidr is "10\.0\.0\.0\/8"; takes a block of addresses, or namespace that of pods: one of the two/,
            ],
            [
                "labels of addresses",
                { networkPolicy: { egress: [{ cidr: "10.0.0.0/8", podLabels: { a: "b" } }] } },
                /egress\.0\.podLabels is \{"a":"b"\}; takes nothing beside cidr/,
            ],
            [
                "a kind of DNS that there is not",
                { networkPolicy: { dns: ["coredns"] } },
                /networkPolicy\.dns\.0 is "coredns"; takes cluster \| nodeLocal \| openshift, or cidr/,
            ],
            ["no DNS", { networkPolicy: { dns: [] } }, /networkPolicy\.dns is \[\]; takes at least one/],
            [
                "partners that were ignored without policies",
                { networkPolicy: { enabled: false, egress: [] } },
                /networkPolicy\.egress is \[\]; takes nothing where networkPolicy\.enabled is false/,
            ],
            [
                "a TLS Secret without an Ingress",
                { tlsSecret: "tls" },
                /tlsSecret is "tls"; takes nothing without ingress/,
            ],
            [
                "a TLS Secret without TLS",
                { tlsSecret: "tls", tls: false, ingress: { host: "a.b" } },
                /tlsSecret is "tls"; takes nothing where tls is false/,
            ],
            [
                "an issuer without the Secret that it makes",
                { ingress: { host: "a.b", certificateIssuer: { name: "letsencrypt" } } },
                /tlsSecret is missing; takes the name of the Secret that ingress\.certificateIssuer makes/,
            ],
            [
                "an issuer without TLS",
                { tls: false, ingress: { host: "a.b", certificateIssuer: { name: "letsencrypt" } } },
                /ingress\.certificateIssuer is .*; takes nothing where tls is false/,
            ],
            [
                "Secrets from no store",
                { externalSecrets: { databaseSecret: { extract: "bots" } } },
                /bots-edi:secretStore is missing; takes the store that externalSecrets are taken from/,
            ],
            [
                "a store that nothing is taken from",
                { secretStore: STORE },
                /secretStore is \{.*\}; takes nothing without externalSecrets/,
            ],
            [
                "two stores in one",
                { ...FROM_STORE, secretStore: { ...STORE, existing: { name: "a" } } },
                /secretStore is \{.*; takes exactly one of existing, vault, aws, azure, gcp, kubernetes/,
            ],
            [
                "a provider that is written otherwise",
                { ...FROM_STORE, secretStore: { ...STORE, hashicorp: {} } },
                /secretStore\.hashicorp is \{\}, and is no setting; the nearest is/,
            ],
            [
                "Vault without a login",
                { ...FROM_STORE, secretStore: { vault: { server: "https://vault" } } },
                /secretStore\.vault is \{.*\}; takes exactly one of kubernetes, appRole, token/,
            ],
            [
                "Vault without its scheme",
                { ...FROM_STORE, secretStore: { vault: { server: "vault:8200", token: VALUE } } },
                /secretStore\.vault\.server is "vault:8200"; takes an address such as https:/,
            ],
            [
                "AWS with two logins",
                {
                    ...FROM_STORE,
                    secretStore: { aws: { region: "a", serviceAccount: "a", accessKey: { id: VALUE, secret: VALUE } } },
                },
                /secretStore\.aws is \{.*; takes at most one of serviceAccount, accessKey/,
            ],
            [
                "a service principal without its tenant",
                {
                    ...FROM_STORE,
                    secretStore: {
                        azure: { vaultUrl: "https://a", servicePrincipal: { clientId: VALUE, clientSecret: VALUE } },
                    },
                },
                /secretStore\.azure\.tenantId is missing; takes the tenant of servicePrincipal/,
            ],
            [
                "a Secret that is taken from nothing",
                { ...FROM_STORE, externalSecrets: { databaseSecret: {} } },
                /externalSecrets\.databaseSecret is \{\}; takes extract, keys or both/,
            ],
            [
                "a Secret that would lack keys",
                { ...FROM_STORE, externalSecrets: { databaseSecret: { keys: { DB_NAME: { key: "a" } } } } },
                /externalSecrets\.databaseSecret\.keys is .*; takes DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DJANGO_SECRET_KEY too/,
            ],
            [
                "a Secret of a setting that there is not",
                { ...FROM_STORE, externalSecrets: { database: { extract: "a" } } },
                /externalSecrets\.database is .*, and is no setting; the nearest is databaseSecret/,
            ],
            [
                "the database's Secret beside a generated one",
                { ...FROM_STORE, database: {} },
                /externalSecrets\.databaseSecret is .*; takes nothing beside database, whose Secret is generated/,
            ],
            [
                "a Secret that nothing names",
                { ...FROM_STORE, externalSecrets: { imagePullSecret: { extract: "a" } } },
                /externalSecrets\.imagePullSecret is .*; takes nothing without imagePullSecret, which names it/,
            ],
            [
                "a certificate from two sources",
                {
                    ...FROM_STORE,
                    tlsSecret: "tls",
                    ingress: { host: "a.b", certificateIssuer: { name: "a" } },
                    externalSecrets: { tlsSecret: { extract: "a" } },
                },
                /externalSecrets\.tlsSecret is .*; takes nothing beside ingress\.certificateIssuer/,
            ],
            [
                "a Secret in both ways",
                {
                    ...FROM_STORE,
                    sealedSecrets: {
                        databaseSecret: { encryptedData: sealed(...DATABASE_KEYS), scope: "cluster-wide" },
                    },
                },
                /externalSecrets\.databaseSecret is .*; takes nothing beside sealedSecrets\.databaseSecret/,
            ],
            [
                "a sealed Secret that db-init could not read",
                { sealedSecrets: { databaseSecret: { encryptedData: sealed(...DATABASE_KEYS) } } },
                /sealedSecrets\.databaseSecret\.scope is missing; takes namespace-wide or cluster-wide/,
            ],
            [
                "a sealed Secret that would lack a key",
                {
                    sealedSecrets: {
                        databaseSecret: { encryptedData: sealed(...DATABASE_KEYS.slice(1)), scope: "cluster-wide" },
                    },
                },
                /sealedSecrets\.databaseSecret\.encryptedData is .*; takes DB_NAME too/,
            ],
            [
                "an empty sealed Secret",
                { superuserSecret: "a", sealedSecrets: { superuserSecret: { encryptedData: {} } } },
                /sealedSecrets\.superuserSecret\.encryptedData is \{\}; takes at least one key/,
            ],
            [
                "a value that is not sealed",
                {
                    imagePullSecret: "a",
                    sealedSecrets: { imagePullSecret: { encryptedData: { ".dockerconfigjson": "e30=" } } },
                },
                /sealedSecrets\.imagePullSecret\.encryptedData\.\.dockerconfigjson is "e30="; takes what kubeseal prints/,
            ],
            [
                "an Ingress in plain HTTP in production",
                { production: true, tls: "false", ingress: { host: "a.b" } },
                /bots-edi:tls is "false"; takes true in production/,
            ],
            [
                "labels for a namespace that is made here",
                { database: {}, labelNamespace: "false" },
                /labelNamespace is "false"; takes nothing where the namespace is made here/,
            ],
            [
                "a variable that secretEnv sets too",
                { env: { PIN: "1" }, secretEnv: { PIN: "2" } },
                /env\.PIN is "1"; takes nothing beside the variable of that name in secretEnv/,
            ],
            [
                "an EMAIL_ that was accepted and ignored",
                { env: { EMAIL_TIMEOUT: "5" } },
                /env\.EMAIL_TIMEOUT is "5"; takes no other EMAIL_ than EMAIL_HOST, EMAIL_PORT, /,
            ],
            [
                "a database that requires TLS was reached in clear: a mode that there is not",
                { env: { DB_SSL_MODE: "on" } },
                /env\.DB_SSL_MODE is "on"; takes prefer \| require \| verify-ca \| verify-full/,
            ],
            [
                "a database that requires TLS was reached in clear: a mode without its authorities",
                { env: { DB_SSL_MODE: "verify-full" } },
                /env\.DB_SSL_CA is missing; takes the file of the authorities that DB_SSL_MODE verifies by/,
            ],
            [
                "a database that requires TLS was reached in clear: authorities that nobody looks at",
                { env: { DB_SSL_MODE: "require", DB_SSL_CA: "/etc/ssl/certs/ca-certificates.crt" } },
                /env\.DB_SSL_CA is "[^"]*"; takes nothing but beside DB_SSL_MODE verify-ca or verify-full/,
            ],
            [
                "a database that requires TLS was reached in clear: authorities that no pod has",
                {
                    env: { DB_SSL_MODE: "verify-ca", DB_SSL_CA: "/etc/other/ca.crt" },
                    pods: { files: [{ secret: "database-ca", path: "/etc/database-ca" }] },
                },
                /env\.DB_SSL_CA is "\/etc\/other\/ca\.crt"; takes a file in a directory of pods\.files, or/,
            ],
            [
                "a database that requires TLS was reached in clear: one in the cluster, which has none",
                { database: {}, env: { DB_SSL_MODE: "require" } },
                /env\.DB_SSL_MODE is "require"; takes nothing beside database, which is in the cluster/,
            ],
            [
                "a secret EMAIL_ that was accepted and ignored",
                { secretEnv: { EMAIL_SSL_KEYFILE: "x" } },
                /secretEnv\.EMAIL_SSL_KEYFILE is \[secret\]; takes no other EMAIL_ than/,
            ],
            [
                "a key of bots.ini that there is not",
                { botsIni: { settings: { maxday: 3 } } },
                /botsIni\.settings\.maxday is 3; takes a section and a key of config\/bots\.ini: maxdays, /,
            ],
            [
                "a line more in bots.ini",
                { botsIni: { webserver: { environment_text: "a\nb" } } },
                /environment_text is "a\\nb"; takes text of one line/,
            ],
            [
                "root for the pods",
                { pods: { runAsUser: 0 } },
                /pods\.runAsUser is 0; takes a user id from 1 to .* or null/,
            ],
            [
                "a label that selectors go by",
                { pods: { labels: { component: "x" } } },
                /pods\.labels\.component is "x"; takes no label that the program or Kubernetes sets/,
            ],
            [
                "an annotation that would be overwritten",
                { pods: { annotations: { "checksum/config": "x" } } },
                /pods\.annotations\.checksum\/config is "x"; takes no annotation that the program sets/,
            ],
            [
                "files from nowhere",
                { pods: { files: [{ path: "/secrets/a" }] } },
                /pods\.files\.0\.secret is missing; takes the name of a Secret, or configMap/,
            ],
            [
                "files from two sources",
                { pods: { files: [{ secret: "a", configMap: "b", path: "/secrets/a" }] } },
                /pods\.files\.0\.secret is .*; takes the name of a Secret, or configMap that of a ConfigMap: one of the two/,
            ],
            [
                "files in the place of the image's own",
                { pods: { files: [{ secret: "a", path: "/home/bots/.bots" }] } },
                /pods\.files\.0\.path is "\/home\/bots\/\.bots"; takes a directory below \/secrets/,
            ],
            [
                "files that climb out",
                { pods: { files: [{ secret: "a", path: "/secrets/../usr" }] } },
                /pods\.files\.0\.path is "\/secrets\/\.\.\/usr"; takes a directory below/,
            ],
            [
                "files inside those of another Secret",
                {
                    pods: {
                        files: [
                            { secret: "a", path: "/secrets/a" },
                            { secret: "b", path: "/secrets/a/b" },
                        ],
                    },
                },
                /pods\.files\.1\.path is "\/secrets\/a\/b"; takes a directory of its own/,
            ],
            [
                "a variable of the program from a Secret of another",
                { pods: { env: { DB_HOST: { secret: "a" } } } },
                /pods\.env\.DB_HOST is .*; takes no variable that the program sets itself/,
            ],
            [
                "a variable from a Secret beside the same in env",
                { env: { LICENCE: "1" }, pods: { env: { LICENCE: { secret: "a" } } } },
                /pods\.env\.LICENCE is .*; takes nothing beside the variable of that name in env/,
            ],
            [
                "a variable of the database's image",
                { database: {}, pods: { env: { MARIADB_USER: { secret: "a" } } } },
                /pods\.env\.MARIADB_USER is .*; takes no variable of the database's own image/,
            ],
            [
                "a disk limit below its request",
                { pods: { ephemeralStorage: { request: "3Gi" } } },
                /pods\.ephemeralStorage\.limit is missing; takes at least the request/,
            ],
            ["a secret in a group that is none", { env: '{"PASSWORD":' }, /env is "\{\\"PASSWORD\\":"; takes record/],
            ["a bad time zone", { timeZone: "Mars/Olympus" }, /timeZone is "Mars\/Olympus"; takes an IANA time zone/],
        ];
        for (const [what, raw, message] of cases) {
            it(what, () => {
                refused(raw, message);
            });
        }

        it("plain text where a secret is required", () => {
            refused({ secretEnv: { A: "b" } }, /secretEnv is plain text; takes secrets only/, { secretKeys: [] });
            assert.deepEqual(errors({ ...TAG, secretEnv: { A: "b" } }, { secretKeys: ["secretEnv"] }), []);
        });

        it("a long value, cut short", () => {
            refused({ imageTag: "x".repeat(500) }, /^.{60,220}$/);
        });
    });

    for (const [what, value] of Object.entries({
        "a number with more digits than it keeps": Number("340123450000000018"),
        "a fraction": 4.1,
        "an exponent": 1e21,
        "a switch": true,
    })) {
        it(`${what} was changed silently where text belongs: it is refused`, () => {
            refused({ env: { SSCC: value } }, /env\.SSCC is .*; takes text: quote it/);
        });
    }

    it("a minimal configuration made the namespace and waited for a Secret that could not be there: it has to be there", () => {
        assert.equal(parseSettings(TAG).createNamespace, false);
        assert.equal(parseSettings({ ...TAG, database: {} }).createNamespace, true);
        assert.equal(parseSettings({ ...TAG, database: {}, createNamespace: "false" }).createNamespace, false);
        // Written down: somebody's operator copies the Secret into new namespaces.
        assert.equal(parseSettings({ ...TAG, createNamespace: true }).createNamespace, true);
    });

    it("EMAIL_USE_SSL was accepted and ignored: it is taken where settings.py reads it, and never beside TLS", () => {
        const reads = /"EMAIL_USE_SSL"/.test(readFileSync(join(__dirname, "../../config/settings.py"), "utf8"));
        assert.equal(errors({ ...TAG, env: { EMAIL_USE_SSL: "true" } }).length, reads ? 0 : 1);
        const both = errors({ ...TAG, env: { EMAIL_USE_SSL: "True", EMAIL_USE_TLS: "true" } });
        assert.match(both.at(-1) ?? "", /env\.EMAIL_USE_SSL is "True"; takes false beside EMAIL_USE_TLS/);
    });

    it("a database that requires TLS was reached in clear: it is taken with authorities of a Secret, or Debian's", () => {
        const pods = { files: [{ secret: "database-ca", path: "/etc/database-ca" }] };
        for (const env of [
            { DB_SSL_MODE: "require" },
            { DB_SSL_MODE: "verify-full", DB_SSL_CA: "/etc/database-ca/ca.crt" },
            { DB_SSL_MODE: "verify-ca", DB_SSL_CA: "/etc/ssl/certs/ca-certificates.crt" },
        ]) {
            assert.deepEqual(errors({ ...TAG, env, pods }), []);
        }
    });

    it("takes the controller's own certificate in production, once that is said", () => {
        const ingress = { host: "a.b" };
        assert.equal(parseSettings({ ...TAG, production: true, ingress, tls: "true" }).tls, true);
    });

    it("names what is ignored also where another setting of the group is wrong", () => {
        const found = errors({
            ...TAG,
            database: { size: "x" },
            networkPolicy: { database: [{ cidr: "10.0.0.0/8" }], egress: "x" },
        });
        assert.equal(found.length, 3, found.join("\n"));
    });

    it("shows no secret inside a value that it names", () => {
        const found = errors({
            ...TAG,
            env: [{ PASSWORD: "hunter2" }],
            nonsense: { TOKEN: "hunter2" },
            TOKEN: "hunter2",
        });
        assert.equal(found.length, 3);
        assert.doesNotMatch(found.join("\n"), /hunter2/);
    });

    it("reports all errors at once, rules over several keys included", () => {
        const found = errors(
            {
                namespace: "X",
                imageTg: "4",
                engine: { schedule: "x", resources: { limits: { cpu: "1m" } } },
                database: {},
            },
            { stack: "prod" },
        );
        for (const key of [
            "namespace",
            "imageTag",
            "imageTg",
            "engine.schedule",
            "engine.resources.limits.cpu",
            "database",
        ]) {
            assert.ok(
                found.some((line) => line.includes(`bots-edi:${key} `)),
                `${key} is not in ${found.join("\n")}`,
            );
        }
        assert.equal(found.length, 6);
    });

    it("takes one node's volume where every pod runs on that node", () => {
        const nodeSelector = { "kubernetes.io/hostname": "node-1" };
        assert.deepEqual(errors({ ...TAG, storage: { accessMode: "ReadWriteOnce" }, nodeSelector }), []);
    });

    it("turns the production rules on in stack prod, unless told otherwise", () => {
        assert.equal(parseSettings(TAG, { stack: "prod" }).production, true);
        assert.equal(parseSettings({ ...TAG, production: "false" }, { stack: "prod" }).production, false);
        assert.equal(parseSettings(TAG, { stack: "dev" }).production, false);
    });

    it("never throws anything but its own error, and never takes a floating tag", () => {
        const value = fc.oneof(
            fc.constantFrom("latest", "4.0"),
            fc.string(),
            fc.integer(),
            fc.boolean(),
            fc.constant(null),
            fc.object({ maxDepth: 2 }),
        );
        const keys = [
            "imageTag",
            "imageTag",
            "namespace",
            "engine",
            "webserver",
            "storage",
            "env",
            "secretEnv",
            "ingress",
            "database",
            "nonsense",
        ];
        const raw = fc.dictionary(fc.constantFrom(...keys), value);
        fc.assert(
            fc.property(raw, (config) => {
                try {
                    assert.notEqual(parseSettings(config).imageTag, "latest");
                } catch (error) {
                    assert.ok(pulumi.RunError.isInstance(error), String(error));
                }
            }),
            { numRuns: 500 },
        );
    });

    it("ends the program before any resource is registered", async () => {
        const changes = { "bots-edi:imageTag": "latest", "bots-edi:nonsense": "1", "other:key": "ignored" };
        let registered = 0;
        const run = recordStack("prod", changes, {
            beforeRegister: () => {
                registered++;
            },
        });
        await assert.rejects(
            run,
            /of stack prod has 2 errors:\n {2}bots-edi:imageTag is "latest".*\n {2}bots-edi:nonsense/,
        );
        assert.equal(registered, 0);
    });

    it("names a group of the stack's file that is no JSON, beside the other errors", async () => {
        const changes = { "bots-edi:imageTag": "latest", "bots-edi:engine": '{"schedule":' };
        await assert.rejects(recordStack("dev", changes), /has 2 errors:\n {2}bots-edi:.*\n {2}bots-edi:.*/);
        await assert.rejects(recordStack("dev", changes), /bots-edi:engine is "\{\\"schedule\\":"; takes object/);
    });

    it("takes whole numbers for text inside groups, as pulumi config set --path stores them", () => {
        const settings = parseSettings({
            ...TAG,
            env: { EMAIL_PORT: 587 },
            engine: { routes: [810], resources: { limits: { cpu: 2 } } },
        });
        assert.deepEqual(settings.env, { EMAIL_PORT: "587" });
        assert.deepEqual(settings.engine.routes, ["810"]);
        assert.equal(settings.engine.resources.limits.cpu, "2");
        assert.equal(settings.webserver.replicas, 1);
        refused({ imageTag: 4.1 }, /imageTag is 4.1; takes a fixed tag.*: quote it/);
    });

    it("lets the time limit of queries be set, which the program does not", () => {
        assert.equal(parseSettings({ ...TAG, env: { DB_READ_TIMEOUT: "600" } }).env.DB_READ_TIMEOUT, "600");
    });

    it("shows no value that Pulumi keeps secret", () => {
        const found = errors({ ...TAG, storageClass: "My Secret" }, { secretKeys: ["storageClass"] });
        assert.match(found[0] ?? "", /storageClass is \[secret\]; takes a Kubernetes name/);
        assert.match(found[1] ?? "", /storageClass is \[secret\]; takes nothing secret/);
        assert.equal(found.length, 2);
    });

    it("takes secretEnv as Pulumi hands it over", async () => {
        const changes = { "bots-edi:secretEnv": JSON.stringify({ EMAIL_HOST_PASSWORD: "hunter2" }) };
        await assert.rejects(recordStack("prod", changes), /secretEnv is plain text/);
        const made = await recordStack("prod", changes, { secretKeys: ["bots-edi:secretEnv"] });
        assert.ok(made.some(({ name }) => name === "bots-edi-credentials-env"));
    });

    it("takes the edges, which test/e2e/api sends to a real API server", () => {
        for (const [what, settings] of Object.entries(EDGES))
            assert.deepEqual(errors({ ...TAG, ...settings }), [], what);
    });

    it("is usable without a stack", async () => {
        assert.deepEqual(await record(() => parseSettings(TAG)), []);
    });
});
