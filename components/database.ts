/** A database in the cluster, for stacks that have no external one: for trying and testing. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labels, selector, SKIP_AWAIT } from "./labels";
import { ownership } from "./owners";
import { MADE_ANEW, PartOptions, timeouts } from "./part";
import { fromSecret, HARDENED, PodOverlay, podTemplate, Resources } from "./pod";
import { durableClaim } from "./storage";

/** The databases that Bots runs on and that may run in the cluster. */
export type DatabaseEngine = "mariadb" | "postgresql";

/** Name of the Service: the host name of the database. */
export const DATABASE_HOST = "bots-db";

/** Seconds that a start may take: the first one makes the database, minutes on a slow disk. */
const START_SECONDS = 300;

/** The user of the official images. */
const USER = 999;

/** Ends with 0 where the image is one of this database. */
const PREFLIGHT = 'command -v "$0" || { echo "The image of the database has no $0 on its PATH" >&2; exit 1; }';

interface Engine {
    /** DB_ENGINE as settings.py takes it. */
    readonly django: "mysql" | "postgresql";
    /** The server's usual port. */
    readonly port: number;
    /** Default image: the official one, its version fixed. */
    readonly image: string;
    /** What tells its claim from that of another engine, whose files it could not read. */
    readonly claimSuffix: string;
    /** Where the image keeps its data. */
    readonly dataDir: string;
    /** Where the server writes besides its data. */
    readonly scratch: readonly string[];
    /** The image's variables, and the key of the Secret that each is filled from. */
    readonly fromSecret: Readonly<Record<string, string>>;
    /** The image's variables that are not secret. */
    readonly env: Readonly<Record<string, string>>;
    /** Command that ends with 0 when the server answers. */
    readonly isReady: readonly [string, ...string[]];
}

/** What the official images ask for; sources: their pages on Docker Hub. */
export const ENGINES: Readonly<Record<DatabaseEngine, Engine>> = {
    mariadb: {
        django: "mysql",
        port: 3306,
        image: "docker.io/library/mariadb:10.11.11",
        claimSuffix: "",
        dataDir: "/var/lib/mysql",
        scratch: ["/tmp", "/run/mysqld"],
        fromSecret: { MARIADB_DATABASE: "DB_NAME", MARIADB_USER: "DB_USER", MARIADB_PASSWORD: "DB_PASSWORD" },
        // The image writes the random password to its log, so it opens nothing from outside the pod.
        env: { MARIADB_RANDOM_ROOT_PASSWORD: "1", MARIADB_ROOT_HOST: "localhost" },
        isReady: ["healthcheck.sh", "--connect", "--innodb_initialized"],
    },
    postgresql: {
        django: "postgresql",
        port: 5432,
        image: "docker.io/library/postgres:16.8",
        claimSuffix: "-postgresql",
        dataDir: "/var/lib/postgresql/data",
        scratch: ["/tmp", "/var/run/postgresql"],
        fromSecret: { POSTGRES_DB: "DB_NAME", POSTGRES_USER: "DB_USER", POSTGRES_PASSWORD: "DB_PASSWORD" },
        // A sub-directory: the server refuses a volume whose root holds lost+found.
        env: { PGDATA: "/var/lib/postgresql/data/pgdata" },
        isReady: ["pg_isready", "--host=127.0.0.1"],
    },
};

/** The inputs of {@link Database}. */
export interface DatabaseArgs {
    /** Namespace of the database. */
    readonly namespace: string;
    /** Which database. */
    readonly engine: DatabaseEngine;
    /** Its image. Default: the engine's official one. */
    readonly image?: string;
    /** Name of the Secret with DB_NAME, DB_USER and DB_PASSWORD. */
    readonly databaseSecret: string;
    /** Size of its volume, as a Kubernetes quantity. */
    readonly size: string;
    /** Class of its volume. */
    readonly storageClass: string;
    /** Requests and limits. Default: 100m/256Mi and 1000m/1Gi, what MariaDB takes with a few users. */
    readonly resources: Resources;
    /** Seconds that the Job may take which tries a change first. */
    readonly preflightSeconds: number;
    /** What the stack says of every pod. */
    readonly overlay: PodOverlay;
    /** Keep the data whatever is destroyed. */
    readonly protect: boolean;
}

/**
 * StatefulSet, Service and PersistentVolumeClaim of a database with one replica. It ends before it starts anew, so that a Job
 * tries each change of its pod first: an image that cannot be pulled, a Secret or a node that is not there leave it as it is.
 */
