/** A stack's objects as plain Kubernetes manifests: what is reviewed when the program changes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { MASK, objects, SECRET_SIGNATURE } from "../support/recorder";
import { recordStack, STACKS } from "../support/stack";

/** Where a stack's manifests are kept. */
export function goldenFile(stack: string): string {
    return join(__dirname, `${stack}.yaml`);
}

/** Masks what is secret, and leaves out what only Pulumi reads. */
function plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const fields = value as Record<string, unknown>;
    if (SECRET_SIGNATURE in fields) return masked(fields.value);
    const kept = Object.entries(fields).filter(([key]) => !key.startsWith("pulumi.com/"));
    const entries = kept.map(([key, inner]) => [key, plain(inner)] as const);
    return Object.fromEntries(entries.filter(([key, inner]) => !(key === "annotations" && isEmpty(inner))));
}

function masked(value: unknown): unknown {
    return typeof value === "object" && value !== null
        ? Object.fromEntries(Object.keys(value).map((key) => [key, MASK]))
        : MASK;
}

function isEmpty(value: unknown): boolean {
    return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

interface Manifest {
    readonly kind: unknown;
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, unknown>>;
}

/** A candidate holds what goes live: said in place of all of it again, wherever it is so. */
function withoutRepetition<T extends Manifest>(object: T, all: readonly T[]): T {
    const name = object.metadata.name.replace(/-candidate$/, "");
    const live = all.find((other) => other !== object && other.kind === object.kind && other.metadata.name === name);
    if (!object.data || !live?.data) return object;
    const data = Object.entries(object.data).map(([key, value]) => [
        key,
        value === live.data?.[key] ? `as in ${name}` : value,
    ]);
    return { ...object, data: Object.fromEntries(data) as Manifest["data"] };
}

/** In place of a stack's own: an image bump is one line of its configuration, and no change to review here. */
const TAG = "IMAGE_TAG";

/** The manifests of a stack, in an order that does not depend on timing. */
export async function manifests(stack: string, imageTag = TAG): Promise<string> {
    const made = objects(await recordStack(stack, { "bots-edi:imageTag": imageTag })).map(({ inputs }) => {
        const { apiVersion, kind, metadata, ...rest } = plain(inputs) as Record<string, unknown>;
        return { apiVersion, kind, metadata: metadata as Manifest["metadata"], ...rest };
    });
    const key = ({ kind, metadata }: (typeof made)[number]) => `${String(kind)}/${metadata.name}`;
    return made
        .map((object) => withoutRepetition(object, made))
        .sort((one, other) => key(one).localeCompare(key(other), "en"))
        .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
        .join("---\n");
}

async function update(): Promise<void> {
    for (const stack of STACKS) writeFileSync(goldenFile(stack), await manifests(stack));
}

if (require.main === module) void update();
