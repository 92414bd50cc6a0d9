/** Updates that are cut off, and those that meet each other: the next one ends where the program says. */
import assert from "node:assert/strict";
import { type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "../../../operations/exec";
import { waitUntil } from "../../../operations/wait";
import { TestNamespace } from "../namespace";
import { TestStack } from "./testStack";
import { listen, ran } from "./workplace";

const namespace = new TestNamespace("pulumi-interrupted");

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

describe("an update that is cut off", function () {
    this.timeout("30m");
    let stack: TestStack;

    beforeEach(async () => {
        await namespace.create();
        stack = await TestStack.of("small", { namespace: namespace.name, word: "first" });
    });
    afterEach(async () => {
        stack.remove();
        await namespace.delete();
    });

    const names = async (kind: string) =>
        (await namespace.get<List>(kind)).items
            .map(({ metadata }) => metadata.name)
            .filter((name) => name !== "kube-root-ca.crt")
            .sort();

    /** The cluster holds what the program says and nothing else, and the state is through with it. Returns the password. */
    const assertConverged = async (word: string): Promise<string> => {
        assert.deepEqual(await names("configmaps"), [word, `renamed-${word}`, "replaced", "updated"].sort());
        assert.deepEqual(await names("services"), []);
        for (const name of ["updated", "replaced"]) {
            assert.equal(await namespace.value(`configmap/${name}`, ".data.word"), word, name);
        }
        const { resources, pending_operations } = stack.state();
        assert.deepEqual([pending_operations, resources.filter((resource) => resource.delete)], [[], []]);
        const password = await namespace.value("secret/secret", ".data.password");
        assert.ok(password.length > 0);
        return password;
    };

    /** The state knows the cluster as it is. */
    const assertNoDrift = () => stack.succeed("preview", "--refresh", "--expect-no-changes");

    /** Kills `up` at its nth write of the state; false when it ended before. */
    const killAtWrite = async (nth: number): Promise<boolean> => {
        const state = () => (existsSync(stack.stateFile) ? readFileSync(stack.stateFile, "utf8") : "");
        let last = state();
        const child = stack.begin("up", "--yes", "--skip-preview");
        const ended = ran(child);
        for (let writes = 0; child.exitCode === null && writes < nth;) {
            await sleep(1);
            const now = state();
            if (now !== last) writes++;
            last = now;
        }
        const isKilled = child.exitCode === null && child.kill("SIGKILL");
        await ended;
        return isKilled;
    };

    const goOn = () => stack.afterKill(() => stack.up());

    /** No plugin may outlive the CLI, however it ended: the provider's own main never ended, hours later. */
    const assertNoneLeft = async () => {
        const areGone = async () => {
            const { stdout } = await attempt("pgrep", ["-f", "pulumi-(language-nodejs|resource-(random|kubernetes))"]);
            const own = stdout.split("\n").filter((pid) => environmentOf(pid).includes(stack.backend));
            return own.length === 0 || own.join(", ");
        };
        await waitUntil("the plugins to end", areGone, { timeout: 10 });
    };

    it("converges after a kill at each write of a first up", async () => {
        let kills = 0;
        for (let nth = 1; await killAtWrite(nth); nth++) {
            kills++;
            await goOn();
            await assertConverged("first");
            await stack.succeed("destroy", "--yes", "--skip-preview");
            for (const kind of ["configmaps", "secrets"]) assert.deepEqual(await names(kind), []);
        }
        assert.ok(kills >= 8, `only ${kills} writes were seen`);
        await assertNoneLeft();
    });

    it("converges after a kill at each write of an up that updates, replaces, makes and removes", async () => {
        let kills = 0;
        await stack.up();
        const password = await assertConverged("first");
        const words = ["second", "first"];
        for (let nth = 1; ; nth++) {
            const word = words[nth % 2] ?? "";
            stack.set({ word });
            if (!(await killAtWrite(nth))) break;
            kills++;
            await goOn();
            assert.equal(await assertConverged(word), password);
            await assertNoDrift();
        }
        assert.ok(kills >= 6, `only ${kills} writes were seen`);
        await assertNoneLeft();
    });

    it("a kill left an empty file of attributes, and no command read the state any more: there is none", async () => {
        await stack.up();
        const attributes = `${stack.stateFile}.attrs`;
        assert.deepEqual(
            [...stack.everythingKept().keys()].filter((file) => file.endsWith(".attrs")),
            [],
        );
        writeFileSync(attributes, "");
        const { code, text } = await stack.pulumi("cancel", "--yes");
        assert.notEqual(code, 0);
        assert.match(text, /failed to load checkpoint: EOF/);
        rmSync(attributes);
        await assertNoDrift();
    });

    /** Starts an `up` that waits for a Service's pods, which never come. */
    const hold = async () => {
        stack.set({ held: "true" });
        const child = stack.begin("up", "--yes", "--skip-preview");
        const hears = listen(child);
        const ended = ran(child);
        await hears("Service held creating");
        // One that is cancelled while it is sent may be there all the same, and not in the state.
        await waitUntil("the Service to be there", () => namespace.has("service/held"), { timeout: 60 });
        return { child, ended, hears };
    };
    const interrupt = ({ exitCode, pid = 0 }: ChildProcess) => exitCode === null && process.kill(-pid, "SIGINT");

    it("stops at a safe place at Ctrl-C, and the next up goes on without more ado", async () => {
        const { child, ended } = await hold();
        interrupt(child);
        const { code, text } = await ended;
        assert.notEqual(code, 0);
        assert.match(text, /\^C received; cancelling/);
        assert.deepEqual(stack.state().pending_operations, []);
        stack.set({ held: "false" });
        await stack.up();
        await assertConverged("first");
        await assertNoDrift();
    });

    it("stops at once at a second Ctrl-C, and the next up goes on once the stack is freed", async () => {
        const { child, ended, hears } = await hold();
        interrupt(child);
        await hears("^C received");
        interrupt(child);
        assert.notEqual((await ended).code, 0);
        stack.set({ held: "false" });
        // Made, and not in the state: what docs/operations.md has people look for.
        await namespace.kubectl("delete", "service", "held", "--ignore-not-found");
        await goOn();
        await assertConverged("first");
        await assertNoDrift();
        await assertNoneLeft();
    });

    it("lets one update at a time change a stack, and says who does", async () => {
        const { child, ended } = await hold();
        const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
        assert.notEqual(code, 0);
        assert.match(text, new RegExp(`currently locked by 1 lock[^]*\\(pid ${child.pid ?? 0}\\)`));
        child.kill("SIGINT");
        await ended;
        stack.set({ held: "false" });
        await stack.up();
        await assertConverged("first");
    });
});
