import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../operations/exec";
import { makeWhole } from "../makeWhole";

/** A one-layer image: files, links and how to start it. */
export interface SmallImage {
    /** Full name with a registry part and a tag, as `localhost/name:tag`. */
    ref: string;
    /** Path in the image → file on this machine; all are executable. */
    files: Record<string, string>;
    /** Whether the libraries of this machine that the files load come with them. Default: they are static. */
    isLinked?: boolean;
    /** Path in the image → what the link points to. */
    links?: Record<string, string>;
    folders?: string[];
    entrypoint?: string[];
    command?: string[];
    user?: string;
}

/** Tar options that make the same files give the same bytes, whoever packs them and when. */
const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];

/** Writes a Docker archive, which `ctr images import`, skopeo and podman take. It appears whole or not at all. */
export function writeArchive(image: SmallImage, archive: string): Promise<void> {
    return makeWhole(archive, async (scratch) => {
        const layer = join(scratch, "layer.tar");
        await packLayer(image, join(scratch, "root"), layer);
        const write = (name: string, content: object) => {
            writeFileSync(join(scratch, name), JSON.stringify(content));
        };
        write("manifest.json", [{ Config: "config.json", RepoTags: [image.ref], Layers: ["layer.tar"] }]);
        write("config.json", {
            architecture: process.arch === "arm64" ? "arm64" : "amd64",
            os: "linux",
            config: { Entrypoint: image.entrypoint, Cmd: image.command, User: image.user, Env: ["PATH=/bin"] },
            rootfs: {
                type: "layers",
                diff_ids: [`sha256:${createHash("sha256").update(readFileSync(layer)).digest("hex")}`],
            },
        });
        const whole = join(scratch, "image.tar");
        await run("tar", [...reproducible, "-cf", whole, "-C", scratch, "manifest.json", "config.json", "layer.tar"]);
        return whole;
    });
}

async function packLayer(image: SmallImage, root: string, layer: string): Promise<void> {
    const { files, links = {}, folders = [], isLinked = false } = image;
    const libraries = isLinked ? await librariesOf(Object.values(files)) : {};
    for (const folder of ["", ...folders]) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
    for (const [path, source] of Object.entries({ ...libraries, ...files })) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        copyFileSync(source, join(root, path));
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
    await run("tar", [...reproducible, "--mode=0755", "-cf", layer, "-C", root, "."]);
}

/** The libraries that commands load, the loader among them: path in the image → file. */
async function librariesOf(commands: readonly string[]): Promise<Record<string, string>> {
    const lines = await run("ldd", commands);
    return Object.fromEntries([...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => [path.slice(1), path]));
}
