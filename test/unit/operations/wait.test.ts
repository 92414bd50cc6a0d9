import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../../operations/wait";

describe("waiting", () => {
    it("looks at once, and again after the interval, until it is so", async () => {
        let looks = 0;
        await waitUntil("the third look", () => ++looks === 3, { timeout: 5, interval: 1 });
        assert.equal(looks, 3);
    });

    it("rests thrice as long as a look took: waiting tests kept a machine busy with kubectl", async () => {
        let looks = 0;
        const look = async () => {
            looks++;
            await sleep(100);
            return "not yet";
        };
        const waiting = waitUntil("nothing", look, { timeout: 1, interval: 1 });
        await assert.rejects(waiting, /^OperatorError: gave up after 1 s waiting for nothing: not yet$/);
        assert.ok(looks <= 4, `${looks} looks in a second`);
    });
});
