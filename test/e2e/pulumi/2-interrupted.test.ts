/** Updates that are cut off, and those that meet each other: the next one ends where the program says. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "../../../sandbox/exec";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { waitUntil } from "../../../sandbox/cluster/wait";
import { makeNamespace, ran, read, removeNamespace, TestStack } from "./testStack";

const NAMESPACE = "pulumi-interrupted";

interface List {
    readonly items: { readonly metadata: { readonly name: string } }[];
}

/** The environment of a process; empty where it has ended. */
function environmentOf(pid: string): string {
    try {
        return readFileSync(`/proc/${pid}/environ`, "utf8");
    } catch {
        return "";
    }
}

/** How often the state was written, as far as can be seen from outside. */
class Writes {
    private last = this.read();
    count = 0;

    constructor(private readonly file: string) {}

    private read(): string {
        return existsSync(this.file) ? readFileSync(this.file, "utf8") : "";
    }

    look(): number {
        const now = this.read();
        if (now !== this.last) this.count++;
        this.last = now;
        return this.count;
    }
}

describe("an update that is cut off", function () {
    this.timeout("30m");
    let stack: TestStack;

    beforeEach(async () => {
        await makeNamespace(NAMESPACE);
        stack = await TestStack.small(NAMESPACE);
    });
    afterEach(async () => {
        stack.forget();
        await removeNamespace(NAMESPACE);
    });

    /** Waits until the command says these words. */
    const hears = async (child: ReturnType<TestStack["start"]>, words: string) => {
        let said = "";
        child.stdout?.on("data", (part: Buffer) => (said += part.toString()));
        while (!said.includes(words)) {
            assert.equal(child.exitCode, null, said);
            await sleep(50);
        }
    };

    /** The cluster holds what the program says and nothing else, and the state knows it. */
    const assertConverged = async (word: string): Promise<string> => {
        const names = async (kind: string) =>
            (await read<List>(NAMESPACE, kind)).items
                .map(({ metadata }) => metadata.name)
                .filter((name) => name !== "kube-root-ca.crt")
                .sort();
        assert.deepEqual(await names("configmaps"), [word, `renamed-${word}`, "replaced", "updated"].sort());
        assert.deepEqual(await names("services"), []);
        for (const name of ["updated", "replaced"]) {
            const { data } = await read<{ data: object }>(NAMESPACE, `configmap/${name}`);
            assert.deepEqual(data, { word }, name);
        }
        const { resources, pending_operations } = stack.state();
        assert.deepEqual(pending_operations, []);
        assert.deepEqual(
            resources.filter((resource) => resource.delete),
            [],
        );
        const { code, text } = await stack.pulumi("preview", "--refresh", "--expect-no-changes");
        assert.equal(code, 0, text);
        const secret = await read<{ data: { password: string } }>(NAMESPACE, "secret/secret");
        return Buffer.from(secret.data.password, "base64").toString();
    };

    /** Kills `up` at its nth write of the state; false when it ended before. */
    const killAtWrite = async (nth: number): Promise<boolean> => {
        const writes = new Writes(stack.stateFile);
        const child = stack.start("up", "--yes", "--skip-preview");
        const ended = ran(child);
        while (child.exitCode === null && writes.look() < nth) await sleep(1);
        const isKilled = child.exitCode === null && child.kill("SIGKILL");
        await ended;
        return isKilled;
    };

    /** What docs/operations.md has for it: the lock freed, what is pending cleared, then `up`. */
    const goOn = async () => {
        for (const args of [
            ["cancel", "--yes"],
            ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"],
        ]) {
            const { code, text } = await stack.pulumi(...args);
            assert.equal(code, 0, text);
        }
        await stack.up();
    };

    /** The plugins that are written here may not outlive the CLI, however it ended; the provider looks every five minutes. */
    const assertNoneLeft = async () => {
        let left = "";
        const areGone = async () => {
            const { stdout } = await attempt("pgrep", ["-f", "pulumi-(language-nodejs|resource-random)"]);
            const own = stdout.split("\n").filter((pid) => environmentOf(pid).includes(stack.folder));
            left = own.join(", ");
            return own.length === 0;
        };
        await waitUntil("the plugins to end", areGone, { timeout: 10, interval: 200, explain: () => left });
    };

    it("converges after a kill at each write of a first up", async function () {
        // Seen to fail where two other suites kept the cluster busy, and not alone: the cause is not found.
        this.retries(1);
        let kills = 0;
        for (let nth = 1; await killAtWrite(nth); nth++) {
            kills++;
            await goOn();
            await assertConverged("first");
            const { code, text } = await stack.pulumi("destroy", "--yes", "--skip-preview");
            assert.equal(code, 0, text);
        }
        assert.ok(kills >= 8, `only ${kills} writes were seen`);
        await assertNoneLeft();
    });

    it("converges after a kill at each write of an up that updates, replaces, makes and removes", async function () {
        // Seen to fail where two other suites kept the cluster busy, and not alone: the cause is not found.
        this.retries(1);
        let kills = 0;
        await stack.up();
        const password = await assertConverged("first");
        const words = ["second", "first"];
        for (let nth = 1; ; nth++) {
            const word = words[nth % 2] ?? "";
            stack.configure({ word });
            if (!(await killAtWrite(nth))) break;
            kills++;
            await goOn();
            assert.equal(await assertConverged(word), password);
        }
        assert.ok(kills >= 6, `only ${kills} writes were seen`);
        await assertNoneLeft();
    });

    it("stops at a safe place at Ctrl-C, and the next up goes on without more ado", async () => {
        stack.configure({ held: "true" });
        const child = stack.start("up", "--yes", "--skip-preview");
        const ended = ran(child);
        await hears(child, "Service held creating");
        process.kill(-(child.pid ?? 0), "SIGINT");
        const { code, text } = await ended;
        assert.notEqual(code, 0);
        assert.match(text, /\^C received; cancelling/);
        assert.deepEqual(stack.state().pending_operations, []);
        stack.configure({ held: "false" });
        await stack.up();
        await assertConverged("first");
    });

    it("stops at once at a second Ctrl-C, and the next up goes on once the stack is freed", async () => {
        stack.configure({ held: "true" });
        const child = stack.start("up", "--yes", "--skip-preview");
        const ended = ran(child);
        await hears(child, "Service held creating");
        process.kill(-(child.pid ?? 0), "SIGINT");
        await hears(child, "^C received");
        if (child.exitCode === null) process.kill(-(child.pid ?? 0), "SIGINT");
        assert.notEqual((await ended).code, 0);
        stack.configure({ held: "false" });
        // Made, and not in the state: what docs/operations.md has people look for.
        await kubectl(["delete", "service", "held", "-n", NAMESPACE, "--ignore-not-found"]);
        await goOn();
        await assertConverged("first");
        await assertNoneLeft();
    });

    it("lets one update at a time change a stack, and says who does", async () => {
        stack.configure({ held: "true" });
        const child = stack.start("up", "--yes", "--skip-preview");
        const ended = ran(child);
        await hears(child, "Service held creating");
        const other = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(other.code, 0);
        assert.match(other.text, new RegExp(`currently locked by 1 lock[^]*\\(pid ${child.pid ?? 0}\\)`));
        child.kill("SIGINT");
        await ended;
        stack.configure({ held: "false" });
        await stack.up();
        await assertConverged("first");
    });
});
