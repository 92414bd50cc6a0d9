/** What all checks look at. */
import { OperatorError } from "../errors";
import { lastLine } from "../exec";
import { type Manifest, manifestsOf } from "../manifests";
import { type System } from "../system";

/** A kind that the cluster knows. */
export interface Kind {
    readonly kind: string;
    /** API group and version. */
    readonly apiVersion: string;
    /** Plural, as in URLs and rights. */
    readonly resource: string;
    readonly isNamespaced: boolean;
}

export interface Context extends System {
    /** Every object that the stack makes. */
    readonly manifests: readonly Manifest[];
    /** Every kind that the cluster knows. */
    readonly kinds: readonly Kind[];
    /** Whether the stack's namespace is there. */
    readonly hasNamespace: boolean;
}

/** The kinds in what `kubectl api-resources --no-headers` prints: short names may be missing, so it is read from its end. */
export function parseKinds(text: string): Kind[] {
    return text.split("\n").flatMap((line) => {
        const words = line.trim().split(/\s+/);
        const [kind, isNamespaced, apiVersion] = words.reverse();
        const resource = words.at(-1);
        if (!kind || !apiVersion || !resource) return [];
        return [{ kind, apiVersion, resource, isNamespaced: isNamespaced === "true" }];
    });
}

/**
 * Asks the cluster for what several checks need.
 *
 * @throws OperatorError where it does not answer: nothing can be checked then
 */
export async function contextOf(system: System): Promise<Context> {
    const { kubectl, settings, stack } = system;
    const [manifests, kinds, namespace] = await Promise.all([
        manifestsOf(stack, settings),
        // A broken aggregated API fails the command, which prints the others all the same.
        kubectl.try(["api-resources", "--no-headers"]),
        kubectl.try(["get", "namespace", settings.namespace, "-o", "name"]),
    ]);
    if (kinds.stdout === "") {
        throw new OperatorError(`the cluster does not answer: ${lastLine(kinds.stderr)}`);
    }
    return { ...system, manifests, kinds: parseKinds(kinds.stdout), hasNamespace: namespace.code === 0 };
}

/** The cluster's kind of an object; undefined where it knows none. */
export function kindOf({ kinds }: Context, { kind, apiVersion }: Manifest): Kind | undefined {
    return kinds.find((known) => known.kind === kind && known.apiVersion === apiVersion);
}
