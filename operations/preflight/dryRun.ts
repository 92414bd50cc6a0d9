/** What the cluster would say to every object of the stack, and to every pod that comes of it. */
import * as pulumi from "@pulumi/pulumi";
import { quantityValue } from "../../formats";
import { type Manifest } from "../manifests";
import { type Context, kindOf } from "./context";
import { fatal, fine, type Finding, warning } from "./finding";

interface PodTemplate {
    readonly metadata?: { readonly labels?: object; readonly annotations?: object };
    readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

interface Container {
    readonly image: string;
    readonly resources?: Resources;
}

type Resources = Readonly<Partial<Record<"requests" | "limits", Readonly<Record<string, string>>>>>;

/** The pods that an object makes: their template, and how many at once. */
export function podsOf({ kind, spec }: Manifest): { template: PodTemplate; count: number } | undefined {
    const { template, replicas, jobTemplate } = (spec ?? {}) as {
        template?: PodTemplate;
        replicas?: number;
        jobTemplate?: { spec: { template: PodTemplate } };
    };
    if (kind === "CronJob" && jobTemplate) return { template: jobTemplate.spec.template, count: 1 };
    return template?.spec ? { template, count: replicas ?? 1 } : undefined;
}

/** An object as it is sent: values that Pulumi keeps secret as they are. */
function plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const fields = value as Record<string, unknown>;
    if (pulumi.runtime.specialSigKey in fields) return plain(fields.value);
    return Object.fromEntries(Object.entries(fields).map(([key, inner]) => [key, plain(inner)]));
}

/**
 * What is sent: the objects, and a pod of each template, since Pod Security, quotas and limit ranges look at pods alone. An update
 * makes Jobs anew, so they go by another name: the template of one that is there could not be changed.
 */
function sent(context: Context, namespace: string): unknown[] {
    const own = context.settings.namespace;
    const home = (metadata: Manifest["metadata"]) => ({
        ...metadata,
        ...(metadata.namespace === own && { namespace }),
    });
    const known = context.manifests.filter((manifest) => kindOf(context, manifest) && manifest.kind !== "Namespace");
    const objects = known.map((manifest) => ({
        ...manifest,
        metadata: {
            ...home(manifest.metadata),
            name: manifest.metadata.name + (manifest.kind === "Job" ? "-preflight" : ""),
        },
    }));
    const pods = known.flatMap((manifest) => {
        const made = podsOf(manifest);
        if (!made) return [];
        const metadata = { ...made.template.metadata, name: `${manifest.metadata.name}-preflight`, namespace };
        // Its own ServiceAccount may yet have to be made.
        const spec = { ...made.template.spec, serviceAccountName: undefined };
        return [{ apiVersion: "v1", kind: "Pod", metadata, spec }];
    });
    return [...objects, ...pods].map(plain);
}

/** By what a complaint says. The claims' own comparison of fields, which begins with `@@`, is left out of it. */
const TODO: readonly (readonly [RegExp, string])[] = [
    [/exceeded quota/, "raise the namespace's ResourceQuota, or lower resources in the settings"],
    [
        /(maximum|minimum) .* (usage|limit)|limit to request ratio/,
        "change the namespace's LimitRange, or resources in the settings",
    ],
    [/PodSecurity/, "let the namespace's Pod Security level be restricted or lower, or see what changes the pods"],
    [/admission webhook/, "the webhook's own rules say what is missing: its exceptions, or the settings"],
    [/cannot (create|patch|get)/, "see the lines on rights"],
    [/namespaces ".*" not found/, "make that namespace, or see the lines on what is not there"],
    [/immutable/, "an object of this name has other fields, which never change: see docs/migration.md"],
];

/** The cluster's complaints, a line each. */
export function complaints(stderr: string): { text: string; isWarning: boolean }[] {
    return stderr
        .split(/^(?=Error from server|Warning: |The \w+ "|error: )/m)
        .map((text) =>
            text
                .replace(/^@@[^]*/m, "")
                .trim()
                .replaceAll(/\s*\n\s*/g, " "),
        )
        .filter(Boolean)
        .map((text) => ({ text, isWarning: text.startsWith("Warning: ") }));
}

/** Sends all of it as a server-side dry run. */
export async function checkObjects(context: Context, namespace: string): Promise<Finding[]> {
    const items = sent(context, namespace);
    const apply = ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-o", "name", "-f", "-"];
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const { code, stderr } = await context.kubectl.try(apply, { input });
    const found = complaints(stderr).map(({ text, isWarning }) => {
        const todo = TODO.find(([pattern]) => pattern.test(text))?.[1] ?? "the message says what it takes";
        return isWarning ? warning(text.replace("Warning: ", ""), todo) : fatal(text, todo);
    });
    return code === 0 ? [...found, fine(`the cluster takes all ${items.length} objects and pods`)] : found;
}

interface Quotas {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly spec: { readonly hard?: Readonly<Record<string, string>> };
    }[];
}

/** What all pods and claims ask for together, by the names that quotas have for it. */
export function totals(manifests: readonly Manifest[]): Map<string, number> {
    const sums = new Map<string, number>();
    const add = (name: string, amount: number) => sums.set(name, (sums.get(name) ?? 0) + amount);
    for (const manifest of manifests) {
        const made = podsOf(manifest);
        if (made) add("pods", made.count);
        for (const { resources = {} } of made?.template.spec.containers ?? []) {
            for (const kind of ["requests", "limits"] as const) {
                for (const [name, value] of Object.entries(resources[kind] ?? {})) {
                    add(`${kind}.${name}`, (made?.count ?? 0) * (quantityValue(value) ?? 0));
                }
            }
        }
        if (manifest.kind === "PersistentVolumeClaim") {
            const { resources } = manifest.spec as { resources: Resources };
            add("persistentvolumeclaims", 1);
            add("requests.storage", quantityValue(resources.requests?.storage ?? "") ?? 0);
        }
    }
    return sums;
}

/** Whether the namespace's quotas hold all of the stack, be it deployed or not: a dry run sees one pod at a time. */
export async function checkQuotas({ kubectl, settings, manifests, hasNamespace }: Context): Promise<Finding[]> {
    if (!hasNamespace) return [];
    const { code, stdout } = await kubectl.try(["get", "resourcequotas", "-n", settings.namespace, "-o", "json"]);
    if (code !== 0) return [warning("quotas cannot be looked at", "let whoever deploys list resourcequotas")];
    const needed = totals(manifests);
    const found = (JSON.parse(stdout) as Quotas).items.flatMap(({ metadata, spec }) =>
        Object.entries(spec.hard ?? {}).flatMap(([name, hard]) => {
            const long = name === "cpu" || name === "memory" ? `requests.${name}` : name;
            const need = needed.get(long) ?? 0;
            if (need <= (quantityValue(hard) ?? Infinity)) return [];
            const amount = Number(need.toFixed(3));
            return [
                fatal(
                    `ResourceQuota ${metadata.name} has ${name} ${hard}, the stack needs ${amount}`,
                    "raise it, or lower resources in the settings",
                ),
            ];
        }),
    );
    return found.length > 0 ? found : [fine("no quota of the namespace is too small")];
}
