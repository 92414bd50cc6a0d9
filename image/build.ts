import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../sandbox/errors";
import { run } from "../operations/exec";
import { withLock } from "../sandbox/lock";
import { makeWhole } from "../sandbox/makeWhole";
import { cacheDir } from "../sandbox/paths";
import { buildSecrets } from "./buildSecrets";
import { contentKey } from "./contentKey";

/** An image in the cache: the name under which it is imported, and the path of its docker archive. */
export interface BuiltImage {
    ref: string;
    archive: string;
}

/** Seconds that one step of a build may take: mirrors can be slow. */
const LIMIT = 3600;

const tools = ["buildah", "mmdebstrap"];

/** The Debian packages that building needs: the tools, and the keys that Debian's packages are signed with, which Ubuntu lacks. */
export const buildPackages = [...tools, "debian-archive-keyring"];

const images = {
    "bots-edi": "localhost/bots-edi:3.3.1",
    mariadb: "localhost/bots-edi-mariadb:10.11",
    postgresql: "localhost/bots-edi-postgresql:15",
};

/** An image that can be built: the name of its folder. */
export type Image = keyof typeof images;

/** The base in place of debian:bookworm-slim, and as slim: without documentation and translations. */
const baseCommand = [
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    ...["doc", "man", "info", "locale", "lintian"].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "bookworm",
];

/**
 * Builds images from the package registries alone, unless the cache has them.
 *
 * @param report - is told of each step; by default it goes to stderr
 * @param folders - which; by default those of the sandbox
 * @returns one archive an image, named by a hash of everything of this repository that goes into it
 * @throws SandboxError that names what is missing on this machine, or the command that failed and its last lines
 */
export async function buildImages(
    report: (step: string) => void = console.error,
    folders: readonly Image[] = ["bots-edi", "mariadb"],
): Promise<BuiltImage[]> {
    const cache = join(cacheDir(), "images");
    const wanted = folders.map((folder) => {
        const context = join(__dirname, folder);
        const key = contentKey(baseCommand, [context]);
        return { ref: images[folder], folder, context, archive: join(cache, `${folder}-${key}.tar`) };
    });
    await withLock(join(cache, "build.lock"), async () => {
        const missing = wanted.filter(({ archive }) => !existsSync(archive));
        if (missing.length === 0) return;
        await requireTools();
        const base = join(cache, `base-${contentKey(baseCommand, [])}.tar`);
        if (!existsSync(base)) await timed(report, "base image: Debian bookworm", () => makeBase(base));
        for (const image of missing) {
            await timed(report, `image ${image.ref}`, () => makeImage(base, image));
            removeOlder(cache, image);
        }
    });
    return wanted.map(({ ref, archive }) => ({ ref, archive }));
}

async function requireTools(): Promise<void> {
    if (process.getuid?.() !== 0) throw new SandboxError("building the images needs root: run it with sudo");
    const versions = await Promise.allSettled(tools.map((tool) => run(tool, ["--version"])));
    const absent = tools.filter((_, index) => versions[index]?.status === "rejected");
    if (absent.length > 0) {
        throw new SandboxError(
            `building the images needs ${absent.join(" and ")}: apt-get install ${absent.join(" ")}`,
        );
    }
}

async function timed(report: (step: string) => void, step: string, work: () => Promise<void>): Promise<void> {
    const start = Date.now();
    report(`${step}: building`);
    await work();
    report(`${step}: built in ${Math.round((Date.now() - start) / 1000)} s`);
}

function makeBase(target: string): Promise<void> {
    const [command = "", ...args] = baseCommand;
    return makeWhole(target, async (scratch) => {
        const base = join(scratch, "base.tar");
        await run(command, [...args, base], { timeout: LIMIT });
        return base;
    });
}

/** Builds with a storage of its own, so that no other container storage of the machine is touched. */
function makeImage(base: string, image: BuiltImage & { context: string }): Promise<void> {
    return makeWhole(image.archive, async (scratch) => {
        const storage = [
            ...["--root", join(scratch, "storage"), "--runroot", join(scratch, "run"), "--storage-driver", "vfs"],
        ];
        const buildah = (...args: string[]): Promise<string> =>
            run("buildah", [...storage, ...args], { timeout: LIMIT });
        const container = (await buildah("from", "scratch")).trim();
        await buildah("add", "--quiet", container, base, "/");
        await buildah("commit", "--quiet", "--rm", container, "localhost/base");

        const secrets = (await buildSecrets()).flatMap(({ id, content }) => {
            const file = join(scratch, id);
            writeFileSync(file, content, { mode: 0o600 });
            return ["--secret", `id=${id},src=${file}`];
        });
        const options = ["--quiet", "--isolation", "chroot", "--network", "host", "--build-arg", "BASE=localhost/base"];
        await buildah("bud", ...options, ...secrets, "--tag", image.ref, image.context);

        const archive = join(scratch, "image.tar");
        await buildah("push", "--quiet", image.ref, `docker-archive:${archive}:${image.ref}`);
        return archive;
    });
}

/** An image's earlier archives are of no more use, and each is a quarter of a gigabyte. */
function removeOlder(cache: string, { folder, archive }: { folder: string; archive: string }): void {
    const older = new RegExp(`^${folder}-[0-9a-f]{16}\\.tar(\\.partial-.*)?$`);
    for (const name of readdirSync(cache).filter((each) => older.test(each))) {
        if (join(cache, name) !== archive) rmSync(join(cache, name), { recursive: true, force: true });
    }
}

if (require.main === module) {
    buildImages(console.error, Object.keys(images) as Image[]).then(
        (built) => {
            for (const { ref, archive } of built) console.log(`${ref}  ${archive}`);
        },
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            process.exitCode = 1;
        },
    );
}
