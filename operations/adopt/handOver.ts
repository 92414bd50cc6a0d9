/** A Deployment's selector never changes: another one takes its pods over, and rolls them as it rolls its own. */
import { type Manifest } from "../manifests";
import { type System } from "../system";
import { waitUntil } from "../wait";
import { selectedBy } from "./plan";

interface Owned {
    readonly metadata: {
        readonly name: string;
        readonly uid: string;
        readonly ownerReferences?: readonly { readonly uid: string }[];
    };
}

/** What a Deployment's ReplicaSets are, and their pods. */
async function ownedBy({ kubectl, settings }: System, name: string): Promise<{ sets: Owned[]; pods: Owned[] }> {
    const here = ["-n", settings.namespace];
    const deployment = await kubectl.get<Owned>("deployment", name, ...here);
    const children = async (kind: string, owners: readonly Owned[]) => {
        const uids = owners.map(({ metadata }) => metadata.uid);
        const { items } = await kubectl.get<{ items: Owned[] }>(kind, ...here);
        return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uids.includes(uid)));
    };
    const sets = await children("replicasets", [deployment]);
    return { sets, pods: await children("pods", sets) };
}

/**
 * Deletes a Deployment, and leaves its ReplicaSets, which keep their pods and are labelled so that the next one, with another
 * selector, finds them. Its own selector still does.
 */
export async function release(system: System, name: string, next: Manifest): Promise<void> {
    const { kubectl, settings } = system;
    const here = ["-n", settings.namespace];
    const { sets, pods } = await ownedBy(system, name);
    const labels = Object.entries(selectedBy(next)).map(([key, value]) => `${key}=${value}`);
    // The pods first: a Deployment that finds a ReplicaSet is to find its pods too. One that has ended meanwhile needs none.
    for (const { metadata } of pods)
        await kubectl.try(["label", "pod", metadata.name, ...here, "--overwrite", ...labels]);
    for (const { metadata } of sets) {
        await kubectl.run(["label", "replicaset", metadata.name, ...here, "--overwrite", ...labels]);
    }
    await kubectl.run(["delete", "deployment", name, ...here, "--cascade=orphan"]);
}

/** Takes a Deployment's pods away, and waits until they are gone. */
export async function stop(system: System, name: string): Promise<void> {
    await system.kubectl.run(["scale", "deployment", name, "-n", system.settings.namespace, "--replicas=0"]);
    const left = async () => {
        const { pods } = await ownedBy(system, name);
        return pods.length === 0 ? true : `${pods.length} are left`;
    };
    await waitUntil(`the pods of Deployment ${name} to end`, left, { timeout: 300, interval: 500 });
}
