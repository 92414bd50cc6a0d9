import assert from "node:assert/strict";
import { Command } from "commander";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addOperations } from "../../../operations/commands";
import { commands, operationOf } from "../../docs/commands";

const ROOT = join(__dirname, "..", "..", "..");

/** The documented operations, as their arguments. Spans that only name the program have none. */
function documented(): string[][] {
    const files = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name))];
    return files
        .flatMap((file) => commands(readFileSync(join(ROOT, file), "utf8")))
        .flatMap((command) => {
            const words = operationOf(command);
            return words && words[0] !== "COMMAND" ? [words] : [];
        });
}

/** What the program says of arguments, without doing anything: a complaint, or nothing. */
async function complaint(words: readonly string[]): Promise<string> {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    addOperations(program, () => {
        throw new Error("taken");
    });
    for (const command of program.commands)
        command.exitOverride().requiredOption("--stack <stack>").option("--context <name>");
    return program.parseAsync(words, { from: "user" }).then(
        () => "it was not run",
        (error: unknown) => ((error as Error).message === "taken" ? "" : (error as Error).message),
    );
}

describe("the documentation's operations", () => {
    it("are taken as they stand, each with its stack", async () => {
        const all = documented();
        assert.ok(all.length >= 10);
        for (const words of all) assert.equal(await complaint(words), "", words.join(" "));
    });

    it("are all that there are", () => {
        const program = new Command();
        addOperations(program, () => assert.fail());
        const names = new Set(documented().map(([name]) => name));
        const shown = new Set(
            [...names, ...readFileSync(join(ROOT, "docs/operations.md"), "utf8").matchAll(/^\| `(\w+)/gm)].map(String),
        );
        const text = [...shown].join(" ");
        for (const command of program.commands)
            assert.match(text, new RegExp(`\\b${command.name()}\\b`), command.name());
    });

    it("would be refused with a word too many", async () => {
        assert.match(await complaint(["engine", "--frobnicate", "--stack", "prod"]), /unknown option '--frobnicate'/);
        assert.match(await complaint(["frobnicate", "--stack", "prod"]), /unknown command/);
        assert.match(await complaint(["engine"]), /--stack/);
    });
});
