/** The sample order: an EDIFACT file in, a CSV file out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runEngine } from "../operations/engine";
import { copyIn, inWebserver, sandboxSystem } from "./bots";
import { SandboxError } from "./errors";

const FOLDER = join(__dirname, "sample");
const INSIDE = "/tmp/bots-edi-sample";
const RESULT = "order-PO-2026-0042.csv";

/** Where the engine puts what it makes of the order. */
export const OUTPUT = `/home/bots/.bots/env/default/botssys/outfile/sample/${RESULT}`;

/** What the engine has to make of the order, to the byte. */
export const EXPECTED = readFileSync(join(FOLDER, "expected", RESULT), "utf8");

/** What the engine has made; empty where it has made nothing. */
async function converted(): Promise<string> {
    return inWebserver(["sh", "-c", `cat ${OUTPUT} 2>/dev/null || true`]);
}

/** Has the sample order converted to {@link EXPECTED}, unless it is. Returns whether it had to. */
export async function convertSample(): Promise<boolean> {
    if ((await converted()) === EXPECTED) return false;
    await copyIn(FOLDER, INSIDE);
    await inWebserver(["python", `${INSIDE}/load.py`, "--drop"]);
    await runEngine(sandboxSystem());
    const output = await converted();
    if (output === EXPECTED) return true;
    throw new SandboxError(
        `the sample order came out as ${JSON.stringify(output)} instead of ${JSON.stringify(EXPECTED)}`,
    );
}
