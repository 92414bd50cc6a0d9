import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Steps } from "../../../sandbox/steps";

describe("steps", () => {
    const lines: string[] = [];
    const steps = new Steps((line) => lines.push(line));
    beforeEach(() => lines.splice(0));

    it("are printed with their time, and with a remark where there is one", async () => {
        await steps.step("bridge", () => undefined);
        await steps.step("binaries", () => Promise.resolve("cached"));
        assert.match(lines.join("\n"), /^ {3}\d\.\d s {2}bridge\n {3}\d\.\d s {2}binaries \(cached\)$/);
    });

    it("end with the one that failed, which is not printed as done", async () => {
        await assert.rejects(
            steps.step("bridge", () => Promise.reject(new Error("no bridge"))),
            /no bridge/,
        );
        assert.deepEqual(lines, []);
    });

    it("show a sign of life while they last, and none afterwards", async () => {
        const patient = new Steps((line) => lines.push(line), 20);
        await patient.step("binaries", () => sleep(70));
        const printed = [...lines];
        assert.match(printed.join("\n"), /^( {10}binaries: at it for 0\.\d s\n)+ {3}0\.\d s {2}binaries$/);
        await sleep(50);
        assert.deepEqual(lines, printed);
    });
});
