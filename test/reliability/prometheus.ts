/** A real Prometheus that watches one system: its webservers, the kubelet, and Kubernetes' objects by kube-state-metrics. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { certificate, privateKey } from "../../sandbox/cluster/pki";
import { apiServerUrl, nodeName } from "../../sandbox/cluster/settings";
import { waitUntil } from "../../operations/wait";
import { buildModules, builtFolder } from "../../sandbox/goModules";
import { kubeconfigPath } from "../../sandbox/paths";
import { kubeStateMetrics } from "../../sandbox/surroundings/prometheus";
import { type System } from "./system";

/** A rule of the deployed PrometheusRule. */
export interface Rule {
    readonly alert: string;
    readonly for: string;
}

interface RuleGroup {
    readonly name: string;
    readonly rules: readonly Rule[];
}

interface Slices {
    readonly items: readonly { readonly endpoints: readonly { readonly addresses: readonly string[] }[] | null }[];
}

interface Alerts {
    readonly data: {
        readonly alerts: readonly { readonly state: string; readonly labels: { readonly alertname: string } }[];
    };
}

const PROMETHEUS = join(__dirname, "..", "support", "prometheus");

const PORTS = { prometheus: 29090, kubeState: 29091, kubeStateItself: 29092 } as const;

/** Processes on this machine's loopback, gone with `stop`. */
export class Prometheus {
    private readonly folder = mkdtempSync(join(tmpdir(), "bots-edi-prometheus-"));
    private readonly processes: ChildProcess[] = [];
    private said = "";

    private constructor(private readonly system: System) {}

    /**
     * Starts it on the rules of the system's PrometheusRule.
     *
     * @param shorten - what each rule's `for` is divided by; nothing else of the rules is changed
     */
    static async start(system: System, shorten: number): Promise<Prometheus> {
        const prometheus = new Prometheus(system);
        await buildModules([kubeStateMetrics], console.log);
        const { spec } = await system.read<{ spec: { groups: RuleGroup[] } }>("prometheusrule/bots-edi");
        const groups = spec.groups.map(({ name, rules }) => ({
            name,
            rules: rules.map((rule) => ({ ...rule, for: `${Math.round((seconds(rule.for) * 1000) / shorten)}ms` })),
        }));
        prometheus.write("rules.yaml", stringify({ groups }));
        prometheus.write("prometheus.yaml", stringify(prometheus.configuration()));
        await prometheus.findWebservers();
        prometheus.run(join(builtFolder(kubeStateMetrics), "kube-state-metrics"), [
            `--kubeconfig=${kubeconfigPath}`,
            "--resources=cronjobs,deployments,jobs",
            ...["--host=127.0.0.1", `--port=${PORTS.kubeState}`],
            ...["--telemetry-host=127.0.0.1", `--telemetry-port=${PORTS.kubeStateItself}`],
        ]);
        prometheus.run(PROMETHEUS, [
            `--config.file=${join(prometheus.folder, "prometheus.yaml")}`,
            `--storage.tsdb.path=${join(prometheus.folder, "data")}`,
            `--web.listen-address=127.0.0.1:${PORTS.prometheus}`,
        ]);
        const isUp = async () => (await prometheus.ask("/-/ready")) !== undefined || prometheus.said.slice(-2000);
        await waitUntil("Prometheus to start", isUp, { timeout: 120 });
        return prometheus;
    }

    /** Names of the alerts that fire now. */
    async firing(): Promise<Set<string>> {
        await this.findWebservers();
        const answer = await this.ask("/api/v1/alerts");
        const { data } = JSON.parse(answer ?? '{"data":{"alerts":[]}}') as Alerts;
        return new Set(data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname));
    }

    /** Ends its processes and waits for that. */
    async stop(): Promise<void> {
        for (const child of this.processes.filter(({ exitCode }) => exitCode === null)) {
            child.kill("SIGKILL");
            await once(child, "exit");
        }
        rmSync(this.folder, { recursive: true, force: true });
    }

    /** What the ServiceMonitor selects: all pods of the webserver's Service. Debian's Prometheus has no discovery in Kubernetes. */
    private async findWebservers(): Promise<void> {
        const ofService = ["-l", "kubernetes.io/service-name=bots-webserver"];
        const { items } = await this.system.read<Slices>("endpointslices", ...ofService);
        const targets = items
            .flatMap(({ endpoints }) => endpoints ?? [])
            .flatMap(({ addresses }) => addresses.map((address) => `${address}:8080`));
        const found = targets.length > 0 ? [{ targets, labels: { namespace: this.system.namespace } }] : [];
        this.write("webservers.json", JSON.stringify(found));
    }

    private configuration(): object {
        const tls = {
            ca_file: certificate("ca"),
            cert_file: certificate("admin"),
            key_file: privateKey("admin"),
        };
        return {
            global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
            rule_files: ["rules.yaml"],
            scrape_configs: [
                {
                    job_name: "bots-webserver",
                    file_sd_configs: [{ files: ["webservers.json"], refresh_interval: "1s" }],
                },
                {
                    job_name: "kube-state-metrics",
                    honor_labels: true,
                    static_configs: [{ targets: [`127.0.0.1:${PORTS.kubeState}`] }],
                },
                {
                    job_name: "kubelet",
                    honor_labels: true,
                    scheme: "https",
                    scrape_interval: "5s",
                    scrape_timeout: "5s",
                    metrics_path: `/api/v1/nodes/${nodeName}/proxy/metrics`,
                    tls_config: tls,
                    static_configs: [{ targets: [new URL(apiServerUrl).host] }],
                },
            ],
        };
    }

    private write(name: string, text: string): void {
        writeFileSync(join(this.folder, name), text);
    }

    private run(command: string, args: readonly string[]): void {
        const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding("utf8").on("data", (part: string) => (this.said = (this.said + part).slice(-10_000)));
        }
        this.processes.push(child);
    }

    private async ask(path: string): Promise<string | undefined> {
        try {
            const response = await fetch(`http://127.0.0.1:${PORTS.prometheus}${path}`);
            return response.ok ? await response.text() : undefined;
        } catch {
            return undefined; // not up yet
        }
    }
}

function seconds(duration: string): number {
    const [, number = "", unit = ""] = /^(\d+)([smh])$/.exec(duration) ?? [];
    return Number(number) * ({ s: 1, m: 60, h: 3600 }[unit] ?? NaN);
}
