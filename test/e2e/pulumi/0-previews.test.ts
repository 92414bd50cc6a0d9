/** `npm run pulumi -- preview` of every stack, on a machine without Pulumi. It needs no cluster: a first preview reads none. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, run } from "../../../operations/exec";
import { recordStack, STACKS } from "../../support/stack";
import { copyCheckout } from "./copyCheckout";
import { Workplace } from "./workplace";

/** Steps by operation, as `pulumi preview --json` counts them. */
interface Preview {
    readonly changeSummary: Readonly<Record<string, number>>;
}

describe("npm run pulumi -- preview", () => {
    let place: Workplace;
    /** Milliseconds that a preview of a right configuration took. */
    let right = 0;
    const git = (...args: string[]) => run("git", args, { cwd: place.folder });
    const pulumi = (...args: string[]) => {
        const command = ["run", "--silent", "pulumi", "--", ...args, "--non-interactive"];
        return attempt("npm", command, { cwd: place.folder, env: place.env });
    };
    const preview = (stack: string, ...args: string[]) =>
        pulumi("preview", "--stack", stack, "--policy-pack", "policy", ...args);
    const set = async (stack: string, ...args: string[]) => {
        const { code, stderr } = await pulumi("config", "set", "--stack", stack, ...args);
        assert.equal(code, 0, stderr);
    };
    /** What a preview says that has to fail. */
    const failure = async (stack: string) => {
        const { code, stdout, stderr } = await preview(stack);
        assert.notEqual(code, 0);
        return stdout + stderr;
    };

    before(async () => {
        place = new Workplace("bots-edi", { KUBECONFIG: "/nonexistent" });
        // A copy: the CLI writes the key of its encryption into the stack's file.
        copyCheckout(place.folder);
        await git("init", "--quiet");
        await git("add", "--all");
    });
    after(() => {
        place.remove();
    });

    for (const stack of STACKS) {
        it(`of ${stack}, held against the policy pack`, async () => {
            assert.equal((await pulumi("stack", "init", stack)).code, 0);
            const begin = Date.now();
            const { code, stdout, stderr } = await preview(stack, "--json");
            right = Math.max(right, Date.now() - begin);
            assert.equal(code, 0, `${stderr}\n${stdout}`);
            assert.match(stderr, /^Pulumi \d+\.\d+\.\d+, (built from its Go module|on the PATH)$/m);
            // What is registered, and the stack itself.
            assert.deepEqual((JSON.parse(stdout) as Preview).changeSummary, {
                create: (await recordStack(stack)).length + 1,
            });
        });
    }

    it("writes nothing into the checkout but the keys that `pulumi stack init` is asked for", async () => {
        const changed = await git("ls-files", "--modified", "--others", "--exclude-standard");
        const files = STACKS.map((stack) => `Pulumi.${stack}.yaml`);
        assert.deepEqual(changed.trimEnd().split("\n").sort(), files.sort());
    });

    it("ends with the rule and what broke it where a policy is violated", async () => {
        await set("prod", "protectData", "false");
        assert.match(await failure("prod"), /\[mandatory\] +protected-volumes[^]*bots-edi-storage-data/);
        assert.equal((await pulumi("config", "rm", "--stack", "prod", "protectData")).code, 0);
    });

    it("ends with every error of a wrong configuration, no resource, and no later than a right one", async () => {
        await set("prod", "imageTag", "latest");
        await set("prod", "nonsense", "1");
        const begin = Date.now();
        const text = await failure("prod");
        const took = Date.now() - begin;
        assert.ok(took < 1.5 * right, `it took ${took} ms, and a right one ${right} ms`);
        assert.match(text, /has 2 errors:[^]*imageTag is "latest"[^]*nonsense is "1", and is no setting/);
        assert.doesNotMatch(text, /kubernetes:/);
    });

    it("text that YAML changes was changed silently, and a secret in env ended in a ConfigMap: both are refused, none is shown", async () => {
        await set("staging", "--path", "--secret", "env.LICENCE", "hunter2");
        await set("staging", "--path", "--secret", "secretEnv.not a name", "hunter2");
        // By hand: the CLI itself quotes what it writes.
        const text = place.read("Pulumi.staging.yaml").replace(/imageTag: .*/, "imageTag: 4.10");
        writeFileSync(join(place.folder, "Pulumi.staging.yaml"), text);
        const said = await failure("staging");
        assert.match(said, /has 3 errors:[^]*imageTag is written 4\.10 and read as 4\.1; takes text: quote it/);
        assert.match(said, /bots-edi:env is \[secret\]; takes nothing secret/);
        assert.match(said, /secretEnv\.not a name/);
        assert.doesNotMatch(said, /hunter2/);
    });
});
