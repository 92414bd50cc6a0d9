/**
 * What deploying with Pulumi costs. Prints ratios measured in one run, and fails where one is above its limit:
 * `up` beside kubectl with the same manifests, in the same order, with the same waits; previews where nothing changed beside
 * those of a program with five ConfigMaps, and of one with as many resources. Needs a running sandbox, and nothing else that is
 * busy.
 */
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../sandbox/cluster/kubectl";
import { checkout } from "../../sandbox/paths";
import { admit, dismiss, putCredentials } from "../e2e/pulumi/externalDatabase";
import { TestNamespace } from "../e2e/namespace";
import { TestStack } from "../e2e/pulumi/testStack";
import { MASK, objects, SECRET_SIGNATURE } from "../support/recorder";
import { recordStack } from "../support/stack";
import { median } from "./usage";

/** The most that each ratio may be; a preview's is that beside as many resources, which Pulumi takes its time for. */
const LIMITS = { up: 1.15, preview: 1.5 };
const PAIRS = 3;
const PREVIEWS = 7;
const PASSWORD = "measured-and-thrown-away";

interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
}

function rollout({ kind, metadata }: Manifest): string[] | undefined {
    return ["Deployment", "StatefulSet"].includes(kind) ? ["rollout", "status", `${kind}/${metadata.name}`] : undefined;
}

function completion({ metadata }: Manifest): string[] {
    return ["wait", "--for=condition=complete", `job/${metadata.name}`];
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
    { kinds: ["Job/bots-db-preflight"], wait: completion },
    {
        kinds: ["StatefulSet", "Service/bots-db"],
        wait: rollout,
    },
    { kinds: ["Job"], wait: completion },
    {
        kinds: ["Deployment/bots-webserver", "Service/bots-webserver", "PodDisruptionBudget"],
        wait: rollout,
    },
    {
        kinds: ["ServiceAccount", "Role", "RoleBinding", "Deployment", "Service/bots-jobqueue", "CronJob"],
        wait: rollout,
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
    const left = new Set(all);
    for (const { kinds, wait } of WAVES) {
        const wave = [...left].filter(({ kind, metadata }) =>
            kinds.some((wanted) => wanted === kind || wanted === `${kind}/${metadata.name}`),
        );
        for (const manifest of wave) left.delete(manifest);
        await kubectl(["apply", "--server-side", "-f", "-"], { input: list(wave) });
        const waits = wave.flatMap((manifest) => [wait(manifest)].filter((args) => args !== undefined));
        await Promise.all(waits.map((args) => kubectl([...args, "-n", namespace, "--timeout=300s"])));
    }
    if (left.size > 0)
        throw new Error(`no wave has ${[...left].map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(", ")}`);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
    const begin = performance.now();
    await work();
    return (performance.now() - begin) / 1000;
}

/** Prints a ratio and says whether it is within its limit. */
function report(what: string, ours: readonly number[], theirs: readonly number[], limit = Infinity): boolean {
    const ratio = median(ours.map((value, index) => value / (theirs[index] ?? NaN)));
    const show = (numbers: readonly number[]) => numbers.map((value) => value.toFixed(1)).join(" ");
    console.log(
        `${what}: ratio ${ratio.toFixed(2)}, ${limit === Infinity ? "no limit" : `at most ${limit}`} (median of ${ours.length} pairs; ${show(ours)} s against ${show(theirs)} s)`,
    );
    return ratio <= limit;
}

/** Settings of a stack's file, without the project's prefix. */
function settings(stack: string): Record<string, unknown> {
    const { config } = parse(readFileSync(join(checkout, `Pulumi.${stack}.yaml`), "utf8")) as { config: object };
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("bots-edi:", ""), value]));
}

async function measureUp(): Promise<boolean> {
    const times = { ours: [] as number[], theirs: [] as number[] };
    for (let pair = 0; pair < PAIRS; pair++) {
        const [ours, theirs] = ["edi-bench-pulumi", "edi-bench-kubectl"];
        const stack = await TestStack.botsEdi({ ...settings("sandbox"), namespace: ours });
        times.ours.push(await seconds(() => stack.up()));
        stack.remove();
        await new TestNamespace(ours).delete();

        const all = await manifests(theirs);
        times.theirs.push(await seconds(() => withKubectl(theirs, all)));
        await new TestNamespace(theirs).delete();
    }
    return report("up, beside kubectl apply and wait", times.ours, times.theirs, LIMITS.up);
}

async function measurePreviews(): Promise<boolean> {
    const names = { sandbox: "edi-bench-sandbox", prod: "edi-bench-prod" };
    const namespaces: string[] = Object.values(names);
    const made: TestStack[] = [];
    const deploy = async (creation: Promise<TestStack>) => {
        const stack = await creation;
        made.push(stack);
        await stack.up();
        return stack;
    };
    const maps = async (count: number) => {
        const namespace = `edi-bench-${count}`;
        namespaces.push(namespace);
        await new TestNamespace(namespace).create();
        return deploy(TestStack.of("maps", { namespace, count: String(count) }));
    };
    const preview = (stack: TestStack) => seconds(() => stack.succeed("preview", "--expect-no-changes"));
    try {
        await new TestNamespace(names.prod).create();
        await putCredentials(names.prod);
        await admit(names.prod);
        // As prod is, but for what the sandbox's cluster has in another way or not at all.
        const here = {
            ...Object.fromEntries(
                ["imageTag", "image", "storageClass", "storage"].map((key) => [key, settings("sandbox")[key]]),
            ),
            imageUpdater: undefined,
            backup: { clientImage: "localhost/bots-edi-mariadb:10.11" },
        };
        const stacks = {
            sandbox: { ...settings("sandbox"), namespace: names.sandbox },
            prod: { ...settings("prod"), ...here, namespace: names.prod, protectData: "false" },
        };
        const five = await maps(5);
        let isWithin = true;
        for (const [name, config] of Object.entries(stacks)) {
            const stack = await deploy(TestStack.botsEdi(config));
            // All but the stack itself and its provider, which each of these programs has.
            const count = stack.state().resources.length - 2;
            const asMany = await maps(count);
            const times = { ours: [] as number[], five: [] as number[], asMany: [] as number[] };
            for (let round = 0; round < PREVIEWS; round++) {
                times.ours.push(await preview(stack));
                times.five.push(await preview(five));
                times.asMany.push(await preview(asMany));
            }
            report(`a preview of ${name}, beside five ConfigMaps'`, times.ours, times.five);
            isWithin =
                report(`a preview of ${name}, beside ${count} ConfigMaps'`, times.ours, times.asMany, LIMITS.preview) &&
                isWithin;
        }
        return isWithin;
    } finally {
        for (const stack of made) stack.remove();
        await dismiss(names.prod);
        for (const name of namespaces) await new TestNamespace(name).delete();
    }
}

async function main(): Promise<void> {
    const outcomes = [await measureUp(), await measurePreviews()];
    if (!outcomes.every(Boolean)) process.exitCode = 1;
}

void main();
