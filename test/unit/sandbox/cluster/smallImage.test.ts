import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../../operations/exec";
import { writeArchive } from "../../../../sandbox/cluster/smallImage";

describe("small image archive", () => {
    let folder = "";
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "small-image-"));
        writeFileSync(join(folder, "tool"), "#!/bin/sh\n");
    });
    afterEach(() => {
        rmSync(folder, { recursive: true, force: true });
    });
    const write = async (name: string) => {
        const image = {
            ref: "localhost/test/tool:1",
            files: { "bin/tool": join(folder, "tool") },
            links: { "bin/alias": "tool" },
            folders: ["tmp"],
            entrypoint: ["/bin/tool"],
            user: "65534:65534",
        };
        await writeArchive(image, join(folder, name));
        return join(folder, name);
    };

    it("is the same to the byte each time, and leaves nothing else behind", async () => {
        const [one, two] = [await write("one.tar"), await write("two.tar")];
        assert.ok(readFileSync(one).equals(readFileSync(two)));
        assert.deepEqual(readdirSync(folder).sort(), ["one.tar", "tool", "two.tar"]);
    });

    it("carries its name, its layer by its sum, and how to start it", async () => {
        await run("tar", ["-xf", await write("image.tar"), "-C", folder]);
        const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
        const layer = createHash("sha256").update(readFileSync(join(folder, "layer.tar")));
        assert.deepEqual(read("manifest.json"), [
            { Config: "config.json", RepoTags: ["localhost/test/tool:1"], Layers: ["layer.tar"] },
        ]);
        assert.deepEqual(read("config.json"), {
            architecture: process.arch === "arm64" ? "arm64" : "amd64",
            os: "linux",
            config: { Entrypoint: ["/bin/tool"], User: "65534:65534", Env: ["PATH=/bin"] },
            rootfs: { type: "layers", diff_ids: [`sha256:${layer.digest("hex")}`] },
        });
        const names = (await run("tar", ["-tf", join(folder, "layer.tar")])).trim().split("\n");
        assert.deepEqual(names.sort(), ["./", "./bin/", "./bin/alias", "./bin/tool", "./tmp/"]);
    });

    it("has what a linked command loads, the loader among it", async () => {
        const image = { ref: "localhost/test/linked:1", files: { "bin/tool": process.execPath }, isLinked: true };
        await writeArchive(image, join(folder, "linked.tar"));
        await run("tar", ["-xf", join(folder, "linked.tar"), "-C", folder]);
        const names = await run("tar", ["-tf", join(folder, "layer.tar")]);
        assert.match(names, /^\.\/\S*\/libc\.so\.6$/m);
        assert.match(names, /^\.\/lib\S*\/ld-linux\S*$/m);
    });
});
