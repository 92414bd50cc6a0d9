/** The real Pulumi CLI previews every stack. It needs no cluster: a first preview reads none. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..");
const PROGRAM = [
    "index.ts",
    "settings.ts",
    "settings",
    "formats.ts",
    "components",
    "config",
    "policy",
    "package.json",
    "tsconfig.json",
];

/** Steps by operation, as `pulumi preview --json` counts them. */
interface Preview {
    readonly changeSummary: Readonly<Record<string, number>>;
}

const hasCli = spawnSync("pulumi", ["version"]).status === 0;

(hasCli ? describe : describe.skip)(`pulumi preview${hasCli ? "" : " (skipped: no pulumi on the PATH)"}`, () => {
    let folder: string;
    const env = () => ({
        ...process.env,
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        KUBECONFIG: join(folder, "none"),
    });
    const pulumi = (...args: string[]) =>
        spawnSync("pulumi", [...args, "--non-interactive"], { cwd: folder, env: env(), encoding: "utf8" });

    before(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-preview-"));
        // A copy: the CLI writes the key of its encryption into the stack's file.
        const files = execFileSync("git", ["ls-files", ...PROGRAM, "Pulumi*.yaml"], { cwd: ROOT, encoding: "utf8" });
        for (const file of files.trim().split("\n")) cpSync(join(ROOT, file), join(folder, file), { recursive: true });
        symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    });
    after(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    for (const [stack, resources] of Object.entries({ dev: 40, staging: 32, prod: 37, sandbox: 38 })) {
        it(`of ${stack}, held against the policy pack`, () => {
            assert.equal(pulumi("stack", "init", stack).status, 0);
            const { status, stdout, stderr } = pulumi("preview", "--stack", stack, "--policy-pack", "policy", "--json");
            assert.equal(status, 0, `${stderr}\n${stdout}`);
            assert.deepEqual((JSON.parse(stdout) as Preview).changeSummary, { create: resources });
        });
    }

    it("of a wrong configuration ends with every error and no resource", () => {
        for (const [key, value] of [
            ["imageTag", "latest"],
            ["nonsense", "1"],
        ] as const) {
            assert.equal(pulumi("config", "set", "--stack", "prod", key, value).status, 0);
        }
        const { status, stdout, stderr } = pulumi("preview", "--stack", "prod");
        assert.notEqual(status, 0);
        assert.match(stdout + stderr, /has 2 errors:[^]*imageTag is "latest"[^]*nonsense is "1", and is no setting/);
        assert.doesNotMatch(stdout, /kubernetes:/);
    });

    it("text that YAML changes was changed silently, and a secret in env ended in a ConfigMap: both are refused at up", () => {
        assert.equal(
            pulumi("config", "set", "--stack", "staging", "--path", "--secret", "env.LICENCE", "hunter2").status,
            0,
        );
        const file = join(folder, "Pulumi.staging.yaml");
        // By hand: the CLI itself quotes what it writes.
        writeFileSync(file, readFileSync(file, "utf8").replace(/imageTag: .*/, "imageTag: 4.10"));
        const { status, stdout, stderr } = pulumi("preview", "--stack", "staging");
        assert.notEqual(status, 0);
        assert.match(
            stdout + stderr,
            /has 2 errors:[^]*imageTag is written 4\.10 and read as 4\.1; takes text: quote it/,
        );
        assert.match(stdout + stderr, /bots-edi:env is \[secret\]; takes nothing secret/);
        assert.doesNotMatch(stdout + stderr, /hunter2/);
    });
});