export class Database extends pulumi.ComponentResource {
    /** The StatefulSet, to depend on. */
    readonly statefulSet: k8s.apps.v1.StatefulSet;
    /** The Service, to depend on. */
    readonly service: k8s.core.v1.Service;

    constructor(name: string, args: DatabaseArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Database", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };
        const engine = ENGINES[args.engine];
        const metadata = { name: DATABASE_HOST, namespace: args.namespace, labels: labels("database") };
        const claimName = `${DATABASE_HOST}${engine.claimSuffix}-data-pvc`;
        const isReady = { exec: { command: [...engine.isReady] } };
        const container = {
            name: args.engine,
            image: args.image ?? engine.image,
            imagePullPolicy: "IfNotPresent",
            securityContext: HARDENED,
            terminationMessagePolicy: "FallbackToLogsOnError",
            env: [
                ...Object.entries(engine.env).map(([key, value]) => ({ name: key, value })),
                ...Object.entries(engine.fromSecret).map(([variable, key]) =>
                    fromSecret(args.databaseSecret, variable, { key }),
                ),
            ],
            resources: args.resources,
        };

        const claim = new k8s.core.v1.PersistentVolumeClaim(
            `${name}${engine.claimSuffix}`,
            {
                metadata: { ...metadata, name: claimName },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    storageClassName: args.storageClass,
                    resources: { requests: { storage: args.size } },
                },
            },
            { ...child, ...durableClaim(args.protect) },
        );
        this.service = new k8s.core.v1.Service(
            name,
            {
                metadata: { ...metadata, annotations: SKIP_AWAIT },
                spec: {
                    selector: selector("database"),
                    ports: [{ name: "sql", port: engine.port, targetPort: "sql", protocol: "TCP" }],
                },
            },
            { ...child, ignoreChanges: ownership("Service").ignoreChanges },
        );
        const preflight = new k8s.batch.v1.Job(
            `${name}-preflight`,
            {
                metadata: {
                    ...metadata,
                    name: `${DATABASE_HOST}-preflight`,
                    labels: labels("database-preflight"),
                },
                spec: {
                    backoffLimit: 1,
                    // The only bound on an image that cannot be pulled.
                    activeDeadlineSeconds: args.preflightSeconds,
                    template: podTemplate(args.overlay, "database-preflight", {
                        user: USER,
                        restartPolicy: "Never",
                        containers: [{ ...container, command: ["sh", "-c", PREFLIGHT, engine.isReady[0]] }],
                    }),
                },
            },
            { ...child, ...MADE_ANEW, ...timeouts(args.preflightSeconds) },
        );
        this.statefulSet = new k8s.apps.v1.StatefulSet(
            name,
            {
                metadata,
                spec: {
                    serviceName: DATABASE_HOST,
                    // Ordered, a pod that never became ready is not replaced: a wrong image would stay when it is put right.
                    podManagementPolicy: "Parallel",
                    replicas: 1,
                    selector: { matchLabels: selector("database") },
                    template: podTemplate(args.overlay, "database", {
                        user: USER,
                        terminationGracePeriodSeconds: 60,
                        containers: [
                            {
                                ...container,
                                ports: [{ name: "sql", containerPort: engine.port, protocol: "TCP" }],
                                startupProbe: {
                                    ...isReady,
                                    periodSeconds: 3,
                                    timeoutSeconds: 5,
                                    failureThreshold: START_SECONDS / 3,
                                },
                                readinessProbe: { ...isReady, periodSeconds: 10, timeoutSeconds: 5 },
                                livenessProbe: { tcpSocket: { port: "sql" }, periodSeconds: 30, timeoutSeconds: 5 },
                                volumeMounts: [
                                    { name: "data", mountPath: engine.dataDir },
                                    ...engine.scratch.map((mountPath, index) => ({
                                        name: `scratch-${index}`,
                                        mountPath,
                                    })),
                                ],
                            },
                        ],
                        volumes: [
                            { name: "data", persistentVolumeClaim: { claimName } },
                            ...engine.scratch.map((_, index) => ({
                                name: `scratch-${index}`,
                                emptyDir: { sizeLimit: "1Gi" },
                            })),
                        ],
                    }),
                },
            },
            { ...child, dependsOn: [claim, preflight, ...(opts.dependsOn ?? [])], ...timeouts(START_SECONDS) },
        );
        this.registerOutputs({});
    }
}
