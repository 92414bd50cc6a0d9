import assert from "node:assert/strict";
import { restoreArguments } from "../../../operations/backup";
import { type Job, outcomeOf, runJob } from "../../../operations/job";
import { type Kubectl } from "../../../operations/kubectl";
import { type System } from "../../../operations/system";

const job = (type: string, status = "True"): Job => ({
    metadata: { name: "a" },
    spec: { template: { spec: { containers: [{ name: "engine", args: ["engine", "--new"] }] } } },
    status: { conditions: [{ type, status }] },
});

describe("a Job made by hand", () => {
    it("has ended where a condition says so", () => {
        assert.equal(outcomeOf(job("Complete")), "Complete");
        assert.equal(outcomeOf(job("Failed")), "Failed");
        assert.equal(outcomeOf(job("Failed", "False")), undefined);
        assert.equal(outcomeOf(job("FailureTarget")), undefined);
        assert.equal(outcomeOf({ ...job(""), status: undefined }), undefined);
    });

    /** A cluster on which every Job ends like this, with this log. */
    const cluster = (end: string, log: string) => {
        const made: Job[] = [];
        const kubectl = {
            run: (args: string[], options?: { input?: string }) => {
                if (options?.input) made.push(JSON.parse(options.input) as Job);
                return Promise.resolve(args.includes("--dry-run=client") ? JSON.stringify(job("")) : "");
            },
            get: () => Promise.resolve(job(end)),
            try: (args: string[], options?: { onOutput?: (text: string) => void }) => {
                const parts = args.includes("--follow") ? (log.match(/[^]{1,7}/g) ?? []) : [];
                for (const part of parts) options?.onOutput?.(part);
                return Promise.resolve({ code: 0, stdout: log, stderr: "" });
            },
        };
        const system = { settings: { namespace: "edi" }, kubectl: kubectl as unknown as Kubectl } as unknown as System;
        return { made, system };
    };
    const run = { cronJob: "bots-engine", limit: 5 };

    it("gets other arguments, and shows its log once", async () => {
        const { made, system } = cluster("Complete", "first line\nsecond line\n");
        let shown = "";
        const said = await runJob(system, {
            ...run,
            tries: 1,
            args: (scheduled) => [...scheduled, "orders"],
            onOutput: (text) => (shown += text),
        });
        assert.deepEqual(made[0]?.spec.template.spec.containers[0]?.args, ["engine", "--new", "orders"]);
        assert.equal(made[0].spec.backoffLimit, 0);
        assert.equal(said, "first line\nsecond line\n");
        assert.equal(shown, said);
    });

    it("says why it failed, once", async () => {
        const { system } = cluster("Failed", "at work\nNothing was changed: so\n");
        let shown = "";
        await assert.rejects(runJob(system, { ...run, onOutput: (text) => (shown += text) }), {
            message: /^the Job bots-engine-manual-\d+ failed: Nothing was changed: so$/,
        });
        assert.equal(shown, "at work\n");
    });
});

describe("a restore", () => {
    it("has no options but those that are given", () => {
        assert.deepEqual(restoreArguments({}), []);
        assert.deepEqual(restoreArguments({ replace: true, of: "prod", recover: true, putWaiting: true }), [
            ...["--replace", "--of", "prod", "--recover", "--put-waiting"],
        ]);
    });
});
