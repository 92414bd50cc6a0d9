/** Looks at everything that an adoption needs to know. Changes nothing. */
import { OperatorError } from "../errors";
import { lastLine } from "../exec";
import { type Resource, resourcesOf } from "../manifests";
import { checkIdentity } from "../preflight/cluster";
import { type Context, contextOf, kindOf } from "../preflight/context";
import { checkSecrets } from "../preflight/secrets";
import { Pulumi, resourcesOf as stateResources } from "../pulumi";
import { type System } from "../system";
import { getAll, type LiveObject, objectsIn, referenceTo } from "./objects";
import { type Plan, planOf } from "./plan";
import * as record from "./record";

/** What an adoption works with. */
export interface Work {
    readonly pulumi: Pulumi;
    /** The state before, as `pulumi stack export` writes it. */
    readonly state: string;
    readonly resources: readonly Resource[];
    readonly plan: Plan;
}

/** Whether a state has a resource, by its type and name in the stack. */
export function knownBy(state: string): (resource: Resource) => boolean {
    const known = new Set(
        stateResources(state).map(({ urn }) => {
            const [, , types = "", name = ""] = urn.split("::");
            return `${types.split("$").at(-1) ?? ""} ${name}`;
        }),
    );
    return ({ type, name }) => known.has(`${type} ${name}`);
}

async function list(context: Context, resources: readonly Resource[]): Promise<LiveObject[]> {
    const { kubectl, settings } = context;
    const known = resources.map(({ manifest }) => manifest).filter((manifest) => kindOf(context, manifest));
    const managed = "--show-managed-fields";
    const [own, ingresses] = await Promise.all([
        getAll(kubectl, known, managed),
        kubectl.run(["get", "ingresses", "-n", settings.namespace, "-o", "json", managed]),
    ]);
    return [...own, ...objectsIn(ingresses)];
}

interface StorageClass {
    readonly metadata: { readonly name: string };
    readonly allowVolumeExpansion?: boolean;
}

async function expandableClasses({ kubectl }: System): Promise<Set<string>> {
    const { items } = await kubectl.get<{ items: StorageClass[] }>("storageclasses");
    return new Set(items.filter((one) => one.allowVolumeExpansion).map(({ metadata }) => metadata.name));
}

/** What keeps any stack from being deployed here, and matters before anything is taken over. */
async function obstacles(context: Context): Promise<string[]> {
    const findings = [...(await checkIdentity(context)), ...(await checkSecrets(context))];
    return findings
        .filter(({ level, what }) => level === "fatal" || what.startsWith("whether the cluster"))
        .map(({ what, todo }) => `${what}: ${todo ?? ""}`);
}

async function stateOf(pulumi: Pulumi, stack: string): Promise<string> {
    const { code, stdout, stderr } = await pulumi.tryExport();
    if (code === 0) return stdout;
    const todo = stderr.includes("no stack named") ? `\`pulumi stack init ${stack}\`` : "`pulumi login`";
    throw new OperatorError(`the stack's state cannot be read: ${lastLine(stderr)}; ${todo}, and again`);
}

/**
 * The plan for a stack.
 *
 * @param old - what the stack replaces, beside what has its names
 * @throws OperatorError with everything that keeps it from being done, in one line; nothing has been changed
 */
export async function prepare(system: System, old: readonly LiveObject[] = []): Promise<Work> {
    const { root, stack, settings } = system;
    const context = await contextOf(system);
    if (!context.hasNamespace) {
        throw new OperatorError(
            `there is nothing to adopt: no namespace ${settings.namespace}; \`pulumi up\` makes it`,
        );
    }
    await refuseUnconfirmed(system);
    const pulumi = new Pulumi(root, stack);
    const state = await stateOf(pulumi, stack);
    const resources = await resourcesOf(stack, settings);
    const plan = planOf({
        resources,
        live: await list(context, resources),
        isKnown: knownBy(state),
        expandable: await expandableClasses(system),
        databaseSecret: settings.databaseSecret,
        old,
    });
    const problems = [...(await obstacles(context)), ...plan.problems];
    if (problems.length > 0) throw new OperatorError(`nothing was changed: ${problems.join("; ")}`);
    return { pulumi, state, resources, plan };
}

async function refuseUnconfirmed(system: System): Promise<void> {
    const adoption = await record.find(system);
    if (!adoption) return;
    const todo = adoption.isComplete
        ? "keep it by --confirm, or take it back by --undo"
        : "take it back by --undo first";
    const what = adoption.isComplete ? "is not confirmed yet" : "was cut off";
    throw new OperatorError(`the adoption of namespace ${system.settings.namespace} ${what}: ${todo}`);
}

type Labels = Readonly<Record<string, string>>;

interface Labelled {
    readonly metadata: { readonly labels?: Labels };
}

/** What it takes to undo a plan. */
export async function recordOf(
    { stack, settings, kubectl }: System,
    { state, resources, plan }: Work,
): Promise<record.Adoption> {
    const { namespace } = settings;
    const { labels = {} } = (await kubectl.get<Labelled>("namespace", namespace)).metadata;
    const wanted = resources.find(({ manifest }) => manifest.kind.startsWith("Namespace"))?.manifest as
        Labelled | undefined;
    const set = Object.keys(wanted?.metadata.labels ?? {});
    return {
        stack,
        isComplete: false,
        objects: [...plan.found.map(({ live }) => live), ...plan.removed],
        made: plan.made.map(({ manifest }) => referenceTo(manifest, namespace)),
        namespaceLabels: Object.fromEntries(set.map((key) => [key, labels[key] ?? null])),
        state,
    };
}
