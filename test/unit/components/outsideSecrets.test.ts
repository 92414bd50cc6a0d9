import assert from "node:assert/strict";
import { NAMED_SECRETS } from "../../../settings/namedSecrets";
import type { SettingsInput } from "../../../settings";
import { find, Manifest, system } from "../../support/find";
import { sealed, STORE } from "../../support/outside";
import type { Registration } from "../../support/recorder";

const FROM_STORE = { secretStore: STORE, externalSecrets: { databaseSecret: { extract: "bots" } } };
const SEALED = {
    sealedSecrets: {
        databaseSecret: {
            encryptedData: sealed(...NAMED_SECRETS.databaseSecret.keys),
            scope: "namespace-wide" as const,
        },
    },
};

const OTHERS: Partial<SettingsInput> = {
    superuserSecret: "bots-superuser",
    imagePullSecret: "harbor",
    tlsSecret: "bots-tls",
    ingress: { host: "edi.example.com" },
};

const CANDIDATE = "bots-edidb-secret-candidate";
const LIVE = "bots-edidb-secret";

/** The names of what an object waits for. */
const waitsFor = (made: readonly Registration[], { dependencies }: Registration) =>
    made.filter(({ urn }) => dependencies.includes(urn)).map(({ inputs }: { inputs: Manifest }) => title(inputs));
const title = ({ kind, metadata }: Manifest) => `${kind as string}/${metadata.name as string}`;

const annotations = (made: readonly Registration[], name: string) =>
    find(made, "Deployment", name).inputs.spec.template.metadata.annotations as Record<string, string>;

describe("a Secret from a store", () => {
    it("is a candidate that follows, and one that goes live after db-init and changes when told to", async () => {
        const made = await system(FROM_STORE);
        const [candidate, live] = [find(made, "ExternalSecret", CANDIDATE), find(made, "ExternalSecret", LIVE)];
        assert.deepEqual(candidate.inputs.spec, {
            secretStoreRef: { name: "bots-edi-secrets", kind: "SecretStore" },
            refreshPolicy: "Periodic",
            refreshInterval: "60s",
            target: { name: CANDIDATE, creationPolicy: "Orphan", deletionPolicy: "Retain" },
            dataFrom: [{ extract: { key: "bots" } }],
            data: [],
        });
        assert.deepEqual([live.inputs.spec.refreshPolicy, live.inputs.spec.refreshInterval], ["OnChange", "0s"]);
        assert.equal(live.inputs.spec.target.name, LIVE);
        // What says that they are ready speaks of these.
        const store = find(made, "SecretStore", "bots-edi-secrets");
        assert.deepEqual([store.replaceOnChanges, store.deleteBeforeReplace], [["*"], true]);
        assert.deepEqual([candidate.replaceOnChanges, candidate.deleteBeforeReplace], [["*"], true]);
        assert.deepEqual([live.replaceOnChanges, live.deleteBeforeReplace], [[], false]);
    });

    it("is waited for: store, candidate, db-init, live one, services, each until it is ready", async () => {
        const made = await system(FROM_STORE);
        const after = (kind: string, name: string) => waitsFor(made, find(made, kind, name));
        assert.ok(after("ExternalSecret", CANDIDATE).includes("SecretStore/bots-edi-secrets"));
        assert.ok(after("Job", "bots-db-init").includes(`ExternalSecret/${CANDIDATE}`));
        assert.ok(after("ExternalSecret", LIVE).includes("Job/bots-db-init"));
        assert.ok(after("Deployment", "bots-webserver").includes(`ExternalSecret/${LIVE}`));
        for (const [kind, name] of [
            ["SecretStore", "bots-edi-secrets"],
            ["ExternalSecret", CANDIDATE],
            ["ExternalSecret", LIVE],
        ] as const) {
            const { inputs, timeouts } = find(made, kind, name);
            assert.equal(inputs.metadata.annotations["pulumi.com/waitFor"], "condition=Ready");
            assert.equal(timeouts.create, "60s");
        }
    });

    it("is read by db-init as the candidate, and by everything else as the live one", async () => {
        const made = await system({ ...FROM_STORE, databaseSecret: "mine" });
        const secretOf = (kind: string, name: string) => {
            const { spec } = find(made, kind, name).inputs;
            const [container] = (spec.jobTemplate?.spec ?? spec).template.spec.containers;
            const password = (container.env as Manifest[]).find(({ name: key }) => key === "DB_PASSWORD");
            return password.valueFrom.secretKeyRef.name as string;
        };
        assert.equal(secretOf("Job", "bots-db-init"), CANDIDATE);
        assert.equal(secretOf("Deployment", "bots-webserver"), "mine");
        assert.equal(secretOf("CronJob", "bots-engine"), "mine");
        assert.equal(find(made, "ExternalSecret", "mine").inputs.spec.target.name, "mine");
    });

    it("rolls the pods where something else is taken, and not where it is looked at more often", async () => {
        const roll = async (from: object, secretStore = STORE) =>
            annotations(
                await system({ secretStore, externalSecrets: { databaseSecret: { extract: "bots", ...from } } }),
                "bots-webserver",
            )["checksum/database-secret"];
        const before = await roll({});
        assert.equal(await roll({ refreshSeconds: 5 }), before);
        assert.notEqual(await roll({ extract: "other" }), before);
        assert.notEqual(await roll({}, { kubernetes: { namespace: "elsewhere", serviceAccount: "reader" } }), before);
    });

    it("is taken key by key, in place of what extract has", async () => {
        const keys = { DB_PASSWORD: { key: "rotated", property: "password", version: "2" } };
        const externalSecrets = { databaseSecret: { extract: "bots", keys, refreshSeconds: 5 } };
        const { spec } = find(
            await system({ secretStore: STORE, externalSecrets }),
            "ExternalSecret",
            CANDIDATE,
        ).inputs;
        assert.deepEqual(spec.data, [{ secretKey: "DB_PASSWORD", remoteRef: keys.DB_PASSWORD }]);
        assert.equal(spec.refreshInterval, "5s");
    });

    it("may be that of superuser, Ingress or registry, each of its type, before any pod starts", async () => {
        const externalSecrets = {
            superuserSecret: { extract: "admin" },
            tlsSecret: { extract: "tls" },
            imagePullSecret: { extract: "pull" },
        };
        const made = await system({ ...OTHERS, secretStore: { existing: { name: "vault" } }, externalSecrets });
        const types = Object.fromEntries(
            ["bots-superuser", "bots-tls", "harbor"].map((name) => {
                const { spec } = find(made, "ExternalSecret", name).inputs;
                assert.deepEqual(spec.secretStoreRef, { name: "vault", kind: "ClusterSecretStore" });
                assert.equal(spec.refreshPolicy, "Periodic");
                return [name, spec.target.template?.type as string | undefined];
            }),
        );
        assert.deepEqual(types, {
            "bots-superuser": undefined,
            "bots-tls": "kubernetes.io/tls",
            harbor: "kubernetes.io/dockerconfigjson",
        });
        assert.equal(made.filter(({ inputs }) => inputs.kind === "SecretStore").length, 0);
        const first = waitsFor(made, find(made, "Job", "bots-db-init"));
        for (const name of Object.keys(types)) assert.ok(first.includes(`ExternalSecret/${name}`), name);
    });

    it("leaves nothing in the state but names", async () => {
        const made = await system(FROM_STORE);
        assert.equal(made.filter(({ inputs }) => inputs.kind === "Secret").length, 0);
    });
});

