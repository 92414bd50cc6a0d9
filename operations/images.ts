/** Whether pods that name one image run one image. */

interface Container {
    readonly name: string;
    readonly image: string;
}

interface ContainerStatus {
    readonly name: string;
    /** With the digest that the node has pulled; empty before it has. */
    readonly imageID: string;
}

/** A pod, as far as it tells what it runs. */
export interface Pod {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly containers: readonly Container[] };
    readonly status: { readonly phase?: string; readonly containerStatuses?: readonly ContainerStatus[] };
}

/** A line for each image whose tag has moved in the registry: a node that had it keeps what it had, another one pulls what is new. */
export function movedTags(pods: readonly Pod[]): string[] {
    const runs = new Map<string, Map<string, string[]>>();
    for (const { metadata, spec, status } of pods) {
        if (metadata.deletionTimestamp !== undefined || status.phase === "Succeeded" || status.phase === "Failed")
            continue;
        for (const { name, imageID } of status.containerStatuses ?? []) {
            const image = spec.containers.find((container) => container.name === name)?.image;
            const digest = imageID.replace(/^.*@/, "");
            if (image === undefined || digest === "") continue;
            const digests = runs.get(image) ?? new Map<string, string[]>();
            runs.set(image, digests.set(digest, [...(digests.get(digest) ?? []), metadata.name]));
        }
    }
    return [...runs]
        .filter(([, digests]) => digests.size > 1)
        .map(([image, digests]) => {
            const each = [...digests].map(([digest, names]) => `${digest} in ${[...new Set(names)].join(", ")}`);
            return `${image} is not one image: ${each.join("; ")}; pin one by its digest (docs/operations.md, Which bytes run)`;
        });
}
