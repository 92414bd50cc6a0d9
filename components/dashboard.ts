/** The Grafana dashboard of one system. */

interface Panel {
    readonly title: string;
    readonly type: "stat" | "timeseries";
    /** Query, and how its series are called. */
    readonly targets: readonly (readonly [expr: string, legend: string])[];
    /** Grafana's unit. Default: a number. */
    readonly unit?: string;
    /** Texts in place of 0 and 1, where a value is one of these: bad and good. */
    readonly words?: readonly [string, string];
}

const WIDTH = { stat: 4, timeseries: 12 };
const HEIGHT = { stat: 4, timeseries: 8 };
const COLUMNS = 24;

/** What an operator looks at: on top whether all is well, below how it came about. */
function panels(namespace: string): Panel[] {
    const of = (metric: string, labels = "") => `${metric}{namespace="${namespace}"${labels && `,${labels}`}}`;
    const stat = (title: string, expr: string, more: Partial<Panel> = {}): Panel => ({
        title,
        type: "stat",
        targets: [[expr, ""]],
        ...more,
    });
    const age = (timestamp: string) => `time() - ${timestamp}`;
    return [
        stat("Checks", `min(${of("bots_check")})`, { words: ["failing", "passing"] }),
        stat("Last run without errors", age(`max(${of("bots_run_success_timestamp_seconds", 'command="new"')})`), {
            unit: "s",
        }),
        stat("Last run", `min(${of("bots_run_success", 'command="new"')})`, { words: ["errors", "no errors"] }),
        stat("Failed files, last hour", `sum(max by (state) (${of("bots_recent_files", 'state!~"received|sent"')}))`),
        stat("Oldest file waiting", age(`min(${of("bots_inbox_oldest_file_timestamp_seconds")})`), { unit: "s" }),
        stat("Engine at work for", age(`min(${of("bots_engine_lock_since_timestamp_seconds")})`), { unit: "s" }),
        {
            title: "Files of the runs of the last hour",
            type: "timeseries",
            targets: [[`max by (state) (${of("bots_recent_files")})`, "{{state}}"]],
        },
        {
            title: "Runs of the last hour",
            type: "timeseries",
            targets: [
                [`max by (outcome) (${of("bots_recent_runs")})`, "{{outcome}}"],
                [`max(${of("bots_recent_process_errors")})`, "errors that are no file's"],
            ],
        },
        {
            title: "Files waiting in inboxes",
            type: "timeseries",
            targets: [[`max(${of("bots_inbox_files")})`, "files"]],
        },
        {
            title: "Engine lock and jobs in the queue",
            type: "timeseries",
            targets: [
                [`max(${of("bots_engine_lock_held")})`, "lock held"],
                [`max(${of("bots_jobqueue_jobs")})`, "jobs"],
            ],
        },
        {
            title: "Last run without errors, by schedule",
            type: "timeseries",
            targets: [
                [age(`max by (cronjob) (${of("bots_schedule_run_success_timestamp_seconds")} > 0)`), "{{cronjob}}"],
            ],
            unit: "s",
        },
    ];
}

/** Fills rows from the left. */
function placed(all: readonly Panel[]): { panel: Panel; x: number; y: number }[] {
    let [x, y, rowHeight] = [0, 0, 0];
    return all.map((panel) => {
        if (x + WIDTH[panel.type] > COLUMNS) [x, y] = [0, y + rowHeight];
        const place = { panel, x, y };
        x += WIDTH[panel.type];
        rowHeight = HEIGHT[panel.type];
        return place;
    });
}

function defaults({ unit, words }: Panel) {
    const [bad, good] = words ?? [];
    return {
        ...(unit !== undefined && { unit }),
        ...(words && {
            mappings: [
                {
                    type: "value",
                    options: { "0": { text: bad, color: "red" }, "1": { text: good, color: "green" } },
                },
            ],
        }),
    };
}

/** The dashboard as Grafana reads it from a file. */
export function dashboard(namespace: string): string {
    const datasource = { type: "prometheus", uid: "${datasource}" };
    const model = {
        uid: `bots-edi-${namespace}`.slice(0, 40),
        title: `Bots EDI (${namespace})`,
        tags: ["bots-edi"],
        schemaVersion: 39,
        refresh: "1m",
        time: { from: "now-24h", to: "now" },
        templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
        panels: placed(panels(namespace)).map(({ panel, x, y }, index) => ({
            id: index + 1,
            title: panel.title,
            type: panel.type,
            datasource,
            gridPos: { x, y, w: WIDTH[panel.type], h: HEIGHT[panel.type] },
            fieldConfig: { defaults: defaults(panel), overrides: [] },
            targets: panel.targets.map(([expr, legendFormat], target) => ({
                refId: String.fromCharCode(65 + target),
                datasource,
                expr,
                legendFormat,
            })),
        })),
    };
    return `${JSON.stringify(model, undefined, 2)}\n`;
}