describe("SecretStore", () => {
    const providerOf = async (secretStore: SettingsInput["secretStore"]) => {
        const made = await system({ ...FROM_STORE, secretStore });
        return find(made, "SecretStore", "bots-edi-secrets").inputs.spec.provider;
    };
    const value = { name: "login", key: "token" };

    it("logs in at Vault as a ServiceAccount, by an AppRole or by a token", async () => {
        const server = "https://vault.example.com:8200";
        const authorities = { configMap: "ca", key: "ca.crt" };
        const kubernetes = { role: "bots", serviceAccount: "reader" };
        assert.deepEqual(await providerOf({ vault: { server, kubernetes, authorities: { configMap: "ca" } } }), {
            vault: {
                server,
                path: "secret",
                version: "v2",
                caProvider: { type: "ConfigMap", name: authorities.configMap, key: authorities.key },
                auth: {
                    kubernetes: { mountPath: "kubernetes", role: "bots", serviceAccountRef: { name: "reader" } },
                },
            },
        });
        const { vault: byRole } = await providerOf({ vault: { server, appRole: { roleId: "id", secretId: value } } });
        assert.deepEqual(byRole.auth, { appRole: { path: "approle", roleId: "id", secretRef: value } });
        const { vault: byToken } = await providerOf({ vault: { server, token: value, namespace: "team" } });
        assert.deepEqual([byToken.auth, byToken.namespace], [{ tokenSecretRef: value }, "team"]);
    });

    it("logs in at AWS as the controller, as a ServiceAccount or with a key", async () => {
        const region = "eu-central-1";
        assert.deepEqual(await providerOf({ aws: { region } }), { aws: { region, service: "SecretsManager" } });
        const { aws: byAccount } = await providerOf({
            aws: { region, role: "arn:aws:iam::1:role/a", serviceAccount: "reader" },
        });
        assert.deepEqual(byAccount.auth, { jwt: { serviceAccountRef: { name: "reader" } } });
        const accessKey = { id: { name: "key", key: "id" }, secret: { name: "key", key: "secret" } };
        const { aws: byKey } = await providerOf({ aws: { region, service: "ParameterStore", accessKey } });
        assert.deepEqual(byKey.auth, {
            secretRef: { accessKeyIDSecretRef: accessKey.id, secretAccessKeySecretRef: accessKey.secret },
        });
    });

    it("logs in at Azure by a workload identity, a managed one or a service principal", async () => {
        const vaultUrl = "https://bots.vault.azure.net";
        assert.deepEqual(await providerOf({ azure: { vaultUrl, workloadIdentity: { serviceAccount: "reader" } } }), {
            azurekv: { vaultUrl, authType: "WorkloadIdentity", serviceAccountRef: { name: "reader" } },
        });
        assert.deepEqual(await providerOf({ azure: { vaultUrl, managedIdentity: { id: "1" } } }), {
            azurekv: { vaultUrl, authType: "ManagedIdentity", identityId: "1" },
        });
        const servicePrincipal = { clientId: value, clientSecret: value };
        assert.deepEqual(await providerOf({ azure: { vaultUrl, tenantId: "t", servicePrincipal } }), {
            azurekv: { vaultUrl, tenantId: "t", authType: "ServicePrincipal", authSecretRef: servicePrincipal },
        });
    });

    it("logs in at Google as the controller, by a workload identity or with a key", async () => {
        const projectId = "edi";
        assert.deepEqual(await providerOf({ gcp: { projectId } }), { gcpsm: { projectID: "edi" } });
        const { gcpsm: byIdentity } = await providerOf({
            gcp: { projectId, workloadIdentity: { serviceAccount: "reader", clusterName: "a", clusterLocation: "b" } },
        });
        assert.deepEqual(byIdentity.auth.workloadIdentity, {
            clusterName: "a",
            clusterLocation: "b",
            serviceAccountRef: { name: "reader" },
        });
        const { gcpsm: byKey } = await providerOf({ gcp: { projectId, key: value } });
        assert.deepEqual(byKey.auth, { secretRef: { secretAccessKeySecretRef: value } });
    });

    it("logs in at this cluster as a ServiceAccount, at another one by a token", async () => {
        assert.deepEqual(await providerOf(STORE), {
            kubernetes: {
                remoteNamespace: "upstream",
                server: { caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" } },
                auth: { serviceAccount: { name: "reader" } },
            },
        });
        const server = "https://other.example.com:6443";
        const { kubernetes } = await providerOf({ kubernetes: { namespace: "upstream", server, token: value } });
        assert.deepEqual([kubernetes.server.url, kubernetes.auth], [server, { token: { bearerToken: value } }]);
    });
});

describe("a sealed Secret", () => {
    const SYNCED = 'jsonpath={$.status.conditions[?@.type == "Synced"].status}=True';

    /** It stays when the stack makes it no longer, and can be taken over again. */
    const KEPT = {
        "sealedsecrets.bitnami.com/skip-set-owner-references": "true",
        "sealedsecrets.bitnami.com/managed": "true",
    };

    it("is a candidate first, of the same sealed values, and waited for until it is open", async () => {
        const made = await system(SEALED);
        const [candidate, live] = [find(made, "SealedSecret", CANDIDATE), find(made, "SealedSecret", LIVE)];
        const { encryptedData } = SEALED.sealedSecrets.databaseSecret;
        assert.deepEqual(candidate.inputs.spec, { encryptedData, template: { metadata: { annotations: KEPT } } });
        assert.deepEqual(live.inputs.spec, candidate.inputs.spec);
        assert.deepEqual(live.inputs.metadata.annotations, {
            "pulumi.com/waitFor": SYNCED,
            "sealedsecrets.bitnami.com/namespace-wide": "true",
        });
        assert.ok(waitsFor(made, find(made, "Job", "bots-db-init")).includes(`SealedSecret/${CANDIDATE}`));
        assert.deepEqual([candidate.replaceOnChanges, live.replaceOnChanges], [["*"], []]);
    });

    it("rolls the pods where its values change: an update is what changes them, so nothing watches", async () => {
        const made = await system(SEALED);
        const { encryptedData } = SEALED.sealedSecrets.databaseSecret;
        const databaseSecret = {
            ...SEALED.sealedSecrets.databaseSecret,
            encryptedData: { ...encryptedData, DB_PASSWORD: `${encryptedData.DB_USER?.slice(0, -3) ?? ""}y==` },
        };
        const changed = await system({ sealedSecrets: { databaseSecret } });
        const key = "checksum/database-secret";
        assert.notEqual(annotations(changed, "bots-jobqueue")[key], annotations(made, "bots-jobqueue")[key]);
        assert.equal(made.filter(({ name }) => name.includes("secret-watch")).length, 0);
    });

    it("has the type that its readers ask for, and is bound to its name unless it says otherwise", async () => {
        const tlsSecret = { encryptedData: sealed("tls.crt", "tls.key") };
        const { spec, metadata } = find(
            await system({ ...OTHERS, sealedSecrets: { tlsSecret } }),
            "SealedSecret",
            "bots-tls",
        ).inputs;
        assert.deepEqual(spec.template, { type: "kubernetes.io/tls", metadata: { annotations: KEPT } });
        assert.deepEqual(metadata.annotations, { "pulumi.com/waitFor": SYNCED });
    });
});
