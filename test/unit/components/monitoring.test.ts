import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AlertRule } from "../../../components/alerts";
import { SettingsInput } from "../../../settings";
import { Registration } from "../../support/recorder";
import { find, system } from "../../support/find";

const ROOT = join(__dirname, "../../..");

/** A system with monitoring. */
async function monitored(
    monitoring: SettingsInput["monitoring"],
    settings: Partial<SettingsInput> = {},
): Promise<Registration[]> {
    return system({ monitoring, networkPolicy: { monitoringNamespace: "monitoring" }, ...settings });
}

/** The kinds and names of what is made for monitoring. */
function made(registrations: readonly Registration[]): string[] {
    const own = registrations.filter(({ urn }) => urn.includes("bots-edi:index:Monitoring"));
    return own.map(({ inputs }) => `${String(inputs.kind)}/${(inputs.metadata as { name: string }).name}`);
}

interface Panel {
    gridPos: Record<"x" | "y" | "w" | "h", number>;
    targets: { expr: string }[];
}

/** The alerts among a system's objects. */
function rulesOf(all: readonly Registration[]): AlertRule[] {
    return find(all, "PrometheusRule", "bots-edi").inputs.spec.groups[0].rules as AlertRule[];
}

/** The panels of its dashboard. */
function panelsOf(all: readonly Registration[]): Panel[] {
    const { data } = find(all, "ConfigMap", "bots-edi-dashboard").inputs;
    return (JSON.parse(data["bots-edi-edi.json"]) as { panels: Panel[] }).panels;
}

/** Every query of the alerts and of the dashboard. */
async function queries(): Promise<string[]> {
    const all = await monitored({ rules: true, dashboard: true });
    return [...rulesOf(all), ...panelsOf(all).flatMap(({ targets }) => targets)].map(({ expr }) => expr);
}

describe("Monitoring", () => {
    it("makes nothing unless asked, and each part alone", async () => {
        assert.deepEqual(made(await system()), []);
        assert.deepEqual(made(await monitored({ serviceMonitor: true })), ["ServiceMonitor/bots-edi"]);
        assert.deepEqual(made(await monitored({ rules: true })), ["PrometheusRule/bots-edi"]);
        assert.deepEqual(made(await system({ monitoring: { dashboard: true } })), ["ConfigMap/bots-edi-dashboard"]);
    });

    it("scrapes what the Service of the webserver selects, with the operator's labels, and once only", async () => {
        const all = await monitored({ serviceMonitor: true, labels: { release: "prometheus", app: "other" } });
        const { metadata, spec } = find(all, "ServiceMonitor", "bots-edi").inputs;
        assert.deepEqual([metadata.labels.release, metadata.labels.app], ["prometheus", "bots-edi"]);
        assert.deepEqual(spec.endpoints, [{ port: "http", path: "/metrics" }]);
        const service = find(all, "Service", "bots-webserver").inputs;
        for (const [key, value] of Object.entries(spec.selector.matchLabels)) {
            assert.equal(service.metadata.labels[key], value);
        }
        assert.equal(service.spec.ports[0].name, "http");
        const scraped = (registrations: readonly Registration[]) => {
            const { template } = find(registrations, "Deployment", "bots-webserver").inputs.spec;
            return "prometheus.io/scrape" in template.metadata.annotations;
        };
        assert.equal(scraped(all), false);
        assert.equal(scraped(await monitored({ rules: true })), true);
    });

    it("alerts on its own namespace, by the stack's limits, and links to sections that are there", async () => {
        const all = await monitored(
            { rules: true, runbook: "https://example.com/operations", alertAfter: { runSeconds: 601 } },
            { namespace: "edi-north", engine: { deadlineSeconds: 1234 } },
        );
        const rules = rulesOf(all);
        const expression = (name: string) => rules.find(({ alert }) => alert === name)?.expr ?? "";
        assert.match(expression("BotsNoSuccessfulRun"), /> 601 unless/);
        assert.match(expression("BotsLockHeldTooLong"), /> 1234$/);
        const headings = readFileSync(join(ROOT, "docs/operations.md"), "utf8").match(/^#+ .*$/gm) ?? [];
        const anchors = headings.map((heading) =>
            heading
                .replace(/^#+ /, "")
                .toLowerCase()
                .replace(/[^\w -]/g, "")
                .replaceAll(" ", "-"),
        );
        for (const { expr, annotations } of rules) {
            assert.deepEqual(new Set(expr.match(/namespace="[^"]*"/g)), new Set(['namespace="edi-north"']));
            const [page, anchor = ""] = annotations.runbook_url.split("#");
            assert.equal(page, "https://example.com/operations");
            assert.ok(anchors.includes(anchor), `operations.md has no section #${anchor}`);
        }
    });

    it("asks for no metric that /metrics does not have", async () => {
        const families = readFileSync(join(ROOT, "config/metrics.py"), "utf8").match(/^ {4}"bots_\w+"(?=:)/gm) ?? [];
        const known = new Set(families.map((line) => line.trim().replaceAll('"', "")));
        const asked = new Set((await queries()).flatMap((query) => query.match(/\bbots_\w+(?={)/g) ?? []));
        assert.deepEqual(
            [...asked].filter((metric) => !known.has(metric)),
            [],
        );
        assert.ok(asked.size > 8);
    });

    it("lists each alert and each metric in operations.md", async () => {
        const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
        const rules = rulesOf(await monitored({ rules: true }));
        const families =
            readFileSync(join(ROOT, "config/metrics.py"), "utf8").match(/(?<=^ {4}")bots_\w+(?=":)/gm) ?? [];
        const missing = [...rules.map(({ alert }) => alert), ...families].filter((name) => !page.includes(`\`${name}`));
        assert.deepEqual(missing, []);
    });

    it("draws a dashboard whose panels lie beside each other", async () => {
        const all = await monitored({ dashboard: true });
        assert.equal(find(all, "ConfigMap", "bots-edi-dashboard").inputs.metadata.labels.grafana_dashboard, "1");
        const cells = panelsOf(all).flatMap(({ gridPos: { x, y, w, h } }) => {
            assert.ok(x + w <= 24);
            return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
        });
        assert.equal(new Set(cells).size, cells.length);
    });
});
