/** Settings of Secrets that come from outside, as tests use them. */
import type { SettingsInput } from "../../settings";

/** A value as kubeseal prints it. */
export const SEALED = `AgB${"x".repeat(120)}==`;

/** A store in this cluster. */
export const STORE: SettingsInput["secretStore"] = {
    kubernetes: { namespace: "upstream", serviceAccount: "reader" },
};

/** Sealed values for keys. */
export const sealed = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, SEALED]));
