import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../../../sandbox/paths";

const HEAD = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const OLDER = "0000000000000000000000000000000000000001";

describe("the pipeline's script", () => {
    let folder: string;
    let variables: Record<string, string | undefined>;

    const file = (name: string) => join(folder, name);
    const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");

    /** A command on the PATH: it writes down how it was called, and then does this. */
    const command = (name: string, script: string) => {
        const path = join(folder, "bin", name);
        writeFileSync(path, `#!/bin/bash\nprintf '%s\\n' "$*" >> ${file(`${name}.calls`)}\n${script}\n`);
        chmodSync(path, 0o755);
    };
    const run = (script: string) => {
        const env = { ...variables, PATH: `${join(folder, "bin")}:${process.env.PATH ?? ""}` };
        const { status, stdout, stderr } = spawnSync(join(checkout, ".github", "scripts", script), {
            cwd: folder,
            env,
            encoding: "utf8",
            maxBuffer: 1 << 24,
        });
        return { code: status, text: stdout + stderr };
    };
    /** It fails where one of these is not there, and names it. */
    const needs = (script: string, ...names: string[]) => {
        for (const name of names) {
            const value = variables[name];
            variables[name] = undefined;
            const { code, text } = run(script);
            assert.notEqual(code, 0, name);
            assert.match(text, new RegExp(`\\b${name}\\b`));
            variables[name] = value;
        }
    };

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "bots-edi-pipeline-"));
        mkdirSync(join(folder, "bin"));
        variables = {
            STACK: "prod",
            PLAN: file("plan.json"),
            RUNNER_TEMP: folder,
            GITHUB_ENV: file("env"),
            GITHUB_REPOSITORY: "example/bots-edi",
            GITHUB_RUN_ID: "42",
            GITHUB_SERVER_URL: "https://github.example.com",
            GITHUB_SHA: HEAD,
            GITHUB_STEP_SUMMARY: file("summary.md"),
            KUBECONFIG_CONTENT: "apiVersion: v1\nkind: Config",
        };
    });
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    describe("write-kubeconfig", () => {
        it("leaves a file that its owner alone reads, and its name for the next steps", () => {
            assert.equal(run("write-kubeconfig").code, 0);
            assert.equal(read("kubeconfig"), "apiVersion: v1\nkind: Config\n");
            assert.equal(statSync(file("kubeconfig")).mode & 0o777, 0o600);
            assert.equal(read("env"), `KUBECONFIG=${file("kubeconfig")}\n`);
        });

        it("an environment without its secret got a cluster by chance: it ends, and says where the secret belongs", () => {
            for (const content of ["", undefined]) {
                variables["KUBECONFIG_CONTENT"] = content;
                const { code, text } = run("write-kubeconfig");
                assert.equal(code, 1);
                assert.match(text, /^::error::The secret KUBECONFIG is empty: .*docs\/ci\.md/);
                assert.equal(read("env"), "");
            }
            variables["KUBECONFIG_CONTENT"] = "content";
            needs("write-kubeconfig", "RUNNER_TEMP", "GITHUB_ENV");
        });
    });

    describe("stop-unless-head", () => {
        it("lets main's head go on", () => {
            command("gh", `echo ${HEAD}`);
            assert.deepEqual(run("stop-unless-head"), { code: 0, text: "" });
            assert.equal(read("gh.calls"), "api repos/example/bots-edi/commits/main --jq .sha\n");
        });

        it("of two merges the slower, older one won: it stops, and names the newer one", () => {
            command("gh", `echo ${HEAD}`);
            variables["GITHUB_SHA"] = OLDER;
            const { code, text } = run("stop-unless-head");
            assert.equal(code, 1);
            assert.match(text, new RegExp(`^::error::Commit ${OLDER} is no longer main's head, ${HEAD} is`));
        });

        it("stops where GitHub does not answer", () => {
            command("gh", `echo ${HEAD}; exit 1`);
            assert.equal(run("stop-unless-head").code, 1);
            command("gh", `echo ${HEAD}`);
            needs("stop-unless-head", "GITHUB_SHA", "GITHUB_REPOSITORY");
        });
    });

    describe("preflight", () => {
        it("looks at the stack's cluster, and ends the run where something is found", () => {
            command("npm", "echo 'a finding'; exit 1");
            assert.deepEqual(run("preflight"), { code: 1, text: "a finding\n" });
            command("npm", "");
            assert.equal(run("preflight").code, 0);
            assert.match(read("npm.calls"), /^run --silent ops -- preflight --stack prod\n/);
            needs("preflight", "STACK");
        });
    });

    describe("plan", () => {
        it("the approver of prod saw no plan: it is shown on the run's page, and kept", () => {
            command("pulumi", 'echo "+ 1 to create"; echo {} > "$PLAN"');
            const { code, text } = run("plan");
            assert.equal(code, 0, text);
            assert.match(text, /\+ 1 to create/);
            assert.match(read("summary.md"), /^### Plan of stack prod at 4b825dc[^]*\n````\n\+ 1 to create\n\n````\n$/);
            assert.equal(
                read("pulumi.calls"),
                `preview --stack prod --diff --policy-pack policy --save-plan ${file("plan.json")} --non-interactive --color never\n`,
            );
        });

        it("a pipe hid that a preview failed: it fails with it, and shows nothing to approve", () => {
            command("pulumi", 'echo "error: a policy is violated"; exit 255');
            const { code, text } = run("plan");
            assert.equal(code, 255);
            assert.match(text, /a policy is violated/);
            assert.equal(read("summary.md"), "");
        });

        it("cuts a plan that a page does not take", () => {
            command("pulumi", "yes | head -c 2000000");
            assert.equal(run("plan").code, 0);
            assert.ok(read("summary.md").length < 1024 * 1024);
        });

        it("names a variable that is missing", () => {
            command("pulumi", "true");
            needs("plan", "STACK", "PLAN", "RUNNER_TEMP", "GITHUB_SHA", "GITHUB_STEP_SUMMARY");
        });
    });

    describe("apply", () => {
        it("an update did more than what was approved: it is bound to the plan", () => {
            command("pulumi", "true");
            assert.equal(run("apply").code, 0);
            assert.equal(
                read("pulumi.calls"),
                `up --yes --stack prod --diff --policy-pack policy --plan ${file("plan.json")} --non-interactive --color never\n`,
            );
            needs("apply", "STACK", "PLAN");
            assert.equal(read("pulumi.calls").trim().split("\n").length, 1);
        });

        it("values of a Secret that differed from the plan were in the log: none is shown", () => {
            const error = "error: resource urn:x::bots-edi-secret-env violates plan: properties changed";
            command("pulumi", `echo "${error}: ++data[{map[PIN:{c2VjcmV0}]}]" >&2; exit 255`);
            assert.deepEqual(run("apply"), { code: 255, text: `${error}; their values are not shown\n` });
        });

        it("fails with the update", () => {
            command("pulumi", "exit 3");
            assert.equal(run("apply").code, 3);
        });
    });

    describe("compare", () => {
        it("drift was seen by nobody: it fails with the comparison", () => {
            command("pulumi", 'case " $* " in *" --refresh --expect-no-changes "*) exit 2 ;; esac');
            assert.equal(run("compare").code, 2);
            needs("compare", "STACK");
        });
    });

    describe("report-drift", () => {
        const gh = (issues: string) => {
            command("gh", `case $2 in list) printf '%b' '${issues}' ;; esac`);
        };

        it("drift was seen by nobody: an issue names stack and run", () => {
            gh("");
            assert.equal(run("report-drift").code, 0);
            assert.match(
                read("gh.calls"),
                /\nissue create --title Drift in stack prod --body https:\/\/github\.example\.com\/example\/bots-edi\/actions\/runs\/42: /,
            );
        });

        it("adds to the issue that is open, and to no other stack's", () => {
            gh("7 Drift in stack prod2\\n9 Drift in stack prod\\n12 No Drift in stack prod\\n");
            assert.equal(run("report-drift").code, 0);
            assert.match(read("gh.calls"), /\nissue comment 9 --body https:/);
            assert.doesNotMatch(read("gh.calls"), /issue create/);
        });

        it("fails where GitHub does not answer, and names what is missing", () => {
            command("gh", "exit 4");
            assert.equal(run("report-drift").code, 4);
            gh("");
            needs("report-drift", "STACK", "GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL");
        });
    });

    describe("bump", () => {
        const DIGEST = `sha256:${"0".repeat(64)}`;
        const git = (...args: string[]) => {
            const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
            const { status, stdout, stderr } = spawnSync("git", [...author, ...args], {
                cwd: folder,
                encoding: "utf8",
            });
            assert.equal(status, 0, stderr);
            return stdout;
        };
        /** main says this tag; where a pull request is open, its branch says another. */
        const repository = (tag: string, open?: string) => {
            command("gh", `[ "$1 $2" != "pr list" ] || echo "${open === undefined ? "" : 7}"`);
            git("init", "--quiet", "--initial-branch", "main");
            git("init", "--quiet", "--bare", "--initial-branch", "main", "origin");
            git("remote", "add", "origin", "./origin");
            const say = (line: string, branch: string) => {
                writeFileSync(
                    file("Pulumi.prod.yaml"),
                    `config:\n  bots-edi:imageTag: ${line} # newest\n  bots-edi:tls: "true"\n`,
                );
                git("add", "Pulumi.prod.yaml");
                git("commit", "--quiet", "--message", line);
                git("push", "--quiet", "origin", `HEAD:${branch}`);
            };
            say(tag, "main");
            if (open !== undefined) say(open, "bump-prod");
        };
        const bump = (event: Readonly<Record<string, string>>) => {
            Object.assign(variables, { HOME: folder, VERSION: "4.0.13", DIGEST, VERSIONS: ">=4.0 <5" }, event);
            return run("bump");
        };
        const branches = () => git("ls-remote", "--heads", "origin").match(/refs\/heads\/.*/g);
        const proposed = () => git("-C", "origin", "show", "bump-prod:Pulumi.prod.yaml").split("\n")[1];

        it("whoever pushed an image edited the stack's file by hand: a pull request has that one line changed", () => {
            repository('"4.0"');
            const { code, text } = bump({});
            assert.equal(code, 0, text);
            assert.equal(proposed(), '  bots-edi:imageTag: "4.0.13" # newest');
            assert.match(git("-C", "origin", "diff", "--stat", "main", "bump-prod"), / 1 insertion.*, 1 deletion/);
            assert.match(
                read("gh.calls"),
                /\npr create --base main --head bump-prod --title Bots EDI 4\.0\.13 in stack prod /,
            );
        });

        it("keeps a pinned digest, of the pushed image; where the push tells none it ends", () => {
            repository(`"4.0@sha256:${"1".repeat(64)}"`);
            const { code, text } = bump({ DIGEST: "" });
            assert.equal(code, 1);
            assert.match(
                text,
                /^::error::Pulumi\.prod\.yaml pins the image's digest, and the push of 4\.0\.13 tells none/,
            );
            assert.equal(bump({}).code, 0);
            assert.equal(proposed(), `  bots-edi:imageTag: "4.0.13@${DIGEST}" # newest`);
        });

        it("changes the pull request that is open, and never to an older version", () => {
            repository('"4.0"', '"4.0.9"');
            assert.equal(bump({ VERSION: "4.0.5" }).code, 0);
            assert.equal(proposed(), '  bots-edi:imageTag: "4.0.9" # newest');
            assert.equal(bump({ VERSION: "4.0.10" }).code, 0);
            assert.equal(proposed(), '  bots-edi:imageTag: "4.0.10" # newest');
            assert.match(git("-C", "origin", "diff", "--stat", "main", "bump-prod"), / 1 insertion.*, 1 deletion/);
            assert.match(read("gh.calls"), /\npr edit 7 --title Bots EDI 4\.0\.10 in stack prod\n/);
            assert.doesNotMatch(read("gh.calls"), /pr create/);
        });

        it("leaves what main has already, and what the stack does not take, and says which", () => {
            repository('"4.0.13"');
            for (const [event, reason] of [
                [{}, "Pulumi.prod.yaml of main says 4.0.13, and 4.0.13 is not newer"],
                [{ VERSION: "4.0.9" }, "Pulumi.prod.yaml of main says 4.0.13, and 4.0.9 is not newer"],
                [{ VERSION: "5.0" }, "the stack takes >=4.0 <5, and 5.0 is none of them"],
            ] as const) {
                assert.deepEqual(bump(event), { code: 0, text: `::notice::No pull request: ${reason}\n` });
            }
            assert.deepEqual(branches(), ["refs/heads/main"]);
        });

        it("an event may come from anybody with the token: what is no stack, version, digest or range ends it", () => {
            repository('"4.0"');
            for (const [name, value] of [
                ["STACK", "../prod"],
                ["VERSION", "4.1.0-rc.1"],
                ["VERSION", '4.1"; true'],
                ["DIGEST", "sha256:1"],
                ["VERSIONS", "4.x"],
            ] as const) {
                const { code, text } = bump({ STACK: "prod", [name]: value });
                assert.equal(code, 1, name);
                assert.match(text, new RegExp(`^::error::${name} of the event is `));
            }
            assert.equal(bump({ STACK: "other" }).code, 1);
            assert.deepEqual(branches(), ["refs/heads/main"]);
        });

        it("fails where git or GitHub does, and names what is missing", () => {
            repository('"4.0"');
            command("gh", '[ "$1" != pr ] || exit 4');
            const { code, text } = bump({ STACK: "prod" });
            assert.deepEqual([code, text], [1, "::error::gh pr list failed with exit code 4; its reason is above\n"]);
            needs("bump", "STACK", "VERSION", "DIGEST", "VERSIONS");
        });
    });
});
