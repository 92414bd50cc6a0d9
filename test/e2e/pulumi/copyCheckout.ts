import { execFileSync } from "node:child_process";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../../../sandbox/paths";

/** Copies the checkout as it is, without what git ignores; the packages are shared. */
export function copyCheckout(folder: string): void {
    const options = ["--cached", "--others", "--exclude-standard"];
    const files = execFileSync("git", ["ls-files", ...options], { cwd: checkout, encoding: "utf8" })
        .trim()
        .split("\n");
    for (const file of files.filter((path) => existsSync(join(checkout, path)))) {
        // With its times: the packages are installed again where their lock is newer.
        cpSync(join(checkout, file), join(folder, file), { preserveTimestamps: true });
    }
    symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
}
