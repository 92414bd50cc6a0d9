import assert from "node:assert/strict";
import { join } from "node:path";
import { buildImages, buildPackages } from "../../../image/build";
import { providePackages } from "../../../sandbox/cluster/packages";
import { makeMachine, removeMachine } from "./machine";
import type { Ground } from "./system";
import { unpack } from "./unpackedImage";

let made: Ground | undefined;

/** The test machine with both images, which the root hooks made. */
export function ground(): Ground {
    assert.ok(made, "the root hooks did not run: use `npm run test:e2e:image`");
    return made;
}

/** Installs what is missing, builds the images where the cache does not have them, and unpacks them once for all suites. */
export const mochaHooks = {
    async beforeAll(this: Mocha.Context): Promise<void> {
        this.timeout("20m");
        await providePackages(buildPackages);
        const [botsImage, mariadbImage] = await buildImages();
        assert.ok(botsImage && mariadbImage);
        const machine = await makeMachine();
        try {
            const bots = await unpack(botsImage, join(machine.folder, "bots"));
            const mariadb = await unpack(mariadbImage, join(machine.folder, "mariadb"));
            made = { machine, bots, mariadb };
        } catch (error) {
            await removeMachine(machine.name);
            throw error;
        }
    },

    async afterAll(): Promise<void> {
        if (made) await removeMachine(made.machine.name);
    },
};
