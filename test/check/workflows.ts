/** Has actionlint check the workflows of .github. Exits with 1 on any finding. */
import { spawnSync } from "node:child_process";
import { checkout } from "../../sandbox/paths";
import { actionlint } from "./tools";

// What else is on this machine's PATH does not decide what is found.
const { status, error } = spawnSync(actionlint(), ["-shellcheck=", "-pyflakes="], { cwd: checkout, stdio: "inherit" });
if (error) throw error;
console.log(`actionlint: the workflows ${status === 0 ? "pass" : "fail"}`);
process.exitCode = status ?? 1;
