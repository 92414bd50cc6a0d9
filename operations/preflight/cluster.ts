/** The cluster itself: which it is, its version, what the stack asks it to have. */
import { recordName } from "../../rightCluster";
import { lastLine } from "../exec";
import { Pulumi, resourcesOf, type StateResource } from "../pulumi";
import { type Context, kindOf } from "./context";
import { fatal, fine, type Finding, warning } from "./finding";

/** The oldest Kubernetes with all that the objects use: init containers that go on beside the others. */
const OLDEST = [1, 29] as const;

interface Named {
    readonly metadata: { readonly uid: string };
}

/** The uid that the program has recorded, by what `pulumi stack export` prints; undefined before the first update. */
export function recordedUid(state: string, namespace: string): string | undefined {
    const isRecord = ({ urn }: StateResource) => urn.endsWith(`::pulumi:index:Stash::${recordName(namespace)}`);
    return resourcesOf(state).find(isRecord)?.outputs?.output as string | undefined;
}

/** Whether it is the stack's own: that of its first update. */
export async function checkIdentity({ kubectl, root, stack, settings }: Context): Promise<Finding[]> {
    const { clusterNamespace } = settings;
    const { uid } = (await kubectl.get<Named>("namespace", clusterNamespace)).metadata;
    const context = (await kubectl.try(["config", "current-context"])).stdout.trim() || "none";
    const unreadable = (error: unknown) => ({ code: 1, stdout: "", stderr: (error as Error).message });
    const { code, stdout, stderr } = await new Pulumi(root, stack).tryExport().catch(unreadable);
    if (code !== 0 && !stderr.includes("no stack named")) {
        const why = `whether the cluster is the stack's is not known: ${lastLine(stderr)}`;
        return [warning(why, "pulumi login, and look again")];
    }
    const own = code === 0 ? recordedUid(stdout, clusterNamespace) : undefined;
    if (own === undefined)
        return [fine(`no update has recorded the stack's cluster yet: this one, ${uid}, will be it`)];
    if (own === uid) return [fine(`the cluster, ${uid}, is the stack's`)];
    const what = `the cluster is another one than the stack's: ${clusterNamespace} has the uid ${uid}, not ${own}`;
    return [fatal(`${what} (current context ${context})`, "set KUBECONFIG or kubeContext to the stack's cluster")];
}

/** Whether a version, such as `v1.35.4`, is new enough. */
export function isNewEnough(version: string): boolean {
    const [major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
    return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Its version. */
export async function checkVersion({ kubectl }: Context): Promise<Finding[]> {
    const { serverVersion } = JSON.parse(await kubectl.run(["version", "-o", "json"])) as {
        serverVersion: { gitVersion: string };
    };
    const version = serverVersion.gitVersion;
    return isNewEnough(version)
        ? [fine(`Kubernetes ${version}`)]
        : [fatal(`Kubernetes ${version} is too old`, `takes ${OLDEST.join(".")} or newer: update the cluster`)];
}

/** The namespace, where the stack does not make it. */
export function checkNamespace({ settings, hasNamespace }: Context): Finding[] {
    const { namespace, createNamespace } = settings;
    if (hasNamespace) return [fine(`namespace ${namespace} is there`)];
    if (createNamespace) return [fine(`namespace ${namespace} will be made`)];
    const todo = `kubectl create namespace ${namespace}, then its Secrets (README.md, Deploy it on your cluster)`;
    return [fatal(`namespace ${namespace} is not there, and the stack does not make it (createNamespace)`, todo)];
}

/** Where to get the kinds that Kubernetes does not have by itself. */
const SOURCES: Readonly<Record<string, string>> = {
    "cert-manager.io/v1": "install cert-manager, or take ingress.certificateIssuer out of the stack",
    "external-secrets.io/v1": "install External Secrets 0.16 or newer, or take externalSecrets out of the stack",
    "bitnami.com/v1alpha1": "install Sealed Secrets, or take sealedSecrets out of the stack",
    "argoproj.io/v1alpha1": "install Argo Events, or take imageUpdater out of the stack",
    "monitoring.coreos.com/v1":
        "install the Prometheus operator, or set monitoring.serviceMonitor and monitoring.rules to false",
};

/** Whether the cluster knows every kind that the stack makes. */
export function checkKinds(context: Context): Finding[] {
    const unknown = context.manifests.filter((manifest) => !kindOf(context, manifest));
    if (unknown.length === 0) return [fine("the cluster knows every kind of object that the stack makes")];
    return unknown.map(({ kind, apiVersion }) =>
        fatal(`the cluster knows no ${kind} of ${apiVersion}`, SOURCES[apiVersion] ?? "update the cluster"),
    );
}

/** What the stack names and does not make, in the cluster and in other namespaces. */
export async function checkNeighbours(context: Context): Promise<Finding[]> {
    const { settings, kubectl } = context;
    const { storageClass, database, ingress, priorityClass, imageUpdater, secretStore } = settings;
    const classes = new Set([storageClass, ...(database?.storageClass ? [database.storageClass] : [])]);
    const wanted: [what: string[], setting: string][] = [
        ...[...classes].map((name): [string[], string] => [["storageclass", name], "storageClass"]),
        ...(ingress ? [[["ingressclass", ingress.className], "ingress.className"] as [string[], string]] : []),
        ...(priorityClass ? [[["priorityclass", priorityClass], "priorityClass"] as [string[], string]] : []),
    ];
    const store = secretStore?.existing;
    if (store && context.kinds.some(({ kind }) => kind === store.kind)) {
        const there = store.kind === "SecretStore" ? ["-n", settings.namespace] : [];
        wanted.push([[store.kind.toLowerCase(), store.name, ...there], "secretStore.existing.name"]);
    }
    if (imageUpdater && context.kinds.some(({ kind }) => kind === "EventSource")) {
        const there = ["-n", imageUpdater.namespace];
        wanted.push([["eventbus", imageUpdater.eventBus, ...there], "imageUpdater.eventBus"]);
        wanted.push([["eventsource", imageUpdater.eventSource, ...there], "imageUpdater.eventSource"]);
        const secret = imageUpdater.pullRequest?.secret;
        if (secret !== undefined) wanted.push([["secret", secret, ...there], "imageUpdater.pullRequest.secret"]);
    }
    return Promise.all(
        wanted.map(async ([what, setting]) => {
            const { code, stderr } = await kubectl.try(["get", ...what, "-o", "name"]);
            const named = `${what[0] ?? ""} ${what[1] ?? ""}`;
            if (code === 0) return fine(`${named} is there`);
            if (!stderr.includes("(NotFound)"))
                return warning(`${named} cannot be looked at: ${stderr.trim()}`, "see its line on rights");
            const all = (await kubectl.try(["get", what[0] ?? "", ...what.slice(2), "-o", "name"])).stdout;
            const names = all
                .trim()
                .split("\n")
                .map((name) => name.replace(/.*\//, ""))
                .filter(Boolean);
            const others = names.length > 0 ? `set ${setting} to one of ${names.join(", ")}, or make it` : "make it";
            return fatal(`${named} is not there`, others);
        }),
    );
}
