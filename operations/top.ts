/** What the containers take, against what they may, and the space on the volumes. */
import { quantityValue } from "../formats";
import { OperatorError } from "./errors";
import { inWebserver, type System } from "./system";

/** What a container takes. */
interface Usage {
    readonly pod: string;
    readonly container: string;
    /** Cores. */
    readonly cpu: number;
    /** Bytes. */
    readonly memory: number;
}

interface Pods {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly spec: {
            readonly nodeName?: string;
            readonly containers: readonly {
                readonly name: string;
                readonly resources?: { readonly limits?: Record<string, string> };
            }[];
        };
        readonly status: { readonly phase: string };
    }[];
}

interface PodMetrics {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly containers: readonly {
            readonly name: string;
            readonly usage: { readonly cpu: string; readonly memory: string };
        }[];
    }[];
}

interface Summary {
    readonly pods: readonly {
        readonly podRef: { readonly name: string; readonly namespace: string };
        readonly containers?: readonly {
            readonly name: string;
            readonly cpu?: { readonly usageNanoCores?: number };
            readonly memory?: { readonly workingSetBytes?: number };
        }[];
    }[];
}

/** By the metrics server; where there is none, by the kubelets themselves, which takes an administrator. */
async function usages({ kubectl, settings: { namespace } }: System, nodes: readonly string[]): Promise<Usage[]> {
    const served = await kubectl.try(["get", "--raw", `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`]);
    if (served.code === 0) {
        return (JSON.parse(served.stdout) as PodMetrics).items.flatMap(({ metadata, containers }) =>
            containers.map(({ name, usage }) => ({
                pod: metadata.name,
                container: name,
                cpu: cores(usage.cpu),
                memory: quantityValue(usage.memory) ?? 0,
            })),
        );
    }
    const summaries = await Promise.all(
        nodes.map(async (node) => {
            const { code, stdout } = await kubectl.try(["get", "--raw", `/api/v1/nodes/${node}/proxy/stats/summary`]);
            if (code === 0) return (JSON.parse(stdout) as Summary).pods;
            throw new OperatorError(
                "this cluster has no metrics server, and you may not ask its nodes: install the metrics server, or ask as an administrator",
            );
        }),
    );
    return summaries
        .flat()
        .filter(({ podRef }) => podRef.namespace === namespace)
        .flatMap(({ podRef, containers = [] }) =>
            containers.map(({ name, cpu, memory }) => ({
                pod: podRef.name,
                container: name,
                cpu: (cpu?.usageNanoCores ?? 0) / 1e9,
                memory: memory?.workingSetBytes ?? 0,
            })),
        );
}

/** The metrics server tells billionths and millionths of a core too. */
function cores(quantity: string): number {
    const [, number, unit = ""] = /^(\d+)([nu])$/.exec(quantity) ?? [];
    if (number === undefined) return quantityValue(quantity) ?? 0;
    return Number(number) * (unit === "n" ? 1e-9 : 1e-6);
}

/** `127m of 500m (25 %)`: an amount, and its share of a limit where there is one. */
export function share(used: number, limit: string | undefined, unit: "m" | "Mi"): string {
    const size = unit === "m" ? 1e-3 : 2 ** 20;
    const amount = `${Math.round(used / size)}${unit}`;
    const most = limit === undefined ? undefined : quantityValue(limit);
    return most === undefined ? amount : `${amount} of ${limit ?? ""} (${Math.round((100 * used) / most)} %)`;
}

/** Columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    return rows
        .map((row) =>
            row
                .map((cell, column) => cell.padEnd(widths[column] ?? 0))
                .join("   ")
                .trimEnd(),
        )
        .join("\n");
}

/** Shows it. */
export async function showTop(system: System): Promise<void> {
    const { kubectl, settings } = system;
    const { items } = await kubectl.get<Pods>("pods", "-n", settings.namespace, "-l", "app=bots-edi");
    const running = items.filter(({ status }) => status.phase === "Running");
    const nodes = [...new Set(running.flatMap(({ spec }) => spec.nodeName ?? []))];
    const used = await usages(system, nodes);
    const rows = running.flatMap(({ metadata, spec }) =>
        spec.containers.flatMap(({ name, resources }) => {
            const usage = used.find(({ pod, container }) => pod === metadata.name && container === name);
            if (!usage) return [];
            const limits = resources?.limits;
            return [
                [metadata.name, name, share(usage.cpu, limits?.cpu, "m"), share(usage.memory, limits?.memory, "Mi")],
            ];
        }),
    );
    process.stdout.write(`${table([["POD", "CONTAINER", "CPU", "MEMORY"], ...rows])}\n\n`);
    const volumes = ["/home/bots/.bots", "/home/bots/.bots/env/default/botssys/logging"];
    process.stdout.write(await inWebserver(system, ["df", "-h", ...volumes]));
}
