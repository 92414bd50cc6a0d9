/** Secrets from outside: the stores of External Secrets, what is taken from them, and sealed Secrets. */
import { z } from "zod";
import * as formats from "../formats";
import { NAMED_SECRET_SETTINGS } from "./namedSecrets";

type Group = Readonly<Record<string, unknown>>;

/** How many of some keys a group has. */
const given = (group: Group, keys: readonly string[]) => keys.filter((key) => group[key] !== undefined).length;

const exactlyOne = (...keys: string[]) =>
    [(group: Group) => given(group, keys) === 1, { message: `takes exactly one of ${keys.join(", ")}` }] as const;

const atMostOne = (...keys: string[]) =>
    [(group: Group) => given(group, keys) <= 1, { message: `takes at most one of ${keys.join(", ")}` }] as const;

/** One value of a Secret that exists in the stack's namespace. */
const secretValue = (what: string) =>
    z
        .strictObject({
            name: formats.objectName.describe("Name of the existing Secret."),
            key: formats.secretKey.describe("Key of it."),
        })
        .describe(what);

const serviceAccount = formats.objectName.describe("Existing ServiceAccount that the controller logs in as.");

const authorities = z
    .strictObject({
        configMap: formats.objectName.describe("Name of the existing ConfigMap."),
        key: formats.secretKey.default("ca.crt").describe("Key of it."),
    })
    .describe("Authorities of the server's certificate");

const existing = z.strictObject({
    name: formats.objectName.describe("Name of the store."),
    kind: z
        .enum(["ClusterSecretStore", "SecretStore"])
        .default("ClusterSecretStore")
        .describe("Whether it serves all namespaces, or this one."),
});

const vault = z
    .strictObject({
        server: formats.serverUrl.describe("Address of Vault, or of OpenBao."),
        path: formats.upstreamName.default("secret").describe("Where its KV engine is mounted."),
        version: z.enum(["v1", "v2"]).default("v2").describe("Version of that engine."),
        namespace: formats.upstreamName.optional().describe("Namespace of Vault Enterprise; its root without it."),
        authorities: authorities.optional().describe("Authorities of its certificate; the public ones without it."),
        kubernetes: z
            .strictObject({
                role: formats.upstreamName.describe("Role of Vault."),
                mountPath: formats.upstreamName.default("kubernetes").describe("Where the login is mounted."),
                serviceAccount,
            })
            .optional()
            .describe("Log in as a ServiceAccount of this cluster."),
        appRole: z
            .strictObject({
                roleId: formats.upstreamName.describe("Id of the role."),
                mountPath: formats.upstreamName.default("approle").describe("Where the login is mounted."),
                secretId: secretValue("Its secret id."),
            })
            .optional()
            .describe("Log in by an AppRole."),
        token: secretValue("Log in by a token.").optional(),
    })
    .refine(...exactlyOne("kubernetes", "appRole", "token"));

const aws = z
    .strictObject({
        region: formats.upstreamName.describe("Region, such as `eu-central-1`."),
        service: z
            .enum(["SecretsManager", "ParameterStore"])
            .default("SecretsManager")
            .describe("Which of the two services."),
        role: formats.upstreamName.optional().describe("ARN of a role to assume."),
        serviceAccount: serviceAccount.optional().describe("ServiceAccount with the annotation of its role (IRSA)."),
        accessKey: z
            .strictObject({ id: secretValue("Its id."), secret: secretValue("The key itself.") })
            .optional()
            .describe("An access key; without it and `serviceAccount` the controller's own identity."),
    })
    .refine(...atMostOne("serviceAccount", "accessKey"));

const azure = z
    .strictObject({
        vaultUrl: formats.serverUrl.describe("Address of the Key Vault."),
        tenantId: formats.upstreamName
            .optional()
            .describe("Tenant; with a workload identity that of its ServiceAccount."),
        workloadIdentity: z
            .strictObject({ serviceAccount })
            .optional()
            .describe("Log in as a ServiceAccount with the annotations of its identity."),
        managedIdentity: z
            .strictObject({
                id: formats.upstreamName.optional().describe("Client id; the only one of the node without it."),
            })
            .optional()
            .describe("Log in as an identity of the node."),
        servicePrincipal: z
            .strictObject({ clientId: secretValue("Its id."), clientSecret: secretValue("Its secret.") })
            .optional()
            .describe("Log in as a service principal."),
    })
    .refine(...exactlyOne("workloadIdentity", "managedIdentity", "servicePrincipal"))
    .refine(({ servicePrincipal, tenantId }) => servicePrincipal === undefined || tenantId !== undefined, {
        path: ["tenantId"],
        message: "takes the tenant of servicePrincipal",
    });

