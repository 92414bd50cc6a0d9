/** What is wrong with the Secrets that External Secrets makes. */
import { CANDIDATE_SECRET } from "../components/credentials";
import { type System } from "./system";

interface ExternalSecrets {
    readonly items: readonly {
        readonly metadata: {
            readonly name: string;
            readonly uid: string;
            readonly annotations?: Record<string, string>;
        };
        readonly status?: {
            readonly conditions?: readonly {
                readonly type: string;
                readonly status: string;
                readonly message?: string;
            }[];
        };
    }[];
}

interface Events {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly reason: string;
        readonly message: string;
        readonly involvedObject: { readonly uid: string };
    }[];
}

/**
 * What is wrong with the Secrets that External Secrets makes, a line each: the controller's newest complaint, or what the secret
 * watch has refused and not taken over since.
 *
 * @param version - resourceVersion of the candidate of the database's Secret, which names the watch's event and what it took over
 */
export function secretFaults({ items }: ExternalSecrets, events: Events, version?: string): string[] {
    const isTakenOver = items.some(({ metadata }) =>
        metadata.annotations?.["bots-edi/candidate"]?.endsWith(`.${version}`),
    );
    return items.flatMap(({ metadata, status }) => {
        const ready = status?.conditions?.find(({ type }) => type === "Ready");
        const own = events.items.filter(({ involvedObject }) => involvedObject.uid === metadata.uid);
        const refused = own.find((event) => event.metadata.name === `${metadata.name}.${version}`);
        if (ready?.status === "True") return refused && !isTakenOver ? [refused.message] : [];
        const said = own.filter((event) => event !== refused).at(-1)?.message ?? ready?.message;
        return [`${metadata.name}: ${said ?? "External Secrets has not looked at it"}`];
    });
}

/** The same, of the stack's own. */
export async function faultsOfSecrets({ kubectl, settings }: System): Promise<string[]> {
    const { namespace, externalSecrets } = settings;
    if (Object.keys(externalSecrets).length === 0) return [];
    const here = ["-n", namespace];
    const warnings = "--field-selector=type=Warning,involvedObject.kind=ExternalSecret";
    const candidate = ["secret", CANDIDATE_SECRET, ...here];
    const version = ["get", ...candidate, "--ignore-not-found", "-o", "jsonpath={.metadata.resourceVersion}"];
    const [secrets, events, newest] = await Promise.all([
        kubectl.get<ExternalSecrets>("externalsecrets.external-secrets.io", ...here, "-l", "app=bots-edi"),
        kubectl.get<Events>("events", ...here, warnings, "--sort-by=.lastTimestamp"),
        kubectl.run(version),
    ]);
    return secretFaults(secrets, events, newest);
}
