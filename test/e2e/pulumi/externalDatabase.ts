/** An external database for a test's stack: that of a stack which has one of its own, by default the sandbox's. */
import { NAMESPACE } from "../../../sandbox/bots";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";

const SECRET = "bots-edidb-secret";

interface Secret {
    readonly data: Readonly<Record<string, string>>;
}

/** Puts the credentials of that database into another namespace, some of them replaced. */
export async function putCredentials(
    namespace: string,
    changes: Record<string, string> = {},
    owner = NAMESPACE,
): Promise<void> {
    const { data } = JSON.parse(await kubectl(["get", "secret", SECRET, "-n", owner, "-o", "json"])) as Secret;
    const manifest = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: SECRET, namespace },
        data,
        stringData: { DB_HOST: `bots-db.${owner}.svc`, ...changes },
    };
    await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: JSON.stringify(manifest) });
}

/** Lets the pods of another namespace in: the database admits nobody but its own system. */
export async function admit(namespace: string, owner = NAMESPACE): Promise<void> {
    const policy = {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: namespace, namespace: owner },
        spec: {
            podSelector: { matchLabels: { app: "bots-edi", component: "database" } },
            ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }] }],
        },
    };
    await kubectl(["apply", "-f", "-"], { input: JSON.stringify(policy) });
}

/** Takes {@link admit} back. */
export async function dismiss(namespace: string, owner = NAMESPACE): Promise<void> {
    await tryKubectl(["delete", "networkpolicy", namespace, "-n", owner]);
}
