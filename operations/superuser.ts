/** The first user of the web pages, and a new password for one who lost it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inWebserver, type System, webserverOf } from "./system";

/** Who it is. */
export interface SuperuserOptions {
    /** Mail address of a new user. Default: none. */
    readonly email?: string;
    /** Give an existing user a new password. Default: an existing user is an error. */
    readonly newPassword?: boolean;
}

/** Source: what db-init's own Job runs too, where the first user comes from a Secret. */
const SCRIPT = readFileSync(join(__dirname, "..", "config", "superuser.py"), "utf8");

function command(name: string, { email = "", newPassword = false }: SuperuserOptions): string[] {
    return ["python", "-c", SCRIPT, ...(newPassword ? ["--new-password"] : []), name, email];
}

/** Makes a superuser whose password is given, and returns what was done. The password goes in as input, since arguments can be seen. */
export async function provideSuperuser(
    system: System,
    name: string,
    password: string,
    options: SuperuserOptions = {},
): Promise<string> {
    return inWebserver(system, command(name, options), password);
}

/** The same for somebody at a terminal, who is asked for the password, or for a script, whose input it is. */
export async function makeSuperuser(system: System, name: string, options: SuperuserOptions): Promise<void> {
    if (process.stdin.isTTY) {
        const exec = ["exec", "--stdin", "--tty", ...webserverOf(system), "--", ...command(name, options)];
        await system.kubectl.show(exec);
        return;
    }
    process.stdout.write(await provideSuperuser(system, name, readFileSync(0, "utf8"), options));
}
