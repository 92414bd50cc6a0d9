import assert from "node:assert/strict";
import { sandbox } from "../sandbox/command";

async function succeed(...args: string[]): Promise<void> {
    assert.equal((await sandbox(...args)).code, 0, `npm run sandbox -- ${args.join(" ")}`);
}

/** All parts are put up once for all suites, and taken away after them. */
export const mochaHooks = {
    async beforeAll(this: Mocha.Context): Promise<void> {
        this.timeout("60m");
        await succeed("--with", "all");
    },
    async afterAll(this: Mocha.Context): Promise<void> {
        this.timeout("10m");
        await succeed("remove", "all");
        await succeed("up");
    },
};
