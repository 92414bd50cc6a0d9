/** The shell commands in a Markdown text. */
import { spawnSync } from "node:child_process";

/** Languages of fenced blocks that hold commands; a console's block shows what they print, too. */
const SHELLS = ["", "bash", "sh", "shell", "console"];

const FENCE = /^( *)```(\S*)\n([^]*?)^ *```$/gm;
const CODE_SPAN = /(`+)([^`](?:[^]*?[^`])??)\1(?!`)/g;
const PROMPT = /^\$ /;

/** Every command of the fenced blocks, and every code span, in the order of the text: each once. */
export function commands(markdown: string): string[] {
    const found: string[] = [];
    const prose = markdown.replace(FENCE, (_, indent: string, language: string, content: string) => {
        const script = content.replaceAll(new RegExp(`^${indent}`, "gm"), "");
        if (SHELLS.includes(language)) found.push(...statements(language === "console" ? typed(script) : script));
        return "";
    });
    found.push(...[...prose.matchAll(CODE_SPAN)].map(([, , text = ""]) => text.trim().replace(/\s*\n\s*/g, " ")));
    return [...new Set(found)];
}

/** Whether a command runs the Pulumi CLI, be it as `npm run pulumi --`: the bare name in a sentence does not. */
export function callsPulumi(command: string): boolean {
    return /(^|[\s;&|(])pulumi\s/.test(command);
}

/** The arguments of a command that runs an operation, by `npm run ops --`; undefined for any other. */
export function operationOf(command: string): string[] | undefined {
    const [, words] = /(?:^|[\s;&|(])npm run ops -- (\S.*)$/.exec(command) ?? [];
    return words?.trim().split(/\s+/);
}

/** The statements of a script, without comments, continued lines joined: a loop is one, and so is a chain by `&&`. */
export function statements(script: string): string[] {
    const found: string[] = [];
    let statement = "";
    for (const line of withoutComments(script).split("\n")) {
        statement = statement.endsWith("\\")
            ? `${statement.slice(0, -1).trimEnd()} ${line.trim()}`
            : `${statement}\n${line}`.trim();
        if (statement === "" || statement.endsWith("\\") || !isWhole(statement)) continue;
        found.push(statement);
        statement = "";
    }
    if (statement !== "") throw new Error(`bash takes this for the beginning of a statement: ${statement}`);
    return found;
}

/** What somebody types in a console: the lines after a prompt, and those that continue them. */
function typed(console: string): string {
    let isContinued = false;
    const lines = console.split("\n").filter((line) => {
        const isTyped = isContinued || PROMPT.test(line);
        isContinued = isTyped && line.endsWith("\\");
        return isTyped;
    });
    return lines.map((line) => line.replace(PROMPT, "")).join("\n");
}

function withoutComments(script: string): string {
    return script.replace(
        /('[^']*'|"(?:\\.|[^"\\])*")|(?:^|[ \t]+)#.*$/gm,
        (_, quoted: string | undefined) => quoted ?? "",
    );
}

/** Bash knows best: it complains of a loop, a quotation or a here-document that does not end. */
function isWhole(statement: string): boolean {
    const { status, stderr } = spawnSync("bash", ["-n", "-c", statement], { encoding: "utf8" });
    return status === 0 && stderr === "";
}
