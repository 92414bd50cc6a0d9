/** The rights of whoever deploys. */
import { type Context, kindOf } from "./context";
import { fatal, fine, type Finding } from "./finding";

const CHANGES = ["get", "list", "watch", "create", "patch", "delete"];
/** What an update looks at while it waits. */
const LOOKS = ["get", "list", "watch"];

/** One right that is asked for. */
export interface Right {
    readonly verb: string;
    readonly group: string;
    readonly resource: string;
    readonly namespace?: string;
}

const LOOKED_AT = [
    ["", "pods"],
    ["", "events"],
    ["apps", "replicasets"],
    ["", "endpoints"],
] as const;

/** Every right that an update of the stack needs, each once. */
export function rightsNeeded(context: Context): Right[] {
    const { settings, manifests } = context;
    const made = manifests.flatMap((manifest) => {
        const kind = kindOf(context, manifest);
        if (!kind) return [];
        const group = kind.apiVersion.includes("/") ? (kind.apiVersion.split("/")[0] ?? "") : "";
        const namespace = kind.isNamespaced ? (manifest.metadata.namespace ?? settings.namespace) : undefined;
        return CHANGES.map((verb) => ({ verb, group, resource: kind.resource, namespace }));
    });
    const { namespace } = settings;
    const all: Right[] = [
        ...made,
        ...LOOKED_AT.flatMap(([group, resource]) => LOOKS.map((verb) => ({ verb, group, resource, namespace }))),
        { verb: "get", group: "storage.k8s.io", resource: "storageclasses" },
        ...(settings.createNamespace || !settings.labelNamespace
            ? []
            : ["get", "patch"].map((verb) => ({ verb, group: "", resource: "namespaces" }))),
    ];
    return [...new Map(all.map((right) => [JSON.stringify(right), right])).values()];
}

interface Review {
    readonly spec: { readonly resourceAttributes: Right };
    readonly status?: { readonly allowed: boolean };
}

/** Asks the cluster for each of them. */
export async function checkRights(context: Context): Promise<Finding[]> {
    const needed = rightsNeeded(context);
    const items = needed.map((resourceAttributes) => ({
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
    }));
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const answer = await context.kubectl.run(["create", "-o", "json", "-f", "-"], { input });
    const reviews = reviewsOf(answer);
    const refused = reviews.filter(({ status }) => !status?.allowed).map(({ spec }) => spec.resourceAttributes);
    if (refused.length === 0) return [fine(`whoever deploys has all ${needed.length} rights`)];
    const byResource = new Map<string, string[]>();
    for (const { verb, group, resource, namespace } of refused) {
        const what = `${resource}${group ? `.${group}` : ""} ${namespace === undefined ? "in the cluster" : `in namespace ${namespace}`}`;
        byResource.set(what, [...(byResource.get(what) ?? []), verb]);
    }
    return [...byResource].map(([what, verbs]) =>
        fatal(
            `whoever deploys may not ${verbs.join(", ")} ${what}`,
            "give the kubeconfig's user these rights (docs/ci.md, What the kubeconfig has to allow)",
        ),
    );
}

/** kubectl prints one object after the other, or one List of them. */
function reviewsOf(answer: string): Review[] {
    const separate = `[${answer.replaceAll(/^\}\s*\{/gm, "},{")}]`;
    return (JSON.parse(separate) as (Review | { items: Review[] })[]).flatMap((one) =>
        "items" in one ? one.items : [one],
    );
}
