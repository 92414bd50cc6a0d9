import { strict as assert } from "node:assert";
import { OperatorError } from "../../../operations/errors";
import { attempt, run } from "../../../operations/exec";

describe("running commands", () => {
    it("hands input over and output back", async () => {
        assert.equal(await run("cat", [], { input: "text" }), "text");
    });

    it("fails with the command, its exit code and its last words", async () => {
        await assert.rejects(run("sh", ["-c", "echo broken pipe dream >&2; exit 3"]), {
            name: "OperatorError",
            message: /^sh -c .* ended with exit code 3: broken pipe dream$/,
        });
    });

    it("names a command that is not there", async () => {
        await assert.rejects(attempt("no-such-command", []), (error) => {
            assert.ok(error instanceof OperatorError);
            assert.equal(error.message, "the command no-such-command was not found; install it and run again");
            return true;
        });
    });

    it("kills what takes too long, and says so", async () => {
        const { code, stderr } = await attempt("sleep", ["30"], { timeout: 0.2 });
        assert.equal(code, 1);
        assert.match(stderr, /killed by SIGKILL/);
    });
});
