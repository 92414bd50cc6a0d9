/** What only a pod can find out: as one of the program's own, with its image, its user, its settings and its Secret. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CANDIDATE_SECRET } from "../../components/credentials";
import { ENGINES } from "../../components/database";
import { lastLine } from "../exec";
import { initJobOf } from "../manifests";
import { type Context } from "./context";
import { fatal, fine, type Finding, warning } from "./finding";
import { type Scratch } from "./scratch";
import { madeOf } from "./secrets";

interface Variable {
    readonly name: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } };
}

interface Container {
    readonly name: string;
    readonly image: string;
    readonly env?: readonly Variable[];
    readonly volumeMounts?: readonly object[];
}

interface PodSpec {
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string; readonly persistentVolumeClaim?: object }[];
}

/** The pod of db-init, of which the checks' own are made. */
function template({ manifests }: Context): { labels: object; spec: PodSpec } {
    const { template } = initJobOf(manifests).spec as { template: { metadata: { labels: object }; spec: PodSpec } };
    return { labels: template.metadata.labels, spec: template.spec };
}

/** Its variables, but for those of Secrets that the update has yet to make: with these it can log in. */
function loginEnv(context: Context): Variable[] {
    const [{ env = [] } = { env: [] }] = template(context).spec.containers;
    const secretOf = ({ valueFrom }: Variable) => valueFrom?.secretKeyRef?.name;
    const own = env.find(({ name }) => name === "DB_HOST");
    return env.filter((variable) => [undefined, own && secretOf(own)].includes(secretOf(variable)));
}

/** How a pod differs from db-init's. */
interface Changes {
    /** The container that runs the command. Default: db-init's own. */
    readonly container?: string;
    /** Its variables. Default: none beside the stack's own. */
    readonly env?: readonly object[];
    /** A claim that it mounts at /scratch. */
    readonly claim?: string;
    /** Fields of the pod. */
    readonly fields?: object;
}

/** A pod that runs one command. Volumes are its own and empty, but for the claim. */
function pod(
    context: Context,
    scratch: Scratch,
    what: string,
    command: readonly string[],
    { container = "db-init", env = [], claim, fields = {} }: Changes = {},
): object {
    const { labels, spec } = template(context);
    const own = configMaps(context).reduce(
        (text, { metadata: { name } }) => text.replaceAll(`"${name}"`, `"${scratch.name(name)}"`),
        JSON.stringify(spec),
    );
    const { initContainers, containers, volumes, ...others } = JSON.parse(own) as PodSpec;
    const chosen = [...initContainers, ...containers].find(({ name }) => name === container);
    const mount = claim === undefined ? [] : [{ name: "scratch", mountPath: "/scratch" }];
    const volume = claim === undefined ? [] : [{ name: "scratch", persistentVolumeClaim: { claimName: claim } }];
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: scratch.name(what), namespace: scratch.namespace, labels },
        spec: {
            ...others,
            restartPolicy: "Never",
            activeDeadlineSeconds: 300,
            terminationGracePeriodSeconds: 1,
            ...fields,
            containers: [
                {
                    ...chosen,
                    restartPolicy: undefined,
                    command,
                    args: [],
                    env,
                    volumeMounts: [...(chosen?.volumeMounts ?? []), ...mount],
                },
            ],
            volumes: [
                ...volumes.map(({ persistentVolumeClaim, ...other }) =>
                    persistentVolumeClaim ? { name: other.name, emptyDir: {} } : other,
                ),
                ...volume,
            ],
        },
    };
}

const configMaps = ({ manifests }: Context) => manifests.filter(({ kind }) => kind === "ConfigMap");

/** Puts the stack's ConfigMaps there under the run's own names: the stack's may be of another version, or not there. */
export async function provideConfiguration(context: Context, scratch: Scratch): Promise<void> {
    for (const { metadata, ...configMap } of configMaps(context)) {
        const own = { name: scratch.name(metadata.name), namespace: scratch.namespace };
        await scratch.create({ ...configMap, metadata: own });
    }
}

/** Each of two pods writes what the other one reads; one alone would only wait for itself. */
const WRITE = `echo written > "/scratch/$0" || exit 1
for second in $(seq 90); do [ -s "/scratch/$1" ] && exit 0; sleep 1; done
echo "what another pod wrote did not arrive within 90 s"; exit 1`;

const IMAGE = /pulling image|ErrImage|InvalidImageName/;
const MEND_IMAGE = "mend imageTag, image.repository or imagePullSecret, or let the nodes reach the registry";

