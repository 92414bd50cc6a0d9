import assert from "node:assert/strict";
import { OWNERS } from "../../../components/owners";
import { find, Manifest, system } from "../../support/find";
import { Registration } from "../../support/recorder";

const FORCE = "pulumi.com/patchForce";

function title({ inputs }: Registration): string {
    const { kind, metadata } = inputs as Manifest;
    return /^(PersistentVolumeClaim|Service)$/.test(kind as string)
        ? (kind as string)
        : `${kind as string}/${metadata.name as string}`;
}

/** What the table says of the settings that are on. */
const objects = (update: string, sharings: readonly (string | undefined)[]) =>
    OWNERS.filter((row) => row.update === update && sharings.includes(row.sharing)).map(({ object }) => object);

describe("who owns what", () => {
    for (const [what, settings, sharings] of [
        ["nobody else is there", {}, [undefined]],
        [
            "updater and autoscaler are on",
            { imageUpdater: {}, webserver: { autoscaling: { maxReplicas: 3 } } },
            [undefined, "imageUpdater", "webserver.autoscaling"],
        ],
    ] as const) {
        it(`is one table: what is ignored and what is taken back follows from it where ${what}`, async () => {
            const made = await system({ database: {}, ...settings });
            const forced = made.filter(({ inputs }) => (inputs as Manifest).metadata?.annotations?.[FORCE] === "true");
            assert.deepEqual(forced.map(title).sort(), objects("takes back", sharings).sort());
            const ignoring = made.filter(({ ignoreChanges }) => ignoreChanges.length > 0);
            assert.deepEqual([...new Set(ignoring.map(title))].sort(), objects("ignores", sharings).sort());
            for (const one of ignoring) {
                const fields = OWNERS.filter(({ object, update }) => object === title(one) && update === "ignores");
                assert.deepEqual(
                    one.ignoreChanges,
                    fields.map(({ field }) => field),
                );
            }
        });
    }

    it("names as the updater's exactly what the updater may patch", async () => {
        const made = await system({ imageUpdater: {} });
        const role = find(made, "Role", "bots-image-update");
        const patched = (role.inputs.rules as Manifest[]).flatMap(
            ({ resourceNames = [] }) => resourceNames as string[],
        );
        const owned = OWNERS.filter(({ owner }) => owner === "updater").map(({ object }) => object.split("/")[1]);
        assert.deepEqual(patched.sort(), owned.sort());
    });
});
