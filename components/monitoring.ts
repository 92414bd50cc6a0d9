/** What a Prometheus operator and a Grafana read. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { alertRules, AlertsArgs } from "./alerts";
import { dashboard } from "./dashboard";
import { labels, selector } from "./labels";
import { PartOptions } from "./part";
import { METRICS_PATH } from "./webserver";

/** The inputs of {@link Monitoring}. */
export interface MonitoringArgs extends AlertsArgs {
    /** A ServiceMonitor, by which the operator's Prometheus scrapes the webservers. */
    readonly serviceMonitor: boolean;
    /** A PrometheusRule with the alerts. */
    readonly rules: boolean;
    /** A dashboard, as a ConfigMap. */
    readonly dashboard: boolean;
    /** Labels of ServiceMonitor and PrometheusRule that the operator selects by. */
    readonly labels: Record<string, string>;
    /** Labels of the dashboard's ConfigMap that Grafana's sidecar selects by. */
    readonly dashboardLabels: Record<string, string>;
}

const API_VERSION = "monitoring.coreos.com/v1";

/** ServiceMonitor and PrometheusRule `bots-edi`, and ConfigMap `bots-edi-dashboard`: each where it is asked for. */
export class Monitoring extends pulumi.ComponentResource {
    constructor(name: string, args: MonitoringArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Monitoring", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const { namespace } = args;
        const metadata = { name: "bots-edi", namespace, labels: { ...args.labels, ...labels("monitoring") } };
        if (args.serviceMonitor) {
            new k8s.apiextensions.CustomResource(
                `${name}-service-monitor`,
                {
                    apiVersion: API_VERSION,
                    kind: "ServiceMonitor",
                    metadata,
                    spec: {
                        selector: { matchLabels: selector("webserver") },
                        endpoints: [{ port: "http", path: METRICS_PATH }],
                    },
                },
                child,
            );
        }
        if (args.rules) {
            new k8s.apiextensions.CustomResource(
                `${name}-rules`,
                {
                    apiVersion: API_VERSION,
                    kind: "PrometheusRule",
                    metadata,
                    spec: { groups: [{ name: "bots-edi", rules: alertRules(args) }] },
                },
                child,
            );
        }
        if (args.dashboard) {
            new k8s.core.v1.ConfigMap(
                `${name}-dashboard`,
                {
                    metadata: {
                        name: "bots-edi-dashboard",
                        namespace,
                        labels: { ...args.dashboardLabels, ...labels("monitoring") },
                    },
                    data: { [`bots-edi-${namespace}.json`]: dashboard(namespace) },
                },
                child,
            );
        }
        this.registerOutputs({});
    }
}
