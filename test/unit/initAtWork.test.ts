import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInitAtWork } from "../../initAtWork";
import { parseSettings } from "../../settings";

/** Asks with a kubectl that says this, and returns the answer and what kubectl was asked. */
async function ask(said: string, code = 0, kubeContext?: string): Promise<[boolean, string]> {
    const { KUBECONFIG, PATH } = process.env;
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-kubectl-"));
    const asked = join(folder, "asked");
    writeFileSync(asked, "");
    writeFileSync(join(folder, "said"), said);
    writeFileSync(
        join(folder, "kubectl"),
        `#!/bin/sh\necho "$@" > ${asked}\ncat ${join(folder, "said")}\nexit ${code}\n`,
    );
    chmodSync(join(folder, "kubectl"), 0o755);
    Object.assign(process.env, { PATH: `${folder}:${PATH ?? ""}`, KUBECONFIG: asked });
    try {
        const settings = parseSettings({ imageTag: "4.0", ...(kubeContext !== undefined && { kubeContext }) });
        return [await isInitAtWork(settings), readFileSync(asked, "utf8").trim()];
    } finally {
        Object.assign(process.env, { PATH, KUBECONFIG });
        rmSync(folder, { recursive: true });
    }
}

const job = (status: object, metadata: object = {}) => JSON.stringify({ metadata, status });
const condition = (type: string, status = "True") => ({ conditions: [{ type, status }] });

describe("the initialisation of the database", () => {
    it("is asked for on the stack's cluster", async () => {
        const [, asked] = await ask("", 0, "production");
        assert.match(asked, /^--context production get job bots-db-init -n edi --ignore-not-found /);
    });

    it("is at work from the making of its Job to its end", async () => {
        for (const status of [{}, { active: 1 }, { active: 1, ready: 1 }, condition("Suspended", "False")]) {
            assert.equal((await ask(job(status)))[0], true, JSON.stringify(status));
        }
        for (const type of ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"]) {
            assert.equal((await ask(job(condition(type))))[0], false, type);
        }
    });

    it("is not at work where there is no Job, or one that is being deleted", async () => {
        assert.equal((await ask(""))[0], false);
        assert.equal((await ask(job({ active: 1 }, { deletionTimestamp: "2026-11-26T10:00:00Z" })))[0], false);
    });

    it("counts as not at work where kubectl cannot say: it is made anew then, as ever", async () => {
        assert.equal((await ask("", 1))[0], false);
    });

    it("is not asked for without a kubeconfig", async () => {
        assert.equal(await isInitAtWork(parseSettings({ imageTag: "4.0" })), false);
    });
});
