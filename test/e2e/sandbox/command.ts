import { spawn } from "node:child_process";
import { checkout } from "../../../sandbox/paths";
import { ran, type Ran } from "../pulumi/workplace";

/** Runs `npm run sandbox -- ARGS` and shows what it says. */
export function sandbox(...args: string[]): Promise<Ran> {
    return sandboxOf(checkout, args);
}

/** The same from another checkout, or with more in the environment. */
export function sandboxOf(
    folder: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
    const child = spawn("npm", ["run", "--silent", "sandbox", "--", ...args], {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
    });
    return ran(child, true);
}
