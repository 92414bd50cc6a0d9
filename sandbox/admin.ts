/** The user that the sandbox logs in with. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inWebserver } from "./bots";
import { stateDir } from "./paths";
import { writeWhole } from "./writeWhole";

/** Name of the user. */
export const ADMIN = "admin";

/** Its password: made once, kept as long as the sandbox's other state. */
export function adminPassword(): string {
    const file = join(stateDir, "admin-password");
    if (!existsSync(file)) writeWhole(file, randomBytes(12).toString("base64url"));
    return readFileSync(file, "utf8");
}

/** Makes the user, or sets its password. Returns whether anything changed. The password goes in as input, since arguments can be seen. */
export async function provideAdmin(): Promise<boolean> {
    const script = readFileSync(join(__dirname, "createAdmin.py"), "utf8");
    return (await inWebserver(["python", "-c", script], adminPassword())).trim().endsWith("set");
}
