/** The parts by name. */
import { SandboxError } from "../errors";
import { argoEvents } from "./argoEvents";
import { externalSecrets } from "./externalSecrets";
import { metricsServer } from "./metricsServer";
import { type Part } from "./part";
import { prometheus } from "./prometheus";
import { registry } from "./registry";
import { sealedSecrets } from "./sealedSecrets";
import { traefik } from "./traefik";

/** All of them, in the order in which they are put up. */
export const parts: readonly Part[] = [
    traefik,
    metricsServer,
    argoEvents,
    registry,
    externalSecrets,
    sealedSecrets,
    prometheus,
];

/**
 * The parts of a list of names, as `--with` takes it.
 *
 * @param list - names with commas between them, or `all`
 * @throws SandboxError where a name is no part's
 */
export function partsOf(list: string): Part[] {
    if (list === "all") return [...parts];
    const names = list.split(",").map((name) => name.trim());
    const unknown = names.find((name) => !parts.some((part) => part.name === name));
    if (unknown === undefined) return parts.filter(({ name }) => names.includes(name));
    const known = parts.map(({ name }) => name).join(", ");
    throw new SandboxError(
        `the surroundings have no part ${JSON.stringify(unknown)}; takes ${known}, with commas, or all`,
    );
}
