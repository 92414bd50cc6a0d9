/** The Prometheus operator, a Prometheus that it runs, and kube-state-metrics, which tells Prometheus of Kubernetes' objects. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fill } from "../cluster/template";
import { sourceFolder } from "../goModules";
import { imageOf, manifests, type Part, partModule } from "./part";

/** The port of 127.0.0.1 that leads to Prometheus. */
export const PORT = 9090;

/** Namespace of all of it. */
export const MONITORING = "monitoring";

/** The label of the ServiceMonitors and PrometheusRules that are its business, as kube-prometheus-stack has it. */
const RELEASE = "sandbox";

const operator = partModule("prometheus-operator", {
    source: "github.com/prometheus-operator/prometheus-operator",
    commands: ["prometheus-operator", "prometheus-config-reloader"],
    renamed: { "prometheus-operator": "operator" },
});

const server = partModule("prometheus-server", {
    source: "github.com/prometheus/prometheus",
    commands: ["prometheus"],
});

/** The module of kube-state-metrics. */
export const kubeStateMetrics = partModule("kube-state-metrics", {
    source: "k8s.io/kube-state-metrics/v2",
    commands: ["kube-state-metrics"],
});

/** The kinds that the operator watches, by their files in its module. */
const KINDS = ["prometheuses", "servicemonitors", "podmonitors", "probes", "prometheusrules"];

const image = {
    operator: () => imageOf(operator, "prometheus-operator"),
    reloader: () => imageOf(operator, "prometheus-config-reloader"),
    prometheus: () => imageOf(server, "prometheus"),
    kubeStateMetrics: () => imageOf(kubeStateMetrics, "kube-state-metrics"),
};

async function kinds(): Promise<string[]> {
    const folder = join(await sourceFolder(operator), "example", "prometheus-operator-crd");
    return KINDS.map((name) => readFileSync(join(folder, `monitoring.coreos.com_${name}.yaml`), "utf8"));
}

export const prometheus: Part = {
    name: "prometheus",
    modules: [operator, server, kubeStateMetrics],
    images: () => Object.values(image).map((make) => make()),
    manifests: async () => {
        const refs = Object.entries(image).map(([name, make]) => [name, make().ref] as const);
        const objects = fill(manifests("prometheus"), { ...Object.fromEntries(refs), release: RELEASE });
        // Each file of a kind begins with the mark between documents.
        return [objects, ...(await kinds())].join("");
    },
    forwards: [{ name: "prometheus", port: PORT, namespace: MONITORING, service: "prometheus", servicePort: 9090 }],
    settings: {
        "bots-edi:monitoring": JSON.stringify({
            serviceMonitor: true,
            rules: true,
            dashboard: true,
            labels: { release: RELEASE },
        }),
        "bots-edi:networkPolicy": JSON.stringify({ monitoringNamespace: MONITORING }),
    },
    next: [`Prometheus http://127.0.0.1:${PORT}/   its API: it is built without its pages`],
};
