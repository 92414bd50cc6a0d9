import assert from "node:assert/strict";
import { lastError } from "../../../../sandbox/pulumi/stack";

describe("a failed command of the Pulumi CLI", () => {
    for (const [what, said, reason] of [
        [
            "its last error",
            "Diagnostics:\n  error: first\n  kubernetes:core/v1:Pod (a):\n    error: second\n  error: update failed\n",
            ": second",
        ],
        [
            "the first of several at once",
            "error: 2 errors occurred:\n    1) write /x/lock: no space left on device\n    2) other\n",
            ": write /x/lock: no space left on device",
        ],
        [
            "the first of several of a provider",
            "error: update failed\n  error: 11 errors occurred:\n    \t* resource a was created, and failed\n    \t* b\n",
            ": resource a was created, and failed",
        ],
        ["nothing more where it says no error", "Killed\n", ""],
    ] as const) {
        it(`is told in one line, with ${what}`, () => {
            assert.equal(lastError(said), `the Pulumi CLI failed, see above${reason}`);
        });
    }
});
