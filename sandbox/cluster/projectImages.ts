import { join } from "node:path";
import { buildImages } from "../../image/build";
import { importImage } from "./images";
import { cache } from "./layout";
import { withLock } from "../lock";

/** Has the reference images of Bots EDI and MariaDB built, unless the cache holds them. */
export async function buildProjectImages(report: (step: string) => void): Promise<void> {
    await archives(report);
}

/** Imports the built images into the node. Returns what became of each. */
export async function importProjectImages(): Promise<string> {
    const done: string[] = [];
    for (const { ref, archive } of await archives()) done.push(`${ref} ${await importImage(archive)}`);
    return done.join(", ");
}

function archives(report: (step: string) => void = () => undefined): Promise<{ ref: string; archive: string }[]> {
    return withLock(join(cache.images(), "build.lock"), () => buildImages(report));
}
