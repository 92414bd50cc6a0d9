import assert from "node:assert/strict";
import { callsPulumi, commands, statements } from "../../docs/commands";

describe("commands of a Markdown text", () => {
    const block = (language: string, ...lines: string[]) => ["```" + language, ...lines, "```", ""].join("\n");

    it("are the lines of a shell's block, without comments", () => {
        const text = block("bash", "# before", "pulumi up   # makes it", "", "pulumi config set a '# 1' # one");
        assert.deepEqual(commands(text), ["pulumi up", "pulumi config set a '# 1'"]);
    });

    it("are what is typed in a console, not what it prints", () => {
        assert.deepEqual(commands(block("console", "$ pulumi login", "Logged in", "$ pulumi up \\", "    --yes")), [
            "pulumi login",
            "pulumi up --yes",
        ]);
    });

    it("are none in a block of another language", () => {
        assert.deepEqual(commands(block("text", "pulumi up") + block("yaml", "pulumi: up")), []);
    });

    it("are found in a block of a list's item", () => {
        assert.deepEqual(commands("- See:\n\n  ```bash\n  pulumi stack init prod \\\n    --yes\n  ```\n"), [
            "pulumi stack init prod --yes",
        ]);
    });

    it("are code spans, also one that the text wraps", () => {
        const text = "By `pulumi stack output\nnamespace` or `c` or ``a `b` c``; not by pulumi up.\n";
        assert.deepEqual(commands(text), ["pulumi stack output namespace", "c", "a `b` c"]);
    });

    it("are each there once", () => {
        assert.deepEqual(commands(`${block("bash", "pulumi up")}After \`pulumi up\` run \`pulumi up\`.`), [
            "pulumi up",
        ]);
    });
});

describe("statements of a script", () => {
    it("keep a chain and the variables before a command", () => {
        const chain = "A=1 pulumi config set --path 'a[0]' \"x\" && pulumi up";
        assert.deepEqual(statements(`${chain}\nls`), [chain, "ls"]);
    });

    it("keep a loop, a function and a here-document whole", () => {
        const loop = 'for v in a b; do\n  pulumi import "$v" --yes\ndone';
        const here = "kubectl apply -f - <<'YAML'\nkind: Pod\nYAML";
        const fun = 'take() {\n  echo "$1"\n}';
        assert.deepEqual(statements([loop, here, fun].join("\n")), [loop, here, fun]);
    });

    it("join the lines of a continued one inside a loop", () => {
        assert.deepEqual(statements("for v in a; do\n  pulumi import \\\n    x   # why\ndone"), [
            "for v in a; do\n  pulumi import x\ndone",
        ]);
    });

    it("have an end", () => {
        assert.throws(() => statements("pulumi up\nfor v in a; do"), /beginning of a statement: for v in a; do/);
    });
});

describe("a call of the Pulumi CLI", () => {
    for (const command of [
        "pulumi up",
        "npm run pulumi -- version",
        "X=1 pulumi up --refresh",
        "cd x && pulumi up",
        "for v in a; do\n  pulumi import $v\ndone",
    ]) {
        it(`is ${JSON.stringify(command)}`, () => {
            assert.ok(callsPulumi(command));
        });
    }

    for (const command of ["pulumi", "Pulumi.prod.yaml", "+ pulumi:providers:kubernetes cluster", "kubectl get pods"]) {
        it(`is not ${JSON.stringify(command)}`, () => {
            assert.ok(!callsPulumi(command));
        });
    }
});
