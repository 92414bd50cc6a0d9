/** What is to become of objects that kubectl or kustomize made: by what is there and what the stack makes, and by nothing else. */
import { quantityValue } from "../../formats";
import { CLAIMS } from "../../components/podTemplate";
import { type Manifest, type Resource } from "../manifests";
import { type LiveObject } from "./objects";
import { ownerOf } from "./owner";

type Labels = Readonly<Record<string, string>>;

/**
 * `keep`: imported, and changed in place. `hand over`: a Deployment with another selector, which cannot be changed: it is deleted,
 * and the new one takes its pods over. `make anew`: a Job, which has done its work.
 */
export type Way = "keep" | "hand over" | "make anew";

/** An object of the stack that is there already. */
export interface Found {
    readonly resource: Resource;
    readonly live: LiveObject;
    readonly way: Way;
}

export interface Plan {
    readonly found: readonly Found[];
    /** What the stack makes and is not there. */
    readonly made: readonly Resource[];
    /** What would compete with the stack's objects. */
    readonly removed: readonly LiveObject[];
    /** What keeps it from being done, each with what to do. */
    readonly problems: readonly string[];
}

/** What a plan is made of. */
export interface Facts {
    readonly resources: readonly Resource[];
    /** The namespace's objects under the names that the stack uses, and its Ingresses. */
    readonly live: readonly LiveObject[];
    /** Whether the stack's state has a resource already. */
    readonly isKnown: (resource: Resource) => boolean;
    /** Names of the storage classes whose claims can grow. */
    readonly expandable: ReadonlySet<string>;
    /** The Secret of an external database. */
    readonly databaseSecret: string;
    /** What goes with the old architecture. Default: none of it is there. */
    readonly old?: readonly LiveObject[];
}

/** Kind and name, for people. */
export const titleOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

/** What tells an object from any other. Versions of a group are one object. */
export function keyOf({ apiVersion, kind, metadata }: Manifest): string {
    const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
    return [group, kind, metadata.namespace ?? "", metadata.name].join("/");
}

export function planOf(facts: Facts): Plan {
    const live = new Map(facts.live.map((object) => [keyOf(object), object]));
    const own = facts.resources.filter((resource) => !resource.type.endsWith("Patch") && !facts.isKnown(resource));
    const found = own.flatMap((resource) => {
        const object = live.get(keyOf(resource.manifest));
        return object ? [{ resource, live: object, way: wayOf(resource.manifest, object) }] : [];
    });
    const there = new Set(found.map(({ resource }) => resource));
    const { old = [] } = facts;
    const removed = [...old, ...competing(facts).filter((object) => !old.some((one) => keyOf(one) === keyOf(object)))];
    return {
        found,
        made: own.filter((resource) => !there.has(resource)),
        removed,
        problems: [
            ...found.flatMap((one) => problemsOf(one, facts)),
            ...removed.flatMap((object) => foreign(object)),
            ...(found.length + old.length > 0 ? [] : [nothing(facts, live)]),
        ],
    };
}

function wayOf(wanted: Manifest, live: LiveObject): Way {
    if (wanted.kind === "Job") return "make anew";
    return wanted.kind === "Deployment" && !isEqual(selectorOf(wanted), selectorOf(live)) ? "hand over" : "keep";
}

interface Selector {
    readonly matchLabels?: Labels;
    readonly matchExpressions?: readonly object[];
}

const selectorOf = ({ spec }: Manifest) => (spec as { readonly selector: Selector }).selector;

/** The labels that a Deployment selects its pods by. */
export const selectedBy = (deployment: Manifest): Labels => selectorOf(deployment).matchLabels ?? {};

function isEqual(one: Selector, other: Selector): boolean {
    const text = ({ matchLabels = {}, matchExpressions = [] }: Selector) =>
        JSON.stringify([Object.entries(matchLabels).sort(), matchExpressions]);
    return text(one) === text(other);
}

function foreign(live: LiveObject): string[] {
    const owner = ownerOf(live);
    return owner === undefined
        ? []
        : [`${titleOf(live)} is ${owner}'s: have it let go of it first, or take it out there`];
}

function problemsOf({ resource, live, way }: Found, facts: Facts): string[] {
    const { manifest } = resource;
    const title = titleOf(live);
    const problems = foreign(live);
    if (live.metadata.deletionTimestamp !== undefined)
        problems.push(`${title} is being deleted: wait until it is gone`);
    if (live.immutable) problems.push(`${title} is immutable: make it anew without \`immutable\` first`);
    if (live.kind === "Secret" && live.metadata.name === facts.databaseSecret) {
        problems.push(
            `${title} is there, and the stack would make its own: take \`database\` out of the stack's settings`,
        );
    }
    if (live.kind === "PersistentVolumeClaim") problems.push(...claimProblems(manifest, live, facts.expandable));
    if (live.kind === "Service" && clusterIpOf(live) === "None" && clusterIpOf(manifest) !== "None") {
        problems.push(`${title} is headless: make it anew with an address of its own first`);
    }
    if (way === "hand over") problems.push(...handOverProblems(manifest, live));
    return problems;
}

