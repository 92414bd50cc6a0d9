/** Has Prometheus' own promtool check the alerts and try each: when it fires, and when it does not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { AlertRule, alertRules } from "../../components/alerts";
import { parseSettings } from "../../settings";
import { engineSchedules } from "../../settings/engineSchedules";
import { ALERT_CASES, AlertCase } from "./alertCases";

const PROMTOOL = join(__dirname, "..", "support", "promtool");

/** The alerts with the default limits, and a further schedule with a window of its own. */
function rules(): AlertRule[] {
    const night = { name: "night", schedule: "0 3 * * *", startingDeadlineSeconds: 3600 };
    const settings = parseSettings({ imageTag: "4.0", engine: { schedules: [night] } });
    return alertRules({
        namespace: settings.namespace,
        schedules: engineSchedules(settings),
        ...settings.monitoring,
    });
}

/** An annotation as Prometheus fills it in. */
function filled(text: string, labels: Readonly<Record<string, string>>, value: string): string {
    return text
        .replace(/{{ \$labels\.(\w+) }}/g, (_, label: string) => labels[label] ?? "")
        .replace("{{ $value }}", value);
}

/** The last sample of the series with these labels: the value of an alert that shows one. */
function valueOf(series: AlertCase["series"], labels: Readonly<Record<string, string>>): string {
    const match = Object.entries(series).find(([name]) =>
        Object.entries(labels).every(([label, value]) => name.includes(`${label}="${value}"`)),
    );
    return match?.[1].replace(/x\d+$/, "") ?? "";
}

function promtoolTest({ alert, labels, annotations }: AlertRule, { when, series, at, fires }: AlertCase) {
    return {
        name: `${alert}: ${when}`,
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [
            {
                eval_time: at,
                alertname: alert,
                exp_alerts: fires.map((own) => ({
                    exp_labels: { ...labels, ...own },
                    exp_annotations: Object.fromEntries(
                        Object.entries(annotations).map(([name, text]) => [
                            name,
                            filled(text, own, valueOf(series, own)),
                        ]),
                    ),
                })),
            },
        ],
    };
}

function main(): void {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-alerts-"));
    try {
        const all = rules();
        const tests = all.flatMap((rule) => {
            const cases = ALERT_CASES[rule.alert] ?? [];
            const kinds = new Set(cases.map(({ fires }) => fires.length > 0));
            if (kinds.size < 2) throw new Error(`${rule.alert} is not tried both ways in test/check/alertCases.ts`);
            return cases.map((one) => promtoolTest(rule, one));
        });
        writeFileSync(join(folder, "rules.yaml"), stringify({ groups: [{ name: "bots-edi", rules: all }] }));
        writeFileSync(join(folder, "tests.yaml"), stringify({ rule_files: ["rules.yaml"], tests }));
        for (const args of [
            ["check", "rules", join(folder, "rules.yaml")],
            ["test", "rules", join(folder, "tests.yaml")],
        ]) {
            const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: "utf8" });
            if (status !== 0) throw new Error(`promtool ${args.slice(0, 2).join(" ")}:\n${stdout}${stderr}`);
        }
        console.log(`alerts: ${all.length} rules, ${tests.length} cases passed`);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

main();
