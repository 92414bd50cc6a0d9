import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { checkout } from "../../../sandbox/paths";

const GITHUB = join(checkout, ".github");

interface Step {
    readonly uses?: string;
    readonly run?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
    readonly if?: string;
    readonly environment?: string;
    readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
    readonly needs?: string;
    readonly steps?: readonly Step[];
}

interface File {
    readonly jobs?: Readonly<Record<string, Job>>;
    readonly runs?: { readonly steps: readonly Step[] };
}

const read = (path: string) => readFileSync(join(GITHUB, path), "utf8");
const files = readdirSync(GITHUB, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".yml"));
const parsed = new Map(files.map((path) => [path, parse(read(path)) as File]));
const jobs = [...parsed].flatMap(([path, file]) =>
    Object.entries(file.jobs ?? {}).map(([name, job]) => ({ title: `${path} ${name}`, name, job })),
);
const steps = [
    ...jobs.flatMap(({ job }) => job.steps ?? []),
    ...[...parsed.values()].flatMap(({ runs }) => runs?.steps ?? []),
];
const job = (path: string, name: string): Job => {
    const found = parsed.get(path)?.jobs?.[name];
    assert.ok(found, `${path} has no job ${name}`);
    return found;
};

/** The secrets that a value names. */
const secrets = (value: unknown) => /secrets\./.test(JSON.stringify(value ?? ""));
const script = (name: string) => `.github/scripts/${name}`;
const position = ({ steps: all = [] }: Job, is: (step: Step) => boolean) => all.findIndex(is);

describe("the workflows", () => {
    it("whoever might push read prod's secrets before review: each secret comes from an environment", () => {
        const withSecrets = jobs.filter(({ job: { steps: all } }) => secrets(all));
        assert.deepEqual(withSecrets.map(({ title, job: { environment } }) => [title, environment]).sort(), [
            ["workflows/bump.yml bump", "bump"],
            ["workflows/drift.yml drift", "${{ matrix.stack }}-plan"],
            ["workflows/preview.yml preview", "${{ matrix.stack }}-preview"],
            ["workflows/up.yml plan", "${{ inputs.stack }}-plan"],
            ["workflows/up.yml up", "${{ inputs.stack }}"],
        ]);
    });

    it("npm ci ran beside the state's token: secrets are in single steps that install nothing, and no script of a package runs", () => {
        for (const path of files) {
            const { jobs: all, ...rest } = parsed.get(path) as File;
            const outside = Object.values(all ?? {}).map((one) => ({ ...one, steps: undefined, secrets: undefined }));
            assert.equal(secrets([rest, outside]), false, path);
        }
        const install = steps.filter(({ run }) => run?.includes("npm"));
        assert.deepEqual([...new Set(install.map(({ run }) => run))], ["npm ci --ignore-scripts", "npm test"]);
        for (const step of install) assert.deepEqual([step.env, step.with], [undefined, undefined]);
        // The token of the checkout would lie in a file, for every package to read.
        for (const { uses, with: inputs } of steps) {
            if (uses?.startsWith("actions/checkout@")) assert.equal(inputs?.["persist-credentials"], false);
        }
    });

    it("a tag of an action could be moved to other code: each is pinned by its commit, with the version beside it", () => {
        const used = files.flatMap((path) => [...read(path).matchAll(/uses: (.*)/g)].map(([, what = ""]) => what));
        const foreign = used.filter((what) => !what.startsWith("./"));
        assert.ok(foreign.length > 0);
        for (const what of foreign) assert.match(what, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        const versions = new Map<string, Set<string>>();
        for (const what of foreign) {
            const [name = "", version = ""] = what.split("@");
            versions.set(name, (versions.get(name) ?? new Set()).add(version));
        }
        for (const [name, found] of versions) assert.equal(found.size, 1, name);
    });

    it("the approver of prod saw no plan: it is made before the approval, and the update takes exactly that one", () => {
        const plan = job("workflows/up.yml", "plan");
        const up = job("workflows/up.yml", "up");
        assert.equal(up.needs, "plan");
        const artifact = (one: Job, action: string) =>
            one.steps?.find(({ uses }) => uses?.startsWith(`actions/${action}-artifact@`))?.with?.["name"];
        assert.equal(artifact(plan, "upload"), "plan-${{ inputs.stack }}");
        assert.equal(artifact(up, "download"), artifact(plan, "upload"));
        const file = (one: Job, name: string) => one.steps?.find(({ run }) => run === script(name))?.env?.["PLAN"];
        assert.equal(file(plan, "plan"), "${{ runner.temp }}/plan.json");
        assert.equal(file(up, "apply"), file(plan, "plan"));
    });

    it("of two merges the older one might win: one at a time changes a stack, and only main's head", () => {
        for (const name of ["plan", "up"]) {
            const one = job("workflows/up.yml", name);
            assert.deepEqual(one.concurrency, { group: "stack-${{ inputs.stack }}", "cancel-in-progress": false });
            const looks = position(one, ({ run }) => run === script("stop-unless-head"));
            assert.ok(looks >= 0 && looks < position(one, secrets), name);
        }
        for (const [path, name] of [
            ["workflows/deploy.yml", "test"],
            ["workflows/drift.yml", "drift"],
        ] as const) {
            assert.equal(job(path, name).if, "github.ref == 'refs/heads/main'");
        }
    });

    it("what ran in them was tried by nobody: each run is a script with a test, or npm", () => {
        const scripts = readdirSync(join(GITHUB, "scripts")).map(script);
        const used = new Set(steps.map(({ run }) => run).filter((run) => run !== undefined && !run.startsWith("npm ")));
        assert.deepEqual([...used].sort(), scripts.sort());
        const tests = readFileSync(join(__dirname, "scripts.test.ts"), "utf8");
        for (const path of scripts) {
            assert.ok(tests.includes(`describe("${basename(path)}"`), `${path} has no test`);
            assert.match(
                readFileSync(join(checkout, path), "utf8"),
                /^#!\/usr\/bin\/env (bash\n# .*\n(# .*\n)*set -euo pipefail|python3\n""".*)\n/,
            );
        }
    });

    it("run the CLI of the SDK's version", () => {
        const { dependencies } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
            dependencies: Record<string, string>;
        };
        const clis = steps.filter(({ uses }) => uses?.startsWith("pulumi/actions@"));
        assert.deepEqual(
            [...new Set(clis.map(({ with: inputs }) => inputs?.["pulumi-version"]))],
            [dependencies["@pulumi/pulumi"]],
        );
    });
});
