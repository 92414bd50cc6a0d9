import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../../sandbox/exec";
import { writeOciArchive } from "../../../../sandbox/cluster/oci";

describe("small image archive", () => {
    let folder = "";
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "oci-"));
        writeFileSync(join(folder, "tool"), "#!/bin/sh\n");
    });
    afterEach(() => {
        rmSync(folder, { recursive: true, force: true });
    });
    const image = () => ({
        ref: "localhost/test/tool:1",
        files: { "bin/tool": join(folder, "tool") },
        links: { "bin/alias": "tool" },
        folders: ["tmp"],
        entrypoint: ["/bin/tool"],
        user: "65534:65534",
    });

    it("is the same to the byte each time, and leaves nothing else behind", async () => {
        await writeOciArchive(image(), join(folder, "one.tar"));
        await writeOciArchive(image(), join(folder, "two.tar"));
        assert.ok(readFileSync(join(folder, "one.tar")).equals(readFileSync(join(folder, "two.tar"))));
        assert.deepEqual(readdirSync(folder).sort(), ["one.tar", "tool", "two.tar"]);
    });

    it("carries its name, its layer and how to start it, each under its own sum", async () => {
        const archive = join(folder, "image.tar");
        await writeOciArchive(image(), archive);
        const read = (path: string) => run("tar", ["-xOf", archive, path]);
        const blob = async (digest: string) => {
            const text = await read(digest.replace("sha256:", "blobs/sha256/"));
            assert.equal(`sha256:${createHash("sha256").update(text).digest("hex")}`, digest);
            return text;
        };
        const index = JSON.parse(await read("index.json")) as {
            manifests: { digest: string; annotations: Record<string, string> }[];
        };
        const [entry] = index.manifests;
        assert.ok(entry);
        assert.equal(entry.annotations["io.containerd.image.name"], "localhost/test/tool:1");
        const manifest = JSON.parse(await blob(entry.digest)) as {
            config: { digest: string };
            layers: { digest: string }[];
        };
        const config = JSON.parse(await blob(manifest.config.digest)) as {
            config: object;
            rootfs: { diff_ids: string[] };
        };
        assert.deepEqual(config.config, { Entrypoint: ["/bin/tool"], User: "65534:65534", Env: ["PATH=/bin"] });
        assert.deepEqual(
            config.rootfs.diff_ids,
            manifest.layers.map(({ digest }) => digest),
        );
        const layer = manifest.layers[0]?.digest.replace("sha256:", "blobs/sha256/") ?? "";
        await run("tar", ["-xf", archive, "-C", folder, layer]);
        const names = (await run("tar", ["-tf", join(folder, layer)])).trim().split("\n");
        assert.deepEqual(names.sort(), ["./", "./bin/", "./bin/alias", "./bin/tool", "./tmp/"]);
    });
});
