import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { botsIni, iniFault, IniValue } from "../../../settings/botsIni";
import { find, system } from "../../support/find";

const FILE = readFileSync(join(__dirname, "../../../config/bots.ini"), "utf8");

/** The lines that differ, as `-old` and `+new`. */
function changes(text: string): string[] {
    const [before, after] = [FILE.split("\n"), text.split("\n")];
    return [
        ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
        ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
    ];
}

describe("bots.ini", () => {
    it("was the same for all stacks: each sets what differs, by section and key", async () => {
        const overrides = {
            settings: { sendreportiferror: true, maxdays: 60, maxconnectiontries: 5 },
            webserver: { environment_text: "ACCEPTANCE" },
            custommenus: { menuname: "Ours", other: "x = /y", third: "z" },
        };
        assert.deepEqual(changes(botsIni(overrides)), [
            "-maxdays = 30",
            "-# maxconnectiontries = 3",
            "-sendreportiferror = False",
            "-environment_text =",
            "-# menuname = Custom",
            "+maxdays = 60",
            "+maxconnectiontries = 5",
            "+sendreportiferror = True",
            "+environment_text = ACCEPTANCE",
            "+other = x = /y",
            "+third = z",
            "+menuname = Ours",
        ]);
        const made = await system({ botsIni: overrides });
        const { data } = find(made, "ConfigMap", "bots-config-ini").inputs as { data: Record<string, string> };
        assert.equal(data["bots.ini"], botsIni(overrides));
        assert.equal(botsIni({}), FILE);
    });

    it("has each key in its own section", () => {
        const lines = botsIni({ jobqueue: { log_console: true } }).split("\n");
        const before = lines.slice(0, lines.indexOf("log_console = True"));
        const section = before.filter((line) => line.startsWith("[")).at(-1);
        assert.equal(section, "[jobqueue]");
        assert.equal(lines.filter((line) => line === "log_console = True").length, 1);
    });

    const cases: [section: string, key: string, value: IniValue, fault: RegExp | undefined][] = [
        ["settings", "maxdays", 60, undefined],
        ["settings", "maxdays", "60", undefined],
        ["settings", "maxdays", "long", /takes a whole number/],
        ["settings", "sendreportiferror", "True", undefined],
        ["settings", "sendreportiferror", "yes", /takes True \| False/],
        ["settings", "whencleanup", "never", undefined],
        ["settings", "whencleanup", "weekly", /takes daily \| never/],
        ["settings", "log_level", "LOUD", /takes DEBUG \| INFO/],
        ["settings", "maxday", 1, /takes a section and a key of config\/bots\.ini: maxdays, /],
        ["setting", "maxdays", 1, /takes a section and a key of config\/bots\.ini: directories, settings, /],
        ["charsets", "unoa", "ascii", undefined],
        ["webserver", "port", 80, /takes nothing that the program relies on/],
        ["directories", "botssys", "/tmp", /takes nothing that the program relies on/],
        ["dirmonitor1", "path", "/in", /jobqueue\.directoryMonitors/],
        ["jobqueue", "authorized_tasks", "/bin/x", /takes nothing: the queue starts bots-engine alone/],
    ];
    for (const [section, key, value, fault] of cases) {
        it(`${fault ? "refuses" : "takes"} [${section}] ${key} = ${String(value)}`, () => {
            const found = iniFault(section, key, value);
            if (fault) assert.match(found ?? "", fault);
            else assert.equal(found, undefined);
        });
    }
});