/** A claim of the stack's class and mode, written by two pods, on two nodes where there are. */
export async function checkStorage(context: Context, scratch: Scratch): Promise<Finding[]> {
    const { storageClass, storage } = context.settings;
    const claim = scratch.name("claim");
    const of = `storage class ${storageClass}, ${storage.accessMode}`;
    // Its absence is a finding of its own.
    if ((await context.kubectl.try(["get", "storageclass", storageClass])).stderr.includes("(NotFound)")) return [];
    try {
        await scratch.create({
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: claim, namespace: scratch.namespace },
            spec: {
                accessModes: [storage.accessMode],
                storageClassName: storageClass,
                resources: { requests: { storage: storage.config } },
            },
        });
        const apart = {
            podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                    {
                        weight: 100,
                        podAffinityTerm: {
                            topologyKey: "kubernetes.io/hostname",
                            labelSelector: { matchLabels: { "bots-edi/preflight": scratch.id } },
                        },
                    },
                ],
            },
        };
        const fields = storage.accessMode === "ReadWriteMany" ? { affinity: apart } : {};
        for (const [own, other] of [
            ["one", "two"],
            ["two", "one"],
        ] as const) {
            await scratch.create(pod(context, scratch, own, ["/bin/sh", "-c", WRITE, own, other], { claim, fields }));
        }
    } catch (error) {
        return [fatal(`${of}: ${(error as Error).message}`, "the message says what it takes")];
    }
    const ends = await scratch.ends([scratch.name("one"), scratch.name("two")]);
    const failed = ends.find(({ isWell }) => !isWell);
    if (!failed) return [fine(`${of}: written by two pods`)];
    const todo = /denied|read-only/i.test(failed.said)
        ? "let user 10001 write: an export that squashes no user, or a class that honours fsGroup"
        : "take a class that offers this mode: storageClass, storage.accessMode";
    return [fatal(`${of}: ${failed.said}`, IMAGE.test(failed.said) ? MEND_IMAGE : todo)];
}

/** Its last line is the client, or what is wrong. */
const FIND_CLIENT = `case \${DB_ENGINE:-mysql} in postgresql) set -- pg_dump ;; *) set -- mariadb-dump mysqldump ;; esac
for name do command -v "$name" && exit; done; echo "it has none of: $*"; exit 1`;

/** Whether the image of the database's client can be pulled, and has it: db-init and backups cannot do without. */
export async function checkClient(context: Context, scratch: Scratch): Promise<Finding[]> {
    const { settings } = context;
    const { initContainers } = template(context).spec;
    const client = initContainers.find(({ name }) => name === "database-client");
    const engine = settings.database && ENGINES[settings.database.engine].django;
    // The Secret's other keys are a check of their own.
    const own = client?.env?.filter(({ name }) => name === "DB_ENGINE");
    const env = engine === undefined ? own : [{ name: "DB_ENGINE", value: engine }];
    const command = ["/bin/sh", "-c", FIND_CLIENT];
    await scratch.create(pod(context, scratch, "client", command, { container: "database-client", env }));
    const [end] = await scratch.ends([scratch.name("client")]);
    const what = `the image of the database's client, ${client?.image ?? ""}`;
    if (end?.isWell) return [fine(`${what}, has ${end.said.split("/").at(-1) ?? ""}`)];
    return [
        fatal(`${what}: ${end?.said ?? ""}`, "set backup.clientImage to one that has, and that the nodes can pull"),
    ];
}

const LOG_IN = readFileSync(join(__dirname, "logIn.py"), "utf8");

interface LogIn {
    readonly server: string;
    readonly charset: string;
    readonly isUnicode: boolean;
    readonly tls: string | null;
}

/** Logs in as the program will, and tells what the server says. */
export async function checkDatabase(context: Context, scratch: Scratch): Promise<Finding[]> {
    const { settings, kubectl, hasNamespace } = context;
    if (settings.database) {
        const isThere =
            hasNamespace && (await kubectl.try(["get", "statefulset", "bots-db", "-n", settings.namespace])).code === 0;
        if (!isThere) return [fine("the database will be made in the cluster")];
    } else if (!hasNamespace) return [];
    if (madeOf(settings, "databaseSecret") !== undefined) {
        const isThere = (await kubectl.try(["get", "secret", CANDIDATE_SECRET, "-n", settings.namespace])).code === 0;
        if (!isThere) return [fine("the database's Secret will be made, and db-init logs in with it first")];
    }
    try {
        await scratch.create(pod(context, scratch, "database", ["python", "-c", LOG_IN], { env: loginEnv(context) }));
    } catch (error) {
        return [
            fatal(`no pod may log in at the database: ${(error as Error).message}`, "the message says what it takes"),
        ];
    }
    const [end] = await scratch.ends([scratch.name("database")]);
    return loginFindings(end?.said ?? "", end?.isWell ?? false, settings.database !== undefined);
}

/** What the login's pod said. Between pods of one cluster nobody expects TLS. */
export function loginFindings(said: string, isWell: boolean, isInCluster: boolean): Finding[] {
    const last = lastLine(said);
    if (!isWell) {
        const todo = /denied|authentication|password/i.test(last)
            ? "mend DB_USER, DB_PASSWORD or DB_NAME in the Secret, or the rights of that user in the database"
            : /connect|timed out|resolve|unknown .*host|translate host/i.test(last)
              ? "mend DB_HOST or DB_PORT in the Secret, networkPolicy.database, or what stands between"
              : "the message says what it takes";
        return [fatal(`the database: ${last}`, IMAGE.test(last) ? MEND_IMAGE : todo)];
    }
    const { server, charset, isUnicode, tls } = JSON.parse(last) as LogIn;
    return [
        fine(`the database lets Bots in: ${server}`),
        isUnicode
            ? fine(`its character set is ${charset}`)
            : fatal(
                  `its character set is ${charset}`,
                  "make the database in utf8mb4 (MySQL, MariaDB) or UTF8 (PostgreSQL), before it holds anything",
              ),
        tls || isInCluster
            ? fine(`its connections ${tls ? `use ${tls}` : "stay in the cluster"}`)
            : warning(
                  "its connections are not encrypted",
                  "let the server offer TLS, unless the network between is trusted",
              ),
    ];
}