const clusterIpOf = ({ spec }: Manifest) => (spec as { readonly clusterIP?: string }).clusterIP;

/** The pods get the new labels beside their own; one that they have already with another value cannot be both. */
function handOverProblems(wanted: Manifest, live: LiveObject): string[] {
    const { matchExpressions = [] } = selectorOf(live);
    const { template } = live.spec as { readonly template: { readonly metadata?: { readonly labels?: Labels } } };
    const labels = { ...template.metadata?.labels, ...selectedBy(live) };
    const other = Object.entries(selectedBy(wanted)).filter(([key, value]) => (labels[key] ?? value) !== value);
    const todo = "give them that label in the old manifests and apply these first";
    return [
        ...other.map(
            ([key, value]) => `the pods of ${titleOf(live)} have ${key}=${labels[key] ?? ""}, not ${value}: ${todo}`,
        ),
        ...(matchExpressions.length > 0
            ? [`${titleOf(live)} selects by matchExpressions: make it anew with matchLabels alone first`]
            : []),
    ];
}

interface ClaimSpec {
    readonly accessModes: readonly string[];
    readonly storageClassName?: string;
    readonly volumeMode?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
}

/** Class and mode never change, and a claim never shrinks. */
function claimProblems(wanted: Manifest, live: LiveObject, expandable: ReadonlySet<string>): string[] {
    const [asked, own] = [wanted.spec, live.spec] as [ClaimSpec, ClaimSpec];
    const [askedSize, ownSize] = [asked, own].map(({ resources }) => resources.requests.storage) as [string, string];
    const difference = (quantityValue(askedSize) ?? 0) - (quantityValue(ownSize) ?? 0);
    const volume = Object.entries(CLAIMS).find(([, name]) => name === live.metadata.name)?.[0] ?? "";
    const title = titleOf(live);
    const problems: string[] = [];
    if (own.storageClassName !== asked.storageClassName) {
        problems.push(
            `${title} has the storage class ${own.storageClassName ?? "none"}, the stack asks ${asked.storageClassName ?? ""}: set storageClass to that of the claim`,
        );
    }
    if (own.accessModes.join() !== asked.accessModes.join()) {
        problems.push(
            `${title} has the mode ${own.accessModes.join()}, the stack asks ${asked.accessModes.join()}: set storage.accessMode to that of the claim`,
        );
    }
    if ((own.volumeMode ?? "Filesystem") !== "Filesystem")
        problems.push(`${title} is a block device: Bots needs a file system`);
    if (difference < 0 || (difference > 0 && !expandable.has(own.storageClassName ?? ""))) {
        const why = difference < 0 ? "never shrinks" : "cannot grow in its class";
        problems.push(
            `${title} has ${ownSize}, which ${why}, the stack asks ${askedSize}: set storage.${volume} to ${ownSize}`,
        );
    }
    if (live.status?.phase === "Lost")
        problems.push(`${title} has lost its volume: bring that back, or delete the claim`);
    return problems;
}

interface IngressSpec {
    readonly rules?: readonly { readonly host?: string }[];
}

const hostsOf = ({ spec }: Manifest) => ((spec ?? {}) as IngressSpec).rules?.map(({ host }) => host) ?? [];

/** Ingresses of other names for the stack's host: two for one host compete. */
function competing({ resources, live }: Facts): LiveObject[] {
    const own = resources.map(({ manifest }) => manifest).filter(({ kind }) => kind === "Ingress");
    const [names, hosts] = [own.map(keyOf), new Set(own.flatMap(hostsOf))];
    return live.filter(
        (object) =>
            object.kind === "Ingress" &&
            !names.includes(keyOf(object)) &&
            hostsOf(object).some((host) => hosts.has(host)),
    );
}

function nothing({ resources, isKnown }: Facts, live: ReadonlyMap<string, LiveObject>): string {
    return resources.some((resource) => isKnown(resource) && live.has(keyOf(resource.manifest)))
        ? "there is nothing to adopt: the stack has these objects in its state already; `pulumi up` updates them"
        : "there is nothing to adopt: no object under the names that the stack uses; `pulumi up` makes them";
}

/** The plan for people, a line an object. */
export function describe({ found, made, removed }: Plan): string {
    const line = (mark: string, object: Manifest, why = "") =>
        `${mark.padEnd(11)}${titleOf(object)}${why && `: ${why}`}`;
    const why = ({ way, live }: Found) =>
        way === "hand over"
            ? "its selector differs; its pods serve until those of the new one are ready"
            : way === "make anew"
              ? "a Job is not changed"
              : live.kind === "CronJob"
                ? "suspended until the stack is up"
                : "";
    return [
        ...found.map((one) => line(one.way, one.live, why(one))),
        ...removed.map((object) =>
            line(
                "remove",
                object,
                object.kind === "Ingress" ? "another way to the same pages" : "what the stack replaces",
            ),
        ),
        ...made.map(({ manifest }) => line("make", manifest)),
    ].join("\n");
}