const gcp = z
    .strictObject({
        projectId: formats.upstreamName.describe("Project whose secrets are taken."),
        location: formats.upstreamName.optional().describe("Region of regional secrets."),
        workloadIdentity: z
            .strictObject({
                serviceAccount,
                clusterName: formats.upstreamName
                    .optional()
                    .describe("Name of the cluster; what the node says without it."),
                clusterLocation: formats.upstreamName.optional().describe("Its location; the same."),
            })
            .optional()
            .describe("Log in as a ServiceAccount with the annotation of its identity."),
        key: secretValue(
            "Key of a service account; without it and `workloadIdentity` the controller's own identity.",
        ).optional(),
    })
    .refine(...atMostOne("workloadIdentity", "key"));

const kubernetes = z
    .strictObject({
        namespace: formats.namespaceName.describe("Namespace of the Secrets that are taken."),
        server: formats.serverUrl.optional().describe("Address of another cluster; this one without it."),
        authorities: authorities
            .prefault({ configMap: "kube-root-ca.crt" })
            .describe("Authorities of its certificate; this cluster's without it."),
        serviceAccount: serviceAccount.optional(),
        token: secretValue("Token of another cluster.").optional(),
    })
    .refine(...exactlyOne("serviceAccount", "token"));

/** A store of External Secrets. */
export const secretStore = z
    .strictObject({
        existing: existing.optional().describe("A store that is there."),
        vault: vault.optional().describe("HashiCorp Vault."),
        aws: aws.optional().describe("AWS Secrets Manager, or its Parameter Store."),
        azure: azure.optional().describe("Azure Key Vault."),
        gcp: gcp.optional().describe("Google Secret Manager."),
        kubernetes: kubernetes.optional().describe("Secrets of another namespace, or of another cluster."),
    })
    .refine(...exactlyOne("existing", "vault", "aws", "azure", "gcp", "kubernetes"));

/** What is taken from the store for one Secret. */
const externalSecret = z
    .strictObject({
        extract: formats.upstreamName
            .optional()
            .describe("Name of the secret in the store of which every field becomes a key."),
        keys: z
            .record(
                formats.secretKey,
                z.strictObject({
                    key: formats.upstreamName.describe("Name of the secret in the store."),
                    property: formats.upstreamName.optional().describe("Field of it; all of it without it."),
                    version: formats.upstreamName.optional().describe("Version of it; the newest without it."),
                }),
            )
            .default({})
            .describe("Keys of the Secret, and what each is taken from; beside `extract`, in place of its own."),
        refreshSeconds: formats.seconds.default(60).describe("Seconds between two looks at the store."),
    })
    .refine(({ extract, keys }) => extract !== undefined || Object.keys(keys).length > 0, {
        message: "takes extract, keys or both",
    });

const sealedSecret = z.strictObject({
    encryptedData: z
        .record(formats.secretKey, formats.sealed)
        .refine((values) => Object.keys(values).length > 0, { message: "takes at least one key" })
        .describe("Sealed values by their keys, as `kubeseal` prints them."),
    scope: z
        .enum(["strict", "namespace-wide", "cluster-wide"])
        .default("strict")
        .describe("What `kubeseal --scope` was given. The database's Secret takes one of the wider ones."),
});

/** An entry for each Secret that comes so, by the setting that names it. */
const byName = <T extends z.ZodType>(form: T) => z.partialRecord(z.enum(NAMED_SECRET_SETTINGS), form).default({});

export const externalSecrets = byName(externalSecret);
export const sealedSecrets = byName(sealedSecret);

export type SecretStoreSettings = z.output<typeof secretStore>;
export type ExternalSecretSettings = z.output<typeof externalSecret>;
export type SealedSecretSettings = z.output<typeof sealedSecret>;
