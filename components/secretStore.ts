/** The store that Secrets from outside are taken from, as External Secrets knows it. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SecretStoreSettings } from "../settings/outsideSecrets";
import { labels } from "./labels";
import { MADE_ANEW, timeouts } from "./part";

/** A store as ExternalSecrets name it. */
export interface StoreRef {
    readonly name: string;
    readonly kind: "SecretStore" | "ClusterSecretStore";
}

/** Name of the store where it is made here. */
const STORE = "bots-edi-secrets";

/** Seconds that External Secrets may take to log in at a store, or to take a secret from it. */
export const READY_SECONDS = 60;

/** Annotation of an object that an update waits for until External Secrets says that it is ready. */
export const WAIT_FOR_READY = { "pulumi.com/waitFor": "condition=Ready" };

type Of<Provider extends keyof SecretStoreSettings> = NonNullable<SecretStoreSettings[Provider]>;

interface Authorities {
    readonly configMap: string;
    readonly key: string;
}

const account = (name: string) => ({ serviceAccountRef: { name } });

const caProvider = ({ configMap, key }: Authorities) => ({ caProvider: { type: "ConfigMap", name: configMap, key } });

function vault({ server, path, version, namespace, authorities, kubernetes, appRole, token }: Of<"vault">): object {
    return {
        server,
        path,
        version,
        namespace,
        ...(authorities && caProvider(authorities)),
        auth: {
            ...(kubernetes && {
                kubernetes: {
                    mountPath: kubernetes.mountPath,
                    role: kubernetes.role,
                    ...account(kubernetes.serviceAccount),
                },
            }),
            ...(appRole && {
                appRole: { path: appRole.mountPath, roleId: appRole.roleId, secretRef: appRole.secretId },
            }),
            ...(token && { tokenSecretRef: token }),
        },
    };
}

function aws({ region, service, role, serviceAccount, accessKey }: Of<"aws">): object {
    return {
        region,
        service,
        role,
        ...(serviceAccount !== undefined && { auth: { jwt: account(serviceAccount) } }),
        ...(accessKey && {
            auth: {
                secretRef: { accessKeyIDSecretRef: accessKey.id, secretAccessKeySecretRef: accessKey.secret },
            },
        }),
    };
}

function azure({ vaultUrl, tenantId, workloadIdentity, managedIdentity, servicePrincipal }: Of<"azure">): object {
    return {
        vaultUrl,
        tenantId,
        ...(workloadIdentity && { authType: "WorkloadIdentity", ...account(workloadIdentity.serviceAccount) }),
        ...(managedIdentity && { authType: "ManagedIdentity", identityId: managedIdentity.id }),
        ...(servicePrincipal && { authType: "ServicePrincipal", authSecretRef: servicePrincipal }),
    };
}

function gcp({ projectId, location, workloadIdentity, key }: Of<"gcp">): object {
    return {
        projectID: projectId,
        location,
        ...(workloadIdentity && {
            auth: {
                workloadIdentity: {
                    clusterName: workloadIdentity.clusterName,
                    clusterLocation: workloadIdentity.clusterLocation,
                    ...account(workloadIdentity.serviceAccount),
                },
            },
        }),
        ...(key && { auth: { secretRef: { secretAccessKeySecretRef: key } } }),
    };
}

function kubernetes({ namespace, server, authorities, serviceAccount, token }: Of<"kubernetes">): object {
    return {
        remoteNamespace: namespace,
        server: { url: server, ...caProvider(authorities) },
        auth: {
            ...(serviceAccount !== undefined && { serviceAccount: { name: serviceAccount } }),
            ...(token && { token: { bearerToken: token } }),
        },
    };
}

/** The one provider of the store, as the kind SecretStore has it. */
function provider(store: SecretStoreSettings): object {
    return {
        ...(store.vault && { vault: vault(store.vault) }),
        ...(store.aws && { aws: aws(store.aws) }),
        ...(store.azure && { azurekv: azure(store.azure) }),
        ...(store.gcp && { gcpsm: gcp(store.gcp) }),
        ...(store.kubernetes && { kubernetes: kubernetes(store.kubernetes) }),
    };
}

/** The store by its name, and SecretStore `bots-edi-secrets` unless it exists: an update waits until the controller can log in. */
export function secretStore(
    name: string,
    { namespace, store }: { readonly namespace: string; readonly store: SecretStoreSettings },
    opts: pulumi.CustomResourceOptions,
): { ref: StoreRef; made: pulumi.Resource[] } {
    if (store.existing) return { ref: store.existing, made: [] };
    const made = new k8s.apiextensions.CustomResource(
        name,
        {
            apiVersion: "external-secrets.io/v1",
            kind: "SecretStore",
            metadata: { name: STORE, namespace, labels: labels("config"), annotations: WAIT_FOR_READY },
            spec: { provider: provider(store) },
        },
        // Made anew, so that what says whether it is ready speaks of this one. Secrets stay as they are meanwhile.
        { ...opts, ...MADE_ANEW, ...timeouts(READY_SECONDS, 0) },
    );
    return { ref: { name: STORE, kind: "SecretStore" }, made: [made] };
}
