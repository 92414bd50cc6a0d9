/** `npm run pulumi -- preview` of every stack, on a machine without Pulumi. It needs no cluster: a first preview reads none. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout } from "./copyCheckout";

/** Steps by operation, as `pulumi preview --json` counts them. */
interface Preview {
    readonly changeSummary: Readonly<Record<string, number>>;
}

describe("npm run pulumi -- preview", () => {
    let folder: string;
    let backend: string;
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
    const pulumi = (...args: string[]) =>
        spawnSync("npm", ["run", "--silent", "pulumi", "--", ...args, "--non-interactive"], {
            cwd: folder,
            encoding: "utf8",
            env: {
                ...process.env,
                PULUMI_HOME: join(backend, "home"),
                PULUMI_BACKEND_URL: `file://${backend}`,
                PULUMI_CONFIG_PASSPHRASE: "test",
                KUBECONFIG: join(backend, "none"),
            },
        });
    const preview = (stack: string, ...args: string[]) =>
        pulumi("preview", "--stack", stack, "--policy-pack", "policy", ...args);
    const set = (stack: string, ...args: string[]) => {
        const { status, stderr } = pulumi("config", "set", "--stack", stack, ...args);
        assert.equal(status, 0, stderr);
    };

    before(() => {
        backend = mkdtempSync(join(tmpdir(), "bots-edi-backend-"));
        folder = mkdtempSync(join(tmpdir(), "bots-edi-preview-"));
        // A copy: the CLI writes the key of its encryption into the stack's file.
        copyCheckout(folder);
        git("init", "--quiet");
        git("add", "--all");
    });
    after(() => {
        for (const path of [folder, backend]) rmSync(path, { recursive: true, force: true });
    });

    for (const [stack, resources] of Object.entries({ dev: 41, staging: 33, prod: 38, sandbox: 39 })) {
        it(`of ${stack}, held against the policy pack`, () => {
            assert.equal(pulumi("stack", "init", stack).status, 0);
            const { status, stdout, stderr } = preview(stack, "--json");
            assert.equal(status, 0, `${stderr}\n${stdout}`);
            assert.match(stderr, /^Pulumi \d+\.\d+\.\d+, (built from its Go module|on the PATH)$/m);
            assert.deepEqual((JSON.parse(stdout) as Preview).changeSummary, { create: resources });
        });
    }

    it("writes nothing into the checkout but the keys that `pulumi stack init` is asked for", () => {
        const changed = git("ls-files", "--modified", "--others", "--exclude-standard");
        const files = ["dev", "prod", "sandbox", "staging"].map((stack) => `Pulumi.${stack}.yaml`);
        assert.deepEqual(changed.trimEnd().split("\n").sort(), files);
    });

    it("ends with the rule and what broke it where a policy is violated", () => {
        set("prod", "protectData", "false");
        const { status, stdout, stderr } = preview("prod");
        assert.notEqual(status, 0);
        assert.match(stdout + stderr, /\[mandatory\] +protected-volumes[^]*bots-edi-storage-data/);
        assert.equal(pulumi("config", "rm", "--stack", "prod", "protectData").status, 0);
    });

    it("ends with every error of a wrong configuration, and no resource", () => {
        set("prod", "imageTag", "latest");
        set("prod", "nonsense", "1");
        const { status, stdout, stderr } = preview("prod");
        assert.notEqual(status, 0);
        assert.match(stdout + stderr, /has 2 errors:[^]*imageTag is "latest"[^]*nonsense is "1", and is no setting/);
        assert.doesNotMatch(stdout, /kubernetes:/);
    });

    it("text that YAML changes was changed silently, and a secret in env ended in a ConfigMap: both are refused at up", () => {
        set("staging", "--path", "--secret", "env.LICENCE", "hunter2");
        const file = join(folder, "Pulumi.staging.yaml");
        // By hand: the CLI itself quotes what it writes.
        writeFileSync(file, readFileSync(file, "utf8").replace(/imageTag: .*/, "imageTag: 4.10"));
        const { status, stdout, stderr } = preview("staging");
        assert.notEqual(status, 0);
        assert.match(
            stdout + stderr,
            /has 2 errors:[^]*imageTag is written 4\.10 and read as 4\.1; takes text: quote it/,
        );
        assert.match(stdout + stderr, /bots-edi:env is \[secret\]; takes nothing secret/);
        assert.doesNotMatch(stdout + stderr, /hunter2/);
    });
});
