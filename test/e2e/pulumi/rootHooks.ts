import { run } from "../../../operations/exec";
import { checkout } from "../../../sandbox/paths";

/** Brings the cluster up, and the images into it: a matter of seconds where they are. */
export const mochaHooks = {
    async beforeAll(this: Mocha.Context): Promise<void> {
        this.timeout("60m");
        await run("npm", ["run", "--silent", "sandbox:cluster", "--", "up"], { cwd: checkout, timeout: 3600 });
    },
};
