/** A copy of the checkout: the CLI writes the key of its encryption, and settings, into a stack's file. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./testStack";

/** Copies what git knows or would add, and returns the folder; the packages are those of the checkout. */
export function copyCheckout(): string {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
    const options = ["--cached", "--others", "--exclude-standard"];
    const files = execFileSync("git", ["ls-files", ...options], { cwd: ROOT, encoding: "utf8" })
        .trim()
        .split("\n");
    for (const file of files.filter((path) => existsSync(join(ROOT, path)))) {
        // With its times: the packages are installed again where their lock is newer.
        cpSync(join(ROOT, file), join(folder, file), { preserveTimestamps: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    return folder;
}
