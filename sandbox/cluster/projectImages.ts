import { join } from "node:path";
import { buildImages, type Image } from "../../image/build";
import { importImage } from "./images";
import { cache } from "./layout";
import { withLock } from "../lock";

/** Has the reference images of Bots EDI and MariaDB built, unless the cache holds them. */
export async function buildProjectImages(report: (step: string) => void): Promise<void> {
    await archives(report);
}

/** Imports images into the node, built where the cache lacks them: the sandbox's, or others. Returns what became of each. */
export async function importProjectImages(folders?: readonly Image[]): Promise<string> {
    const done: string[] = [];
    for (const { ref, archive } of await archives(undefined, folders))
        done.push(`${ref} ${await importImage(archive)}`);
    return done.join(", ");
}

function archives(
    report: (step: string) => void = () => undefined,
    folders?: readonly Image[],
): Promise<{ ref: string; archive: string }[]> {
    return withLock(join(cache.images(), "build.lock"), () => buildImages(report, folders));
}
