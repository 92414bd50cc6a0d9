import { spawn } from "node:child_process";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(__dirname, "..", "..", "..");

/** How a command ended, what it said, and how long it took. */
export interface Ran {
    readonly code: number | null;
    readonly text: string;
    readonly seconds: number;
}

/** Runs `npm run sandbox -- ARGS` and shows what it says. */
export function sandbox(...args: string[]): Promise<Ran> {
    return sandboxOf(ROOT, args);
}

/** The same from another checkout, or with more in the environment. */
export async function sandboxOf(
    checkout: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
    const begin = Date.now();
    const child = spawn("npm", ["run", "--silent", "sandbox", "--", ...args], {
        cwd: checkout,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (part: string) => {
            text += part;
            process.stdout.write(part);
        });
    }
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, text, seconds: (Date.now() - begin) / 1000 };
}
