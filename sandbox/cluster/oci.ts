import { createHash } from "node:crypto";
import {
    copyFileSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    renameSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../exec";

/** A one-layer image: files, links and how to start it. */
export interface SmallImage {
    /** Full name with a registry part and a tag, as `localhost/name:tag`. */
    ref: string;
    /** Path in the image → file on this machine; all are executable. */
    files: Record<string, string>;
    /** Path in the image → what the link points to. */
    links?: Record<string, string>;
    folders?: string[];
    entrypoint?: string[];
    command?: string[];
    user?: string;
}

interface Descriptor {
    mediaType: string;
    digest: string;
    size: number;
    annotations?: Record<string, string>;
}

/** Tar options that make the same files give the same bytes, whoever packs them and when. */
const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];

/** Writes an OCI archive that `ctr images import`, skopeo and podman take. It appears whole or not at all. */
export async function writeOciArchive(image: SmallImage, archive: string): Promise<void> {
    mkdirSync(dirname(archive), { recursive: true });
    const work = mkdtempSync(`${archive}.partial-`);
    try {
        const layout = join(work, "layout");
        const blobs = join(layout, "blobs", "sha256");
        mkdirSync(blobs, { recursive: true });
        const layer = addBlob(blobs, await packLayer(image, work), "application/vnd.oci.image.layer.v1.tar");
        const config = addJson(blobs, imageConfig(image, layer.digest), "application/vnd.oci.image.config.v1+json");
        const manifestType = "application/vnd.oci.image.manifest.v1+json";
        const manifest = addJson(
            blobs,
            { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] },
            manifestType,
        );
        const annotations = { "io.containerd.image.name": image.ref, "org.opencontainers.image.ref.name": image.ref };
        writeJson(join(layout, "index.json"), { schemaVersion: 2, manifests: [{ ...manifest, annotations }] });
        writeJson(join(layout, "oci-layout"), { imageLayoutVersion: "1.0.0" });
        const whole = join(work, "image.tar");
        await run("tar", [...reproducible, "-cf", whole, "-C", layout, "blobs", "index.json", "oci-layout"]);
        renameSync(whole, archive);
    } finally {
        rmSync(work, { recursive: true, force: true });
    }
}

async function packLayer({ files, links = {}, folders = [] }: SmallImage, work: string): Promise<Buffer> {
    const root = join(work, "root");
    for (const folder of ["", ...folders]) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
    for (const [path, source] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        copyFileSync(source, join(root, path));
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
    const packed = join(work, "layer.tar");
    await run("tar", [...reproducible, "--mode=0755", "-cf", packed, "-C", root, "."]);
    return readFileSync(packed);
}

function imageConfig({ entrypoint, command, user }: SmallImage, layer: string) {
    return {
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        os: "linux",
        config: { Entrypoint: entrypoint, Cmd: command, User: user, Env: ["PATH=/bin"] },
        rootfs: { type: "layers", diff_ids: [layer] },
    };
}

function addJson(blobs: string, content: object, mediaType: string): Descriptor {
    return addBlob(blobs, Buffer.from(JSON.stringify(content)), mediaType);
}

function addBlob(blobs: string, content: Buffer, mediaType: string): Descriptor {
    const hex = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(blobs, hex), content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
}

function writeJson(file: string, content: object): void {
    writeFileSync(file, JSON.stringify(content));
}
