import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { Driver } from "../../../../sandbox/engine/driver";
import { removeAll } from "../../../../sandbox/engine/removal";
import type { Entry, State } from "../../../../sandbox/engine/state";
import { entry } from "./entries";
import { fc } from "./properties";

describe("engine: order of deletion", () => {
    const run = async (entries: Entry[], fails?: string): Promise<{ removed: string[]; error: unknown }> => {
        const removed: string[] = [];
        const remove = async ({ urn }: Entry): Promise<void> => {
            await sleep(Math.random() * 2);
            if (urn === fails) throw new Error(`${urn} stays`);
            removed.push(urn);
        };
        const drivers = { of: () => Promise.resolve({ remove } as unknown as Driver) };
        const state = { get: () => undefined, drop: () => undefined } as unknown as State;
        const removal = { state, drivers, dryRun: false, signal: new AbortController().signal, print: () => undefined };
        const error: unknown = await removeAll(entries, removal).then(
            () => undefined,
            (reason: unknown) => reason,
        );
        return { removed, error };
    };

    it("deletes a resource after everything that needs it, for any dependencies", async () => {
        await fc.assert(
            fc.asyncProperty(fc.dependencies, async (dependencies) => {
                const entries = dependencies.map((needs, index) => entry(String(index), { needs: needs.map(String) }));
                const { removed } = await run(entries);
                assert.equal(removed.length, entries.length);
                for (const { urn, needs } of entries)
                    for (const need of needs) assert.ok(removed.indexOf(urn) < removed.indexOf(need));
            }),
            { numRuns: 50 },
        );
    });

    it("keeps what a resource that could not be deleted needs, and deletes the rest", async () => {
        const entries = [entry("base"), entry("stuck", { needs: ["base"] }), entry("free")];
        const { removed, error } = await run(entries, "stuck");
        assert.deepEqual(removed, ["free"]);
        assert.equal((error as Error).message, "stuck stays");
    });

    it("deletes nothing at all when something is protected", async () => {
        const { removed, error } = await run([entry("a"), entry("b", { protect: true })]);
        assert.deepEqual(removed, []);
        assert.match((error as Error).message, /protected, so nothing was deleted: t b/);
    });
});
