/** The plugins of the Pulumi CLI that are written here, as the executables that it looks for. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Sources in the folder plugins, by the name of what they become: an executable, or what one loads. */
const PLUGINS: Readonly<Record<string, string>> = {
    "pulumi-language-nodejs": "languageHost.ts",
    "policyPack.js": "policyPack.ts",
    "pulumi-resource-random": "randomProvider.ts",
};

/** Compiles a plugin: both start at every command, and a compiler in them would take longer than their work. */
async function compile(source: string): Promise<string> {
    const { default: typescript } = await import("typescript");
    const { ModuleKind, ScriptTarget } = typescript;
    const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true };
    return typescript.transpileModule(source, { compilerOptions }).outputText;
}

/** Puts the plugins into a folder below node_modules, where they find their packages, unless they are there. */
export async function placePlugins(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    for (const [name, file] of Object.entries(PLUGINS)) {
        const source = readFileSync(join(__dirname, "plugins", file), "utf8");
        const mark = `// ${createHash("sha256").update(source).digest("hex")}\n`;
        const target = join(folder, name);
        if (existsSync(target) && readFileSync(target, "utf8").endsWith(mark)) continue;
        const beside = `${target}.${process.pid}`;
        writeFileSync(beside, `${await compile(source)}${mark}`, { mode: 0o755 });
        renameSync(beside, target);
    }
}
