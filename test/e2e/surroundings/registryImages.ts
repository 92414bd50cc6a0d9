/** Images in the sandbox's registry, and out of the node. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../operations/exec";
import { ctr } from "../../../sandbox/cluster/ctr";
import { nodeImages } from "../../../sandbox/cluster/images";
import { layout } from "../../../sandbox/cluster/layout";
import { registryLogin } from "../../../sandbox/surroundings/registry";

interface Descriptor {
    readonly digest: string;
    readonly size: number;
}

interface ImageManifest {
    readonly mediaType: string;
    readonly config: Descriptor;
}

interface ImageConfig {
    readonly config: { readonly Labels?: Record<string, string> };
}

const content = async <T>(digest: string) => JSON.parse(await ctr(["content", "get", digest])) as T;

/** What the node knows an image by until it is pushed. */
const SCRATCH = "localhost/to-be-pushed:1";

/**
 * Pushes an image of the node under a name of the registry, which the node itself does not learn. A label makes it another
 * image: one that a node has pulled with a login runs by no other name without one (Kubernetes 1.35).
 *
 * @param source - name of the node's image
 * @param reference - whole name in the registry
 * @param label - whatever tells it from others that are made of the same source
 * @returns its digest
 */
export async function publish(source: string, reference: string, label: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-image-"));
    const blobs = join(folder, "blobs", "sha256");
    mkdirSync(blobs, { recursive: true });
    const blob = (value: object): Descriptor => {
        const bytes = Buffer.from(JSON.stringify(value));
        const hex = createHash("sha256").update(bytes).digest("hex");
        writeFileSync(join(blobs, hex), bytes);
        return { digest: `sha256:${hex}`, size: bytes.length };
    };
    try {
        const manifest = await content<ImageManifest>((await nodeImages()).get(source) ?? source);
        const config = await content<ImageConfig>(manifest.config.digest);
        const labelled = { ...config, config: { ...config.config, Labels: { ...config.config.Labels, label } } };
        const { digest, size } = blob({ ...manifest, config: { ...manifest.config, ...blob(labelled) } });
        const annotations = { "io.containerd.image.name": SCRATCH };
        const index = {
            schemaVersion: 2,
            manifests: [{ mediaType: manifest.mediaType, digest, size, annotations }],
        };
        writeFileSync(join(folder, "index.json"), JSON.stringify(index));
        writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
        const archive = join(folder, "image.tar");
        await run("tar", ["-cf", archive, "-C", folder, "oci-layout", "index.json", "blobs"]);
        // Its layers are the source's, which the node has.
        await ctr(["images", "import", archive]);
        const { user, password } = registryLogin();
        const login = ["--hosts-dir", layout.registries, "--user", `${user}:${password}`];
        await ctr(["images", "push", ...login, reference, SCRATCH]);
        return digest;
    } finally {
        await forget((name) => name === SCRATCH);
        rmSync(folder, { recursive: true });
    }
}

/** Has the node forget images by their names: it is then like a node that never had them. */
export async function forget(isMeant: (name: string) => boolean): Promise<void> {
    const names = [...(await nodeImages()).keys()].filter(isMeant);
    if (names.length > 0) await ctr(["images", "remove", "--sync", ...names]);
}
