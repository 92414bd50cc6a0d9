/** What a resource's properties are made of, once the wire format's markers are taken off. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
    [key: string]: Json;
}
export type Path = readonly (string | number)[];

// The markers of Pulumi's wire format: fixed by its public contract (sdk/nodejs/runtime/rpc.ts).
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Json | undefined): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: Json): boolean {
    return isObject(value) && value[signatureKey] === secretSignature;
}

/** A string as it is, anything else as JSON; what is absent as "". */
export function text(value: Json | undefined): string {
    if (value === undefined || value === null) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** Marks a value as secret, the way the SDK does. */
export function secret(value: Json): JsonObject {
    return { [signatureKey]: secretSignature, value };
}

/** The value without secret markers: what goes to the API server. Assets and resource references are errors. */
export function reveal(wire: Json): Json {
    if (Array.isArray(wire)) return wire.map(reveal);
    if (!isObject(wire)) return wire;
    if (isSecret(wire)) return reveal(wire.value ?? null);
    if (signatureKey in wire)
        throw new Error("assets, archives and resource references are not supported by the sandbox's engine");
    return revealObject(wire);
}

export function revealObject(wire: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, reveal(value)]));
}

/** Where the secret markers are, outermost first; a marker inside a secret is part of that secret. */
export function secretPaths(wire: Json, at: Path = []): Path[] {
    if (isSecret(wire)) return [at];
    if (Array.isArray(wire)) return wire.flatMap((value, index) => secretPaths(value, [...at, index]));
    if (!isObject(wire)) return [];
    return Object.entries(wire).flatMap(([key, value]) => secretPaths(value, [...at, key]));
}

/** Marks what lies at these paths as secret; a path that is not there, or is inside a secret, changes nothing. */
export function seal(value: JsonObject, paths: readonly Path[]): JsonObject {
    return paths.reduce((sealed, path) => sealAt(sealed, path) as JsonObject, value);
}

function sealAt(value: Json, path: Path): Json {
    const [key, ...rest] = path;
    if (isSecret(value)) return value;
    if (key === undefined) return secret(value);
    if (Array.isArray(value)) return value.map((item, index) => (index === key ? sealAt(item, rest) : item));
    if (!isObject(value)) return value;
    const child = value[key];
    return child === undefined ? value : { ...value, [key]: sealAt(child, rest) };
}

/** Whether any value in here is not known before `up` (a preview only). */
export function hasUnknown(value: Json): boolean {
    if (Array.isArray(value)) return value.some(hasUnknown);
    if (isObject(value)) return Object.values(value).some(hasUnknown);
    return value === unknownValue;
}

export function isUnknown(value: Json | undefined): boolean {
    return value === unknownValue;
}

/** The text of every secret in here that is long enough to be told from ordinary text, as it is and in base64. */
export function secretTexts(wire: Json): string[] {
    const collect = (value: Json): string[] => {
        if (Array.isArray(value)) return value.flatMap(collect);
        if (isObject(value)) return Object.values(value).flatMap(collect);
        return typeof value === "string" && value.length >= 8 ? [value, Buffer.from(value).toString("base64")] : [];
    };
    return secretPaths(wire).flatMap((path) => collect(reveal(getAt(wire, path) ?? null)));
}

/** The value at a path, or undefined. Reads wire values as well: a path never leads into a secret marker. */
export function getAt(value: Json, path: Path): Json | undefined {
    return path.reduce<Json | undefined>((at, key) => {
        if (Array.isArray(at)) return typeof key === "number" ? at[key] : undefined;
        return isObject(at) ? at[key] : undefined;
    }, value);
}

/** A copy with the value at a path replaced; `undefined` removes it. Missing objects on the way are made. */
export function setAt(value: JsonObject, path: Path, to: Json | undefined): JsonObject {
    return put(value, path, to) as JsonObject;
}

function put(value: Json | undefined, [key, ...rest]: Path, to: Json | undefined): Json | undefined {
    if (key === undefined) return to;
    if (Array.isArray(value) && typeof key === "number") {
        const items = value.map((item, index) => (index === key ? put(item, rest, to) : item));
        return items.filter((item) => item !== undefined);
    }
    const object = isObject(value) ? value : {};
    const child = put(object[key], rest, to);
    if (child !== undefined) return { ...object, [key]: child };
    return Object.fromEntries(Object.entries(object).filter(([name]) => name !== String(key)));
}
