import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonObject } from "../../../sandbox/engine/values";
import { configMap, counts, type Declared, image, kubeconfig, TestStack } from "./stack";

const repository = join(__dirname, "..", "..", "..");

function command(stack: TestStack, name: string): ChildProcess {
    const cli = join(repository, "sandbox", "engine", "cli.ts");
    const options = ["--stack", stack.name, "--dir", stack.dir, "--kubeconfig", kubeconfig, "--state", stack.stateFile];
    const args = ["-r", "ts-node/register/transpile-only", cli, name, ...options];
    return spawn(process.execPath, args, { cwd: repository, stdio: ["ignore", "pipe", "pipe"] });
}

async function finish(child: ChildProcess): Promise<{ code: number | null; output: string }> {
    let output = "";
    for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child, "close");
    return { code: child.exitCode, output };
}

/** How often the state was written, as far as can be seen from outside: every write is a new file. */
class Writes {
    private last = "";
    count = 0;

    constructor(private readonly file: string) {}

    look(): number {
        const now = existsSync(this.file) ? readFileSync(this.file, "utf8") : "";
        if (now !== this.last) this.count++;
        this.last = now;
        return this.count;
    }
}

describe("engine: crashes and locks", function () {
    this.timeout(900_000);
    let stack: TestStack;

    beforeEach(async () => {
        stack = await TestStack.create();
    });
    afterEach(async () => {
        await stack.remove();
    });

    const program = (word: string): Declared[] => [
        { type: "random:index:RandomPassword", name: "password", args: { length: 20, special: false } },
        {
            type: "kubernetes:core/v1:Secret",
            name: "secret",
            args: { metadata: { name: "secret" }, stringData: { password: { $ref: "password.result" } } },
        },
        configMap("updated", { word }, { needs: ["secret"] }),
        {
            type: "kubernetes:batch/v1:Job",
            name: "replaced",
            args: {
                metadata: { name: "replaced" },
                spec: {
                    suspend: true,
                    template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image, args: [word] }] } },
                },
            },
            options: { needs: ["updated"], deleteBeforeReplace: true, replaceOnChanges: ["*"] },
        },
        configMap(word, {}, { needs: ["replaced"] }),
        { ...configMap("renamed", {}), args: { metadata: { name: `renamed-${word}` } } },
    ];

    /** What the cluster holds must be what the program says, whatever came before. */
    const assertConverged = async (word: string, password?: string): Promise<string> => {
        const { client, namespace } = stack;
        const names = async (apiVersion: string, kind: string): Promise<string[]> =>
            (await client.list(apiVersion, kind, namespace, {})).map(({ metadata }) => metadata.name).sort();
        const own = (name: string): boolean => name !== "kube-root-ca.crt";
        assert.deepEqual((await names("v1", "ConfigMap")).filter(own), [word, `renamed-${word}`, "updated"].sort());
        assert.deepEqual(await names("batch/v1", "Job"), ["replaced"]);
        assert.deepEqual((await stack.read("v1", "ConfigMap", "updated"))?.data, { word });
        const job = await stack.read("batch/v1", "Job", "replaced");
        assert.ok(JSON.stringify(job?.spec).includes(`"args":["${word}"]`));
        const secret = (await stack.read("v1", "Secret", "secret"))?.data as { password: string };
        const found = Buffer.from(secret.password, "base64").toString();
        assert.equal((stack.entry("password").outputs.result as JsonObject).value, found);
        if (password !== undefined) assert.equal(found, password);
        assert.deepEqual(stack.state().superseded, []);
        for (const { pending, failed } of stack.state().resources) assert.equal(pending ?? failed, undefined);
        return found;
    };

    /** Kills `up` at its nth write of the state; false when it ended before. */
    const killAtWrite = async (nth: number): Promise<boolean> => {
        const writes = new Writes(stack.stateFile);
        writes.look();
        const begun = writes.count;
        const child = command(stack, "up");
        const ended = finish(child);
        while (child.exitCode === null && writes.look() - begun < nth) await sleep(1);
        const killed = child.kill("SIGKILL");
        await ended;
        return killed;
    };

    it("converges after a kill at each write of a first up, and keeps random values that were drawn", async () => {
        let kills = 0;
        for (let nth = 1; ; nth++) {
            stack.write(program("first"));
            if (!(await killAtWrite(nth))) break;
            kills++;
            // The program is answered after this is written, so a value that is still pending was never used.
            const drawn = stack.state().resources.find(({ name, pending }) => name === "password" && !pending);
            const password = (drawn?.outputs.result as JsonObject | undefined)?.value as string | undefined;
            await stack.up(program("first"));
            await assertConverged("first", password);
            assert.equal(counts(await stack.up(program("first"))), "+0 ~0 +-0 -0 =7");
            await stack.destroy();
        }
        assert.ok(kills >= 8, `only ${kills} writes were seen`);
    });

    it("converges after a kill at each write of an up that updates, replaces, creates and deletes", async () => {
        let kills = 0;
        await stack.up(program("before"));
        const password = await assertConverged("before");
        for (let nth = 1; ; nth++) {
            stack.write(program("after"));
            if (!(await killAtWrite(nth))) break;
            kills++;
            await stack.up(program("after"));
            await assertConverged("after", password);
            await stack.up(program("before"));
            await assertConverged("before", password);
        }
        assert.ok(kills >= 6, `only ${kills} writes were seen`);
    });

    it("goes on with a destroy that was killed", async () => {
        await stack.up(program("first"));
        const before = stack.state().resources.length;
        const child = command(stack, "destroy");
        const ended = finish(child);
        while (child.exitCode === null && stack.state().resources.length === before) await sleep(1);
        child.kill("SIGKILL");
        await ended;
        await stack.destroy();
        assert.deepEqual(stack.state().resources, []);
        for (const kind of ["ConfigMap", "Secret"])
            for (const { metadata } of await stack.client.list("v1", kind, stack.namespace, {}))
                assert.equal(metadata.name, "kube-root-ca.crt");
    });

    it("lets one run at a time change a stack, and takes over the lock of a run that was killed", async () => {
        const held: Declared = {
            type: "kubernetes:core/v1:Service",
            name: "held",
            args: { metadata: { name: "held" }, spec: { selector: { app: "none" }, ports: [{ port: 80 }] } },
        };
        stack.write([held]);
        const child = command(stack, "up");
        const ended = finish(child);
        while (!(existsSync(stack.stateFile) && stack.state().resources.some(({ pending }) => pending === "create")))
            await sleep(50);
        const busy = await finish(command(stack, "up"));
        assert.equal(busy.code, 1);
        assert.match(busy.output, new RegExp(`^error: .* process ${child.pid ?? 0} holds the lock `, "m"));
        child.kill("SIGKILL");
        await ended;
        assert.equal(counts(await stack.up([configMap("one", {})])), "+1 ~0 +-0 -1 =1");
        assert.deepEqual(readdirSync(dirname(stack.stateFile)), ["test.json", "test.json.lock"]);
    });

    it("stops at Ctrl-C with exit code 130, its state kept", async () => {
        const held: Declared = {
            type: "kubernetes:core/v1:Service",
            name: "held",
            args: { metadata: { name: "held" }, spec: { selector: { app: "none" }, ports: [{ port: 80 }] } },
        };
        stack.write([configMap("one", {}), held]);
        const child = command(stack, "up");
        const ended = finish(child);
        let progress = "";
        child.stdout?.on("data", (chunk: Buffer) => (progress += chunk.toString()));
        while (child.exitCode === null && !progress.includes("waiting for")) await sleep(50);
        child.kill("SIGINT");
        const { code, output } = await ended;
        assert.equal(code, 130, output);
        assert.match(output, /stopping: the state is kept/);
        assert.equal(stack.entry("held").pending, "create");
        assert.equal(stack.entry("one").pending, undefined);
        assert.equal(counts(await stack.up([configMap("one", {})])), "+0 ~0 +-0 -1 =2");
    });

    it("tells by its exit code whether a preview found changes", async () => {
        stack.write([configMap("one", {})]);
        assert.equal((await finish(command(stack, "preview"))).code, 2);
        await stack.deployment().up();
        assert.equal((await finish(command(stack, "preview"))).code, 0);
        stack.write([{ type: "aws:s3/bucket:Bucket", name: "it" }]);
        assert.equal((await finish(command(stack, "preview"))).code, 1);
    });
});
