/** The checkers, installed once per version into the cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../sandbox/paths";

const ACTIONLINT = "v1.7.12";
const CHECKOV = "3.3.30";
const KUBE_SCORE = "v1.20.0";

/** Makes a folder of the cache whole or not at all: what was interrupted is not found under its name. */
function cached(name: string, install: (folder: string) => void): string {
    const folder = join(cacheDir(), name);
    if (existsSync(folder)) return folder;
    mkdirSync(cacheDir(), { recursive: true });
    const unfinished = mkdtempSync(`${folder}.`);
    console.log(`Installing ${name} ...`);
    try {
        install(unfinished);
        renameSync(unfinished, folder);
    } finally {
        rmSync(unfinished, { recursive: true, force: true });
    }
    return folder;
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
    execFileSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
}

/** The command of a Go module. */
function goCommand(name: string, source: string, version: string): string {
    const folder = cached(`${name}-${version}`, (bin) => {
        run("go", ["install", `${source}@${version}`], { GOBIN: bin });
    });
    return join(folder, name);
}

/** The command that starts actionlint. */
export function actionlint(): string {
    return goCommand("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT);
}

/** The command that starts checkov. */
export function checkov(): string[] {
    const folder = cached(`checkov-${CHECKOV}`, (venv) => {
        run("python3", ["-m", "venv", venv]);
        run(join(venv, "bin", "python"), ["-m", "pip", "install", "--quiet", `checkov==${CHECKOV}`]);
    });
    // By its module: the script in bin/ names the folder that it was installed in.
    return [join(folder, "bin", "python"), "-m", "checkov.main"];
}

/** The command that starts kube-score. */
export function kubeScore(): string[] {
    return [goCommand("kube-score", "github.com/zegl/kube-score/cmd/kube-score", KUBE_SCORE)];
}
