/** Whose an object is, where it is somebody else's: taken over, it would be taken back. */
import { type LiveObject } from "./objects";

/** Labels and annotations that say so, and what to call whose they are. */
const MARKS: readonly (readonly [key: string, owner: string])[] = [
    ["meta.helm.sh/release-name", "Helm release"],
    ["argocd.argoproj.io/instance", "Argo CD application"],
    ["argocd.argoproj.io/tracking-id", "Argo CD application"],
    ["kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"],
    ["helm.toolkit.fluxcd.io/name", "Flux HelmRelease"],
];

/** Field managers that say so. */
const MANAGERS: readonly (readonly [RegExp, string])[] = [
    [/^pulumi/, "another Pulumi stack"],
    [/^argocd/, "an Argo CD application"],
    [/^(kustomize|helm)-controller$/, "Flux"],
    [/^helm/, "a Helm release"],
];

const MANAGED_BY = "app.kubernetes.io/managed-by";

/** What people write there for themselves. */
const NOBODY = /^(kubectl|kustomize.*)$/i;

/** Words for whose it is; undefined where it is nobody's. */
export function ownerOf({ metadata }: LiveObject): string | undefined {
    const { labels = {}, annotations = {}, ownerReferences = [], managedFields = [] } = metadata;
    const [reference] = ownerReferences;
    if (reference) return `${reference.kind} ${reference.name}`;
    for (const [key, owner] of MARKS) {
        const value = annotations[key] ?? labels[key];
        if (value !== undefined) return `${owner} ${value}`;
    }
    const manager = managedFields.flatMap(
        ({ manager }) => MANAGERS.find(([pattern]) => pattern.test(manager)) ?? [],
    )[1];
    if (manager !== undefined) return manager as string;
    const managedBy = labels[MANAGED_BY];
    return managedBy === undefined || NOBODY.test(managedBy) ? undefined : managedBy;
}
