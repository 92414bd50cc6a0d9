import { run } from "../../../operations/exec";
import { checkout } from "../../../sandbox/paths";

/** Brings the cluster up, and the images into it, once for all suites: a matter of seconds where they are. */
export async function mochaGlobalSetup(): Promise<void> {
    await run("npm", ["run", "--silent", "sandbox:cluster", "--", "up"], { cwd: checkout, timeout: 3600 });
}
