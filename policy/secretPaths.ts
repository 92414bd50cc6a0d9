import { Secret } from "@pulumi/policy";

/** What a proxy of @pulumi/policy answers with the object behind it. */
const BEHIND = "__getSpecialProxyTarget";

function unwrapped(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const behind = (value as Record<string, unknown>)[BEHIND];
    return behind === undefined ? value : unwrapped(behind);
}

/**
 * Where inputs hold Pulumi secrets, such as `data.password`.
 *
 * @param props the inputs as a remediation is given them: a validation is given secrets in plain text, unmarked.
 */
export function secretPaths(props: unknown, path = ""): string[] {
    const value = unwrapped(props);
    if (value instanceof Secret) return [path];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => secretPaths(inner, path ? `${path}.${key}` : key));
}
