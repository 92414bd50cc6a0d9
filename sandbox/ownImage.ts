/** Runs somebody's own image in place of the reference image. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { ctr } from "./cluster/ctr";
import { SandboxError } from "./errors";
import { attempt } from "../operations/exec";
import { nodeImages } from "./cluster/images";

const REPOSITORY = "localhost/bots-edi-own";

async function digestOf(file: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest("hex");
}

/** Fails unless a file is an OCI or Docker archive. */
export async function requireArchive(file: string): Promise<void> {
    if (!existsSync(file))
        throw new SandboxError(`there is no file ${file}; --image takes an OCI or Docker archive (tar)`);
    const { code, stdout } = await attempt("tar", ["-tf", file]);
    if (code !== 0 || !/^(\.\/)?(index|manifest)\.json$/m.test(stdout)) {
        throw new SandboxError(`${file} is no OCI or Docker archive: it holds neither index.json nor manifest.json`);
    }
}

/**
 * Imports an archive into the node under a name of its own content, so that a stack that is given it again does not change.
 *
 * @returns the settings that make the stack run it.
 */
export async function importOwnImage(file: string): Promise<Record<string, string>> {
    await requireArchive(file);
    const tag = (await digestOf(file)).slice(0, 12);
    const reference = `${REPOSITORY}:${tag}`;
    const before = await nodeImages();
    if (!before.has(reference)) {
        // An archive need not carry a name: those that it lacks are made from this one.
        const names = (await ctr(["images", "import", "--base-name", `${REPOSITORY}-import`, "--digests", file]))
            .split("\n")
            .flatMap((line) => /^unpacking (\S+)/.exec(line)?.[1] ?? []);
        const [name] = names.filter((candidate) => !candidate.includes("@")).concat(names);
        if (name === undefined) throw new SandboxError(`${file} holds no image for this machine`);
        await ctr(["images", "tag", name, reference]);
    }
    return { "bots-edi:imageTag": tag, "bots-edi:image": JSON.stringify({ repository: REPOSITORY }) };
}
