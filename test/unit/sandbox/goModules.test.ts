import assert from "node:assert/strict";
import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFolder, buildModules, type GoModule, isBuilt, sourceFolder, title } from "../../../sandbox/goModules";

describe("commands from Go modules", () => {
    const { PATH, BOTS_EDI_CACHE } = process.env;
    let folder: string;
    let module: GoModule;
    let notes: string[];

    /** A `go` that tells a version, and builds by a script: its third last argument but one is the target folder. */
    const go = (version: string, build = 'echo made > "$target/tool"') => {
        const script = `#!/bin/bash\n[ "$1" = env ] && { echo ${version}; exit; }\ntarget="\${@: -2:1}"\n${build}\n`;
        writeFileSync(join(folder, "bin", "go"), script);
        chmodSync(join(folder, "bin", "go"), 0o755);
    };
    const build = () => buildModules([module], (line) => notes.push(line));

    beforeEach(() => {
        notes = [];
        folder = mkdtempSync(join(tmpdir(), "bots-edi-go-"));
        for (const name of ["bin", "cache", "module"]) mkdirSync(join(folder, name));
        process.env.PATH = `${join(folder, "bin")}:${PATH ?? ""}`;
        process.env.BOTS_EDI_CACHE = join(folder, "cache");
        module = { folder: join(folder, "module"), source: "example.org/tool", commands: ["tool"] };
        writeFileSync(join(module.folder, "go.mod"), "module here\n\nrequire example.org/tool v1.2.3\n");
    });
    afterEach(() => {
        process.env.PATH = PATH;
        if (BOTS_EDI_CACHE === undefined) delete process.env.BOTS_EDI_CACHE;
        else process.env.BOTS_EDI_CACHE = BOTS_EDI_CACHE;
        rmSync(folder, { recursive: true });
    });

    it("are built once, with the seconds that it took", async () => {
        go("go1.26.0");
        assert.equal(title(module), "module v1.2.3");
        assert.deepEqual(await build(), ["module v1.2.3"]);
        assert.match(
            notes.join("\n"),
            /^module v1\.2\.3: building from its Go module\nmodule v1\.2\.3: built in \d+ s$/,
        );
        assert.deepEqual(await build(), []);
    });

    it("are built anew where a source changes that is pinned or written here", async () => {
        go("go1.27.1");
        await build();
        for (const file of ["go.sum", "main.go", "schema.json"]) {
            writeFileSync(join(module.folder, file), "something else");
            assert.equal(isBuilt(module), false, file);
            await build();
        }
    });

    for (const [version, found] of [
        ["go1.25.9", "go1.25.9"],
        ["", "none"],
    ] as const) {
        it(`are not built by Go ${found}`, async () => {
            go(version);
            await assert.rejects(build(), {
                message: `building from Go modules needs Go 1.26 or newer on the PATH; found ${found}`,
            });
        });
    }

    it("end with the last lines of a build that fails, and leave nothing of it", async () => {
        go("go1.26.0", 'echo half > "$target/tool"; echo "write /x: no space left on device" >&2; exit 1');
        await assert.rejects(build(), {
            message:
                /^module v1\.2\.3 cannot be built: go build .* ended with exit code 1: write \/x: no space left on device$/,
        });
        assert.equal(isBuilt(module), false);
        assert.deepEqual(
            readdirSync(join(folder, "cache", "binaries")).filter((name) => !name.endsWith(".lock")),
            [],
        );
    });

    it("are built of packages that take the place of vendored ones, folder by folder", async () => {
        const ours = join(module.folder, "_vendored", "example.org", "tool", "clients");
        mkdirSync(ours, { recursive: true });
        writeFileSync(join(ours, "none.go"), "ours");
        const script = `
if [ "$1" = mod ]; then
    mkdir -p vendor/example.org/tool/clients/base
    echo theirs | tee vendor/example.org/tool/main.go vendor/example.org/tool/clients/{all.go,base/base.go} > /dev/null
    exit
fi
(cd vendor && find . -type f | sort | xargs grep -H .) > "$target/tool"`;
        go("go1.26.0", script);
        await build();
        assert.equal(
            readFileSync(join(builtFolder(module), "tool"), "utf8"),
            [
                "./example.org/tool/clients/base/base.go:theirs",
                "./example.org/tool/clients/none.go:ours",
                "./example.org/tool/main.go:theirs",
                "",
            ].join("\n"),
        );
    });

    it("have sources that Go names, or says why it does not", async () => {
        go("go1.26.0", `echo '{"Dir": "/sources/tool"}'`);
        assert.equal(await sourceFolder(module), "/sources/tool");
        go("go1.26.0", `echo '{"Error": "example.org/tool@v1.2.3: 403 Forbidden"}'; exit 1`);
        await assert.rejects(sourceFolder(module), {
            name: "SandboxError",
            message: "example.org/tool cannot be downloaded: example.org/tool@v1.2.3: 403 Forbidden",
        });
        go("go1.26.0", "echo 'go: no go.mod' >&2; exit 1");
        await assert.rejects(sourceFolder(module), { message: "example.org/tool cannot be downloaded: go: no go.mod" });
    });

    it("are built whole after a build that was killed", async () => {
        go("go1.26.0");
        const partial = `${builtFolder(module)}.partial-killed`;
        mkdirSync(partial, { recursive: true });
        writeFileSync(join(partial, "tool"), "half");
        await build();
        assert.equal(isBuilt(module), true);
        assert.equal(existsSync(partial), false);
    });

    it("have their sources where Go says, or one line says why they have none", async () => {
        const download = (answer: object) => {
            writeFileSync(join(folder, "bin", "go"), `#!/bin/bash\necho '${JSON.stringify(answer)}'\n`);
            chmodSync(join(folder, "bin", "go"), 0o755);
        };
        download({ Dir: "/somewhere/tool@v1.2.3" });
        assert.equal(await sourceFolder(module), "/somewhere/tool@v1.2.3");
        download({ Error: "module lookup disabled by GOPROXY=off" });
        await assert.rejects(sourceFolder(module), {
            name: "SandboxError",
            message: "example.org/tool cannot be downloaded: module lookup disabled by GOPROXY=off",
        });
    });
});
