/** bots.ini: the file that all stacks share, and what a stack says otherwise. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A value of bots.ini; true and false are written as Python does. */
export type IniValue = string | number | boolean;

/** Values by section and key. */
export type IniOverrides = Readonly<Record<string, Readonly<Record<string, IniValue>>>>;

interface Entry {
    readonly section: string;
    readonly key: string;
    /** The value that stands there; the default where the line is a comment. */
    readonly value: string;
    readonly line: number;
}

const LINES = readFileSync(join(__dirname, "..", "config", "bots.ini"), "utf8").split("\n");

/** Sections whose keys are the user's own. */
const FREE = ["charsets", "custommenus"];

/** What the program's volumes, probes and Services rely on. */
const OWNED = /^(directories\.|webserver\.(port|ssl_\w+)$|jobqueue\.(port|enabled)$)/;

const LEVELS = ["DEBUG", "INFO", "STARTINFO", "WARNING", "ERROR", "CRITICAL"];

/** What the keys take that are neither a switch, a number nor free text. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
    whencleanup: ["daily", "never"],
    log_when: ["report", "daily"],
    log_level: LEVELS,
    log_console_level: LEVELS,
    log_file_level: LEVELS,
    environment: ["production", "development"],
    menu_all_routes: ["True", "notindefaultrun", "False"],
};

function header(line: string): string | undefined {
    return /^(?:# )?\[(\w+)\]$/.exec(line)?.[1];
}

function entries(): Entry[] {
    let section = "";
    return LINES.flatMap((text, line) => {
        section = header(text) ?? section;
        const [, key, value = ""] = /^(?:# )?(\w+) =(?: (.*))?$/.exec(text) ?? [];
        return key === undefined ? [] : [{ section, key, value, line }];
    });
}

const ENTRIES = entries();

function entryOf(section: string, key: string): Entry | undefined {
    return ENTRIES.find((entry) => entry.section === section && entry.key === key);
}

function written(value: IniValue): string {
    return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

/** What a key takes, and whether this is it. */
function form(key: string, standard: string, value: string): [takes: string, isTaken: boolean] {
    const choices = CHOICES[key] ?? (/^(True|False)$/.test(standard) ? ["True", "False"] : undefined);
    if (choices) return [choices.join(" | "), choices.includes(value)];
    return /^\d+$/.test(standard) ? ["a whole number", /^\d+$/.test(value)] : ["text", true];
}

/** The value of a shared key, as a stack's bots.ini has it. */
export function iniValue(overrides: IniOverrides, section: string, key: string): string {
    return written(overrides[section]?.[key] ?? entryOf(section, key)?.value ?? "");
}

/** What bots.ini takes at a key; `undefined` where it takes the value. */
export function iniFault(section: string, key: string, value: IniValue): string | undefined {
    if (OWNED.test(`${section}.${key}`)) return "takes nothing that the program relies on";
    if (/^dirmonitor\d+$/.test(section))
        return "takes nothing: watched directories are the setting jobqueue.directoryMonitors";
    if (`${section}.${key}` === "jobqueue.authorized_tasks") return "takes nothing: the queue starts bots-engine alone";
    if (FREE.includes(section)) return undefined;
    const entry = entryOf(section, key);
    if (!entry) return `takes a section and a key of config/bots.ini: ${namesNear(section)}`;
    const [takes, isTaken] = form(key, entry.value, written(value));
    return isTaken ? undefined : `takes ${takes}`;
}

/** The keys of a section that there is; else the sections. */
function namesNear(section: string): string {
    const keys = ENTRIES.filter((entry) => entry.section === section).map(({ key }) => key);
    return [...new Set(keys.length > 0 ? keys : ENTRIES.map((entry) => entry.section))].join(", ");
}

/** The text of bots.ini with a stack's values in the place of the shared ones, comments and all. */
export function botsIni(overrides: IniOverrides): string {
    const lines = [...LINES];
    for (const [section, values] of Object.entries(overrides)) {
        for (const [key, value] of Object.entries(values)) {
            const setting = `${key} = ${written(value)}`;
            const entry = entryOf(section, key);
            // One of the user's own goes behind the section's header.
            const line = entry?.line ?? LINES.indexOf(`[${section}]`);
            lines[line] = entry ? setting : `${String(lines[line])}\n${setting}`;
        }
    }
    return lines.join("\n");
}
