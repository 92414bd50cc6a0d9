/** The user that the sandbox logs in with. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { provideSuperuser } from "../operations/superuser";
import { sandboxSystem } from "./bots";
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

/** Makes the user, or sets its password. Returns whether anything changed. */
export async function provideAdmin(): Promise<boolean> {
    const said = await provideSuperuser(sandboxSystem(), ADMIN, adminPassword(), { newPassword: true });
    return !said.includes("already");
}
