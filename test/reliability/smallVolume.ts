/** A small volume of its own for a claim: what the kubelet measures, which it does not of the sandbox's other volumes. */
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../sandbox/cluster/kubectl";
import { nodeName, storageClass } from "../../sandbox/cluster/settings";
import { attempt, run } from "../../operations/exec";
import { stateDir } from "../../sandbox/paths";

const SIZE = "64Mi";

/** A file system in memory, bound to a claim that is made after it. */
export class SmallVolume {
    private constructor(
        private readonly name: string,
        private readonly folder: string,
    ) {}

    /** Makes it for a claim of a namespace. */
    static async of(namespace: string, claim: string): Promise<SmallVolume> {
        const name = `${namespace}-${claim}`;
        const volume = new SmallVolume(name, join(stateDir, "small-volumes", name));
        await volume.remove();
        mkdirSync(volume.folder, { recursive: true });
        await run("mount", ["-t", "tmpfs", "-o", "size=64m,mode=777", name, volume.folder]);
        const manifest = {
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name },
            spec: {
                capacity: { storage: SIZE },
                accessModes: ["ReadWriteMany"],
                storageClassName: storageClass,
                claimRef: { namespace, name: claim },
                local: { path: volume.folder },
                nodeAffinity: {
                    required: {
                        nodeSelectorTerms: [
                            {
                                matchExpressions: [
                                    { key: "kubernetes.io/hostname", operator: "In", values: [nodeName] },
                                ],
                            },
                        ],
                    },
                },
            },
        };
        await kubectl(["apply", "-f", "-"], { input: JSON.stringify(manifest) });
        return volume;
    }

    /** Leaves so much of it free; nothing by default. */
    fill(freeMebibytes = 0): void {
        const { bavail, bsize } = statfsSync(this.folder);
        try {
            writeFileSync(join(this.folder, "fill"), Buffer.alloc(bavail * bsize - freeMebibytes * 1024 * 1024));
        } catch (error) {
            // Others write to it too: then it is full all the same.
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
    }

    /** Gives back what was filled. */
    clear(): void {
        rmSync(join(this.folder, "fill"), { force: true });
    }

    /** Takes it away, whatever is in it. */
    async remove(): Promise<void> {
        await kubectl(["delete", "persistentvolume", this.name, "--ignore-not-found", "--timeout=60s"]);
        await attempt("umount", [this.folder]);
        rmSync(this.folder, { recursive: true, force: true });
    }
}
