import assert from "node:assert/strict";
import { find } from "../support/find";
import { UID } from "../support/recorder";
import { recordStack } from "../support/stack";

/** Runs something with another KUBECONFIG. */
async function withKubeconfig<T>(file: string, run: () => Promise<T>): Promise<T> {
    const before = process.env.KUBECONFIG;
    process.env.KUBECONFIG = file;
    try {
        return await run();
    } finally {
        if (before === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = before;
    }
}

describe("the stack's cluster", () => {
    it("a kubeconfig that points to another cluster deployed there: it is refused in one line, and nothing is registered", async () => {
        const registered: string[] = [];
        const run = recordStack(
            "prod",
            {},
            { stashed: "another", beforeRegister: (type) => void registered.push(type) },
        );
        await assert.rejects(
            run,
            new RegExp(
                `^Error: This is another cluster than that of stack prod: .* uid ${UID} here and another there; set KUBECONFIG.*$`,
            ),
        );
        assert.deepEqual(registered, ["pulumi:providers:kubernetes", "pulumi:index:Stash"]);
    });

    it("is taken where it is the one that was recorded", async () => {
        const made = await recordStack("prod", {}, { stashed: UID });
        find(made, "Deployment", "bots-webserver");
    });

    it("is not known yet in a first update of some targets alone, which records nothing: it is not refused", async () => {
        find(await recordStack("prod", {}, { stashed: null }), "Deployment", "bots-webserver");
    });

    it("a preview of some targets alone made nothing: what it leaves out is not known, and was waited for until the program ended", async () => {
        const made = await withKubeconfig(__filename, () => recordStack("prod", {}, { stashed: null, preview: true }));
        find(made, "Deployment", "bots-webserver");
    });

    it("is not asked for in a preview without a kubeconfig, as that of a pull request", async () => {
        const preview = () => recordStack("prod", {}, { stashed: "another", preview: true });
        find(await withKubeconfig("/nonexistent", preview), "Deployment", "bots-webserver");
    });

    it("is recorded once: what is found later does not change the record", async () => {
        const [stash] = (await recordStack("dev")).filter(({ type }) => type === "pulumi:index:Stash");
        assert.deepEqual([stash?.inputs, stash?.ignoreChanges], [{ input: UID }, ["input"]]);
    });
});
