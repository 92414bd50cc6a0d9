/** Settings at the edges of what is accepted, each with what it tries. */
import type { SettingsInput } from "../../settings";
import { NAMED_SECRETS } from "../../settings/namedSecrets";
import { sealed } from "./outside";

const LONG_NAME = `${"n".repeat(63)}.${"n".repeat(63)}.${"n".repeat(63)}.${"n".repeat(61)}`;
const LONG_KEY = `${"d".repeat(63)}.example/${"k".repeat(63)}`;
const MOST = 2 ** 31 - 1;
const resources = {
    requests: { cpu: "0.001", memory: "1" },
    limits: { cpu: "1.125", memory: "1.5Gi" },
};

const LONG_VALUE = { name: LONG_NAME, key: "k".repeat(253) };
const LONG_TEXT = `a ${"ü".repeat(1000)}`;
const SERVER = `http://${"h".repeat(63)}.example:65535/${"p".repeat(200)}`;
const AUTHORITIES = { configMap: LONG_NAME, key: "k".repeat(253) };

/** The database's Secret from a store. */
const fromStore = (secretStore: SettingsInput["secretStore"]) => ({
    secretStore,
    externalSecrets: { databaseSecret: { extract: LONG_TEXT, refreshSeconds: MOST } },
});

/** By name: the settings beside the tag. */
export const EDGES: Readonly<Record<string, Partial<SettingsInput>>> = {
    nothing: {},
    "a database in the cluster": { database: {} },
    "the other database": { database: { engine: "postgresql", size: "0.5Ei", image: `x@sha256:${"a".repeat(64)}` } },
    "long names": {
        imageTag: `${"t".repeat(128)}@sha256:${"a".repeat(64)}`,
        image: { repository: `harbor.example.com:5000/a__b/${"r".repeat(220)}` },
        imagePullSecret: LONG_NAME,
        databaseSecret: LONG_NAME,
        storageClass: LONG_NAME,
        priorityClass: LONG_NAME,
        tlsSecret: LONG_NAME,
        ingress: { host: `${"h".repeat(63)}.${"h".repeat(63)}.example`, className: LONG_NAME },
    },
    "a certificate": {
        tlsSecret: LONG_NAME,
        ingress: {
            host: `${"h".repeat(63)}.${"h".repeat(63)}.example`,
            certificateIssuer: { name: LONG_NAME, kind: "Issuer" },
        },
    },
    "Secrets from a store that is there": {
        databaseSecret: LONG_NAME,
        superuserSecret: "superuser",
        imagePullSecret: "pull",
        tlsSecret: "tls",
        ingress: { host: "a.b" },
        secretStore: { existing: { name: LONG_NAME, kind: "SecretStore" } },
        externalSecrets: {
            databaseSecret: {
                extract: "a",
                keys: { DB_PASSWORD: { key: LONG_TEXT, property: LONG_TEXT, version: LONG_TEXT } },
            },
            superuserSecret: { extract: "a", refreshSeconds: 1 },
            imagePullSecret: { keys: { ".dockerconfigjson": { key: "a" } } },
            tlsSecret: { keys: { "tls.crt": { key: "a" }, "tls.key": { key: "a", property: "b" } } },
        },
    },
    "Vault by a ServiceAccount": fromStore({
        vault: {
            server: SERVER,
            path: LONG_TEXT,
            version: "v1",
            namespace: LONG_TEXT,
            authorities: AUTHORITIES,
            kubernetes: { role: LONG_TEXT, mountPath: LONG_TEXT, serviceAccount: LONG_NAME },
        },
    }),
    "Vault by an AppRole": fromStore({
        vault: { server: "https://a", appRole: { roleId: LONG_TEXT, mountPath: LONG_TEXT, secretId: LONG_VALUE } },
    }),
    "Vault by a token": fromStore({ vault: { server: "https://a", token: LONG_VALUE } }),
    "AWS by a ServiceAccount": fromStore({
        aws: { region: LONG_TEXT, service: "ParameterStore", role: LONG_TEXT, serviceAccount: LONG_NAME },
    }),
    "AWS by a key": fromStore({ aws: { region: "a", accessKey: { id: LONG_VALUE, secret: LONG_VALUE } } }),
    "AWS as the controller": fromStore({ aws: { region: "a" } }),
    "Azure by a workload identity": fromStore({
        azure: { vaultUrl: SERVER, tenantId: LONG_TEXT, workloadIdentity: { serviceAccount: LONG_NAME } },
    }),
    "Azure by a managed identity": fromStore({ azure: { vaultUrl: "https://a", managedIdentity: { id: LONG_TEXT } } }),
    "Azure by the node's only identity": fromStore({ azure: { vaultUrl: "https://a", managedIdentity: {} } }),
    "Azure by a service principal": fromStore({
        azure: {
            vaultUrl: "https://a",
            tenantId: "t",
            servicePrincipal: { clientId: LONG_VALUE, clientSecret: LONG_VALUE },
        },
    }),
    "Google by a workload identity": fromStore({
        gcp: {
            projectId: LONG_TEXT,
            location: LONG_TEXT,
            workloadIdentity: { serviceAccount: LONG_NAME, clusterName: LONG_TEXT, clusterLocation: LONG_TEXT },
        },
    }),
    "Google by a key": fromStore({ gcp: { projectId: "a", key: LONG_VALUE } }),
    "Google as the controller": fromStore({ gcp: { projectId: "a" } }),
    "Secrets of another namespace": fromStore({
        kubernetes: { namespace: "n".repeat(63), serviceAccount: LONG_NAME },
    }),
    "Secrets of another cluster": fromStore({
        kubernetes: { namespace: "0", server: SERVER, authorities: AUTHORITIES, token: LONG_VALUE },
    }),
    "sealed Secrets": {
        superuserSecret: "superuser",
        imagePullSecret: LONG_NAME,
        sealedSecrets: {
            databaseSecret: {
                encryptedData: sealed(...NAMED_SECRETS.databaseSecret.keys, "k".repeat(253), "k..a"),
                scope: "namespace-wide",
            },
            superuserSecret: {
                encryptedData: sealed(...NAMED_SECRETS.superuserSecret.keys),
                scope: "cluster-wide",
            },
            imagePullSecret: { encryptedData: sealed(".dockerconfigjson") },
        },
    },
    sizes: {
        storage: { data: "1", logs: "1.5Gi", config: "1E" },
        webserver: { replicas: MOST, resources },
        jobqueue: { resources },
        engine: { deadlineSeconds: MOST, resources },
        databaseInit: { deadlineSeconds: 86400, resources },
        backup: { keep: MOST, resources },
    },
    "an autoscaler": {
        webserver: { autoscaling: { minReplicas: MOST, maxReplicas: MOST, targetCPUUtilization: MOST } },
    },
    tolerations: {
        tolerations: [
            { operator: "Exists" },
            { key: LONG_KEY, value: "" },
            { key: "a", operator: "Equal", value: "v".repeat(63), effect: "NoSchedule" },
            { key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: -1 },
            { key: "a", effect: "NoExecute", tolerationSeconds: Number.MAX_SAFE_INTEGER },
        ],
        nodeSelector: { [LONG_KEY]: "v".repeat(63), "a.b/c": "", Upper_case: "A_b.c" },
    },
    variables: {
        env: { ["E".repeat(253)]: "x", _a: "", ADMIN_EMAIL: "a\nb", DB_READ_TIMEOUT: "60" },
        secretEnv: { ["S".repeat(253)]: "x", _b: "" },
        botsIni: { webserver: { environment_text: "Grüße 😀 \t" } },
    },
    "what is said of every pod": {
        database: {},
        pods: {
            annotations: { [LONG_KEY]: "\n😀", a: "" },
            labels: { [LONG_KEY]: "v".repeat(63), a: "" },
            runAsUser: MOST,
            runAsGroup: 0,
            fsGroup: MOST,
            ephemeralStorage: { request: "1", limit: "1E" },
            files: [
                { secret: LONG_NAME, path: "/secrets" },
                { configMap: LONG_NAME, path: `/etc/a.b/${"p".repeat(200)}` },
            ],
            env: { ["P".repeat(253)]: { secret: LONG_NAME, key: "k".repeat(253) }, _c: { secret: "a", key: "k..a" } },
        },
    },
    "ids that are left to the platform": {
        database: { engine: "postgresql" },
        pods: { runAsUser: null, runAsGroup: null, fsGroup: null },
    },
    "an Ingress with annotations": {
        ingress: { host: "a.b", annotations: { [LONG_KEY]: "\n", "traefik.ingress.kubernetes.io/router.tls": null } },
        tls: false,
    },
    "a controller's own certificate": { ingress: { host: "0.a" }, tls: true },
    "network policies": {
        networkPolicy: {
            dns: ["cluster", "nodeLocal", "openshift", { cidr: "fd00::a/128", ports: ["53/UDP"] }],
            callers: [{ namespace: "n".repeat(63), podLabels: { [LONG_KEY]: "v".repeat(63) } }, { cidr: "10.0.0.0/8" }],
            monitoringNamespace: "0",
            database: [{ cidr: "::/0", ports: [65535] }, { namespace: "db" }],
            egress: [
                { cidr: "fd00::1/128", ports: [1, "65535", "1-65535/UDP", "5/TCP", "7-7"] },
                { cidr: "255.255.255.255/32" },
                { namespace: "sftp", podLabels: { a: "" }, ports: [22] },
            ],
            apiServerPorts: [1, 65535],
        },
    },
    "an image updater": { imageUpdater: { versions: ">=v4.0.13  <5" } },
    "an image updater that asks": {
        imageUpdater: {
            pullRequest: { repository: "a/b", api: "http://h:1/api/v3", secret: LONG_NAME },
        },
    },
    "an image updater that waits for long": {
        imageUpdater: {},
        webserver: { deadlineSeconds: MOST, autoscaling: { maxReplicas: MOST } },
    },
    "a directory monitor": {
        jobqueue: { directoryMonitors: [{ path: "/a/b", filemask: "*.edi", recursive: true, route: "r" }] },
    },
    "the tick of routes": { jobqueue: { monitorRoutes: true } },
    "the largest files": { botsIni: { settings: { maxfilesizeincoming: MOST } } },
    "further schedules": {
        imageUpdater: {},
        engine: {
            podStartSeconds: 1,
            startingDeadlineSeconds: 10,
            timeZone: "Asia/Kolkata",
            schedules: [
                { name: "n".repeat(40), schedule: "@yearly", startingDeadlineSeconds: MOST, deadlineSeconds: MOST },
                {
                    name: "0",
                    schedule: "*/59 23 31 DEC ?",
                    timeZone: "Etc/GMT+12",
                    arguments: ["--new", "--resend", "--rereceive", "--automaticretrycommunication", "--cleanup"],
                    routes: ["r".repeat(35)],
                    suspend: true,
                },
            ],
        },
    },
    schedules: {
        engine: { schedule: "@every 1h30m" },
        backup: { schedule: "0  4 ? * SUN-SAT" },
        timeZone: "Etc/GMT+12",
    },
};
