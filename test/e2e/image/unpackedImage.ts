import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImage } from "../../../image/build";
import { run } from "../../../operations/exec";

/** An image's root file system on disk, and what its configuration says about starting it. */
export interface UnpackedImage {
    rootfs: string;
    command: string[];
    entrypoint: string[];
    environment: Record<string, string>;
    uid: number;
    gid: number;
}

/** Unpacks an image's archive below the folder, with a storage of its own. */
export async function unpack({ ref, archive }: BuiltImage, folder: string): Promise<UnpackedImage> {
    const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "storage-run")];
    const buildah = async (...args: string[]): Promise<string> =>
        (await run("buildah", [...storage, "--storage-driver", "vfs", ...args])).trim();
    await buildah("pull", "--quiet", `docker-archive:${archive}`);
    const container = await buildah("from", ref);
    const rootfs = await buildah("mount", container);
    const { OCIv1: image } = JSON.parse(await buildah("inspect", container)) as {
        OCIv1: { config: { Env: string[]; Entrypoint: string[]; Cmd: string[]; User: string } };
    };
    const [uid = Number.NaN, gid = Number.NaN] = image.config.User.split(":").map(Number);
    const environment = image.config.Env.map((pair) => [
        pair.slice(0, pair.indexOf("=")),
        pair.slice(pair.indexOf("=") + 1),
    ]);
    return {
        rootfs,
        command: image.config.Cmd,
        entrypoint: image.config.Entrypoint,
        environment: Object.fromEntries(environment) as Record<string, string>,
        uid,
        gid,
    };
}

/** The text of a file of the image. */
export function fileOf(image: UnpackedImage, path: string): string {
    return readFileSync(join(image.rootfs, path), "utf8");
}
