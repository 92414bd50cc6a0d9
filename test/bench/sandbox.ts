/**
 * What deploying through sandbox/engine costs beside kubectl: the same manifests, in the same order, with the same waits.
 * Prints ratios measured in one run, and fails where `up` is more than 1.15 times as long. Needs a running sandbox.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl, tryKubectl } from "../../sandbox/cluster/kubectl";
import { Deployment } from "../../sandbox/engine/deployment";
import { kubeconfigPath } from "../../sandbox/paths";
import { MASK, objects, SECRET_SIGNATURE } from "../support/recorder";
import { recordStack } from "../support/stack";

const LIMIT = 1.15;
const PAIRS = 3;
const ROOT = join(__dirname, "..", "..");
const PASSWORD = "measured-and-thrown-away";

interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
}

/** What kubectl waits for after it has applied the objects of these kinds; the order is that of the program. */
const WAVES: readonly {
    readonly kinds: readonly string[];
    readonly wait: (manifest: Manifest) => string[] | undefined;
}[] = [
    { kinds: ["Namespace"], wait: () => undefined },
    {
        kinds: ["ConfigMap", "PersistentVolumeClaim", "Secret", "NetworkPolicy"],
        wait: ({ kind, metadata }) =>
            kind === "PersistentVolumeClaim"
                ? ["wait", "--for=jsonpath={.status.phase}=Bound", `pvc/${metadata.name}`]
                : undefined,
    },
    {
        kinds: ["StatefulSet", "Service/bots-db"],
        wait: ({ kind, metadata }) =>
            kind === "StatefulSet" ? ["rollout", "status", `statefulset/${metadata.name}`] : undefined,
    },
    { kinds: ["Job"], wait: ({ metadata }) => ["wait", "--for=condition=complete", `job/${metadata.name}`] },
    {
        kinds: ["Deployment", "Service/bots-webserver", "PodDisruptionBudget", "CronJob"],
        wait: ({ kind, metadata }) =>
            kind === "Deployment" ? ["rollout", "status", `deployment/${metadata.name}`] : undefined,
    },
];

async function manifests(namespace: string): Promise<Manifest[]> {
    const made = objects(await recordStack("sandbox", { "bots-edi:namespace": namespace }));
    return made.map(({ inputs }) => {
        const text = JSON.stringify(inputs, (_, value: unknown) =>
            typeof value === "object" && value !== null && SECRET_SIGNATURE in value
                ? (value as { value?: unknown }).value
                : value,
        );
        return JSON.parse(text.replaceAll(MASK, PASSWORD)) as Manifest;
    });
}

function list(items: readonly Manifest[]): string {
    return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

async function withKubectl(namespace: string, all: readonly Manifest[]): Promise<void> {
    for (const { kinds, wait } of WAVES) {
        const wave = all.filter(({ kind, metadata }) =>
            kinds.some((wanted) => wanted === kind || wanted === `${kind}/${metadata.name}`),
        );
        await kubectl(["apply", "--server-side", "-f", "-"], { input: list(wave) });
        const waits = wave.flatMap((manifest) => [wait(manifest)].filter((args) => args !== undefined));
        await Promise.all(waits.map((args) => kubectl([...args, "-n", namespace, "--timeout=300s"])));
    }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
    const begin = performance.now();
    await work();
    return (performance.now() - begin) / 1000;
}

function median(numbers: readonly number[]): number {
    return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

function report(what: string, ours: readonly number[], theirs: readonly number[]): number {
    const ratio = median(ours.map((value, index) => value / (theirs[index] ?? NaN)));
    const show = (numbers: readonly number[]) => numbers.map((value) => value.toFixed(1)).join(" ");
    console.log(
        `${what}: ratio ${ratio.toFixed(2)} (median of ${ours.length} pairs; ${show(ours)} s against ${show(theirs)} s)`,
    );
    return ratio;
}

async function main(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-bench-"));
    const namespaces: string[] = [];
    const times = { up: [] as number[], apply: [] as number[], preview: [] as number[], diff: [] as number[] };
    try {
        for (let pair = 0; pair < PAIRS; pair++) {
            const [ours, theirs] = [`edi-bench-engine-${pair}`, `edi-bench-kubectl-${pair}`];
            namespaces.push(ours, theirs);
            const deployment = new Deployment({
                projectDir: ROOT,
                stack: "sandbox",
                kubeconfig: kubeconfigPath,
                stateFile: join(folder, `${ours}.json`),
                config: { namespace: ours },
                log: () => undefined,
            });
            times.up.push(await seconds(() => deployment.up()));
            times.preview.push(await seconds(() => deployment.preview()));
            await deployment.destroy();

            const all = await manifests(theirs);
            times.apply.push(await seconds(() => withKubectl(theirs, all)));
            times.diff.push(
                await seconds(() => tryKubectl(["diff", "--server-side", "-f", "-"], { input: list(all) })),
            );
            await kubectl(["delete", "namespace", theirs, "--wait=true"]);
        }
    } finally {
        rmSync(folder, { recursive: true, force: true });
        await kubectl(["delete", "namespace", "--ignore-not-found", "--wait=false", ...namespaces]);
    }
    const up = report("up against kubectl apply and wait", times.up, times.apply);
    report("preview without changes against kubectl diff", times.preview, times.diff);
    if (up <= LIMIT) return;
    console.error(`up takes ${up.toFixed(2)} times as long as kubectl; at most ${LIMIT} is allowed`);
    process.exitCode = 1;
}

void main();
