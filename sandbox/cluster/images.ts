import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { buildImages, type Image } from "../../image/build";
import { binaryPath } from "./binaries";
import { ctr } from "./ctr";
import { SandboxError } from "../errors";
import { writeWhole } from "../writeWhole";
import { cache, layout } from "./layout";
import { type SmallImage, writeArchive } from "./smallImage";
import { busybox } from "./packages";

/** What the names of all images that are made for the sandbox begin with. */
export const imagePrefix = "localhost/bots-edi-sandbox";

/** The cluster's own images, made here because no registry is asked. */
export const images = {
    pause: `${imagePrefix}/pause:1`,
    busybox: `${imagePrefix}/busybox:1`,
    coredns: `${imagePrefix}/coredns:1`,
    provisioner: `${imagePrefix}/local-path-provisioner:1`,
} as const;

/** As the first process of its pod it ends at SIGTERM only because it says so. */
const pauseScript = "trap 'exit 0' TERM; sleep infinity & wait";

const nobody = "65534:65534";

/** The image of one static command, which runs as nobody. */
export function commandImage(ref: string, command: string): SmallImage {
    const path = `bin/${basename(command)}`;
    return { ref, files: { [path]: command }, entrypoint: [`/${path}`], user: nobody };
}

/** Has the cluster's own images in the node. Returns how many had to be imported. */
export function provideClusterImages(): Promise<number> {
    return provideImages(clusterImages());
}

/** Builds the archives that the cache lacks and imports those that the node lacks. Returns how many it imported. */
export async function provideImages(wanted: readonly SmallImage[]): Promise<number> {
    let imported = 0;
    for (const image of wanted) {
        const archive = archiveOf(image);
        if (!existsSync(archive)) await writeArchive(image, archive);
        if ((await importImage(archive)) === "imported") imported++;
    }
    return imported;
}

/**
 * Imports an image archive (OCI or Docker format) into the node under the names that it carries.
 * An archive that was imported before, and whose images the node still holds, is left alone.
 */
export async function importImage(archive: string): Promise<"imported" | "present"> {
    if (!existsSync(archive)) throw new SandboxError(`there is no image archive ${archive}`);
    const record = importRecord(archive);
    if (existsSync(record)) {
        const held = await nodeImages();
        const images = Object.entries(JSON.parse(readFileSync(record, "utf8")) as Record<string, string>);
        if (images.every(([ref, digest]) => held.get(ref) === digest)) return "present";
    }
    const said = await ctr(["images", "import", archive]);
    const images = [...said.matchAll(/^unpacking (\S+) \((sha256:[0-9a-f]+)\)/gm)].map(([, ref, digest]) => [
        ref,
        digest,
    ]);
    if (images.length === 0) throw new SandboxError(`the archive ${archive} holds no image with a full name`);
    writeWhole(record, JSON.stringify(Object.fromEntries(images)));
    return "imported";
}

/** Imports images into the node, built where the cache lacks them: the sandbox's, or others. Returns what became of each. */
export async function importProjectImages(folders?: readonly Image[]): Promise<string> {
    const done: string[] = [];
    for (const { ref, archive } of await buildImages(() => undefined, folders)) {
        done.push(`${ref} ${await importImage(archive)}`);
    }
    return done.join(", ");
}

/** Where it is kept what came out of an archive, told apart by its path and its last change. */
function importRecord(archive: string): string {
    const { size, mtimeMs } = statSync(archive);
    const key = createHash("sha256")
        .update([resolve(archive), size, mtimeMs].join("\n"))
        .digest("hex");
    return join(layout.imports, `${key}.json`);
}

/** The node's images: name → digest. */
export async function nodeImages(): Promise<Map<string, string>> {
    const lines = (await ctr(["images", "list"])).trimEnd().split("\n").slice(1);
    return new Map(
        lines.map((line) => {
            const [ref = "", , digest = ""] = line.split(/\s+/);
            return [ref, digest];
        }),
    );
}

function clusterImages(): SmallImage[] {
    const shell = {
        files: { "bin/busybox": busybox() },
        links: Object.fromEntries(applets.map((applet) => [`bin/${applet}`, "busybox"])),
        folders: ["tmp", "etc"],
    };
    return [
        { ref: images.pause, ...shell, command: ["sh", "-c", pauseScript], user: nobody },
        { ref: images.busybox, ...shell, command: ["sh"] },
        commandImage(images.coredns, binaryPath("coredns")),
        commandImage(images.provisioner, binaryPath("local-path-provisioner")),
    ];
}

/** What volumes' helper pods and tests call by name. */
const applets = [
    "cat",
    "echo",
    "httpd",
    "ls",
    "mkdir",
    "nslookup",
    "printf",
    "rm",
    "sh",
    "sleep",
    "stat",
    "test",
    "wget",
];

/** Sources lie in folders named by their version, so the description tells one build of an image from another. */
function archiveOf(image: SmallImage): string {
    const key = createHash("sha256").update(JSON.stringify(image)).digest("hex").slice(0, 12);
    const name = /([^/]+):/.exec(image.ref)?.[1] ?? "image";
    return join(cache.images(), `cluster-${name}-${key}.tar`);
}
