import assert from "node:assert/strict";
import { sandbox } from "../sandbox/command";

async function succeed(...args: string[]): Promise<void> {
    assert.equal((await sandbox(...args)).code, 0, `npm run sandbox -- ${args.join(" ")}`);
}

/** All parts are put up once for all suites. */
export const mochaGlobalSetup = () => succeed("--with", "all");

/** They are taken away after the last one. */
export async function mochaGlobalTeardown(): Promise<void> {
    await succeed("remove", "all");
    await succeed("up");
}
