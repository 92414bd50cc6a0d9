/** Objects of the cluster by their names alone. */
import { type Kubectl } from "../kubectl";
import { type Manifest } from "../manifests";

type Labels = Readonly<Record<string, string>>;

/** An object as it is on the cluster. */
export interface LiveObject extends Manifest {
    readonly metadata: Manifest["metadata"] & {
        readonly uid: string;
        readonly generation?: number;
        readonly labels?: Labels;
        readonly annotations?: Labels;
        readonly deletionTimestamp?: string;
        readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
        readonly managedFields?: readonly { readonly manager: string }[];
    };
    readonly immutable?: boolean;
    readonly status?: { readonly phase?: string };
}

/** An object by its name alone. */
export type Reference = Pick<Manifest, "apiVersion" | "kind" | "metadata">;

/** The name of an object; `home` is the namespace of one that does not say. */
export function referenceTo({ apiVersion, kind, metadata }: Reference, home?: string): Reference {
    return { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? home } };
}

/** Those of the objects that are there, whole. Options are those of `kubectl get`. */
export async function getAll(
    kubectl: Kubectl,
    references: readonly Reference[],
    ...options: string[]
): Promise<LiveObject[]> {
    const items = references.map((reference) => referenceTo(reference));
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    return objectsIn(await kubectl.run(["get", "--ignore-not-found", "-o", "json", ...options, "-f", "-"], { input }));
}

/** The objects of what `kubectl get -o json` says: a list, one alone, or nothing. */
export function objectsIn(text: string): LiveObject[] {
    if (text.trim() === "") return [];
    const found = JSON.parse(text) as LiveObject | { readonly items: LiveObject[] };
    return "items" in found ? found.items : [found];
}
