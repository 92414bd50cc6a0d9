/** Runs a program under mocks, in a process of its own, and prints what that took. Argument: the program's file. */
import { createRequire } from "node:module";
import { mocked } from "./mocked";
import type { Usage } from "./usage";

async function main(program: string): Promise<void> {
    const types = await mocked(async () => {
        const exported: unknown = createRequire(__filename)(program);
        if (typeof exported === "function") await (exported as () => Promise<unknown>)();
    });
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage: Usage = { cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024, types };
    console.log(JSON.stringify(usage));
}

void main(process.argv[2] ?? "");
