/** The Secrets: by name where they exist, generated where the database runs in the cluster. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { labels } from "./labels";
import { PartOptions } from "./part";
import { durable } from "./storage";

/** What a generated Secret says of the database. */
export interface GeneratedDatabase {
    /** DB_ENGINE as settings.py takes it. */
    readonly engine: "mysql" | "postgresql";
    /** Host name of the database. */
    readonly host: string;
    /** Port of the database. */
    readonly port: number;
}

/** The inputs of {@link Credentials}. */
export interface CredentialsArgs {
    /** Namespace of the Secrets. */
    readonly namespace: string;
    /** Name of the Secret with DB_* and DJANGO_SECRET_KEY. */
    readonly databaseSecret: string;
    /** Generate that Secret for this database. Default: it exists, and never enters the state. */
    readonly generateFor?: GeneratedDatabase;
    /** Further secret environment variables. */
    readonly secretEnv: Record<string, string>;
    /** Keep the generated passwords as long as the data that they open. */
    readonly protect: boolean;
}

/** Name of the Secret that holds the further variables. */
export const SECRET_ENV = "bots-edi-secret-env";

/** Name of the database, and of its user, where they are generated. */
const DATABASE = "botsedi";

/** The Secret of the database, and the one of the further variables. */
export class Credentials extends pulumi.ComponentResource {
    /** Annotations that change with what is secret here. */
    readonly checksums: Record<string, pulumi.Input<string>> = {};
    /** The Secrets, to depend on. */
    readonly secrets: pulumi.Resource[] = [];

    constructor(name: string, args: CredentialsArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Credentials", name, {}, opts);
        const child = { parent: this, dependsOn: opts.dependsOn };

        if (args.generateFor) {
            const { engine, host, port } = args.generateFor;
            // Letters and digits only: the value passes through URLs and option files of database clients.
            const generate = (what: string, length: number) =>
                new random.RandomPassword(
                    `${name}-${what}`,
                    { length, special: false },
                    { parent: this, protect: args.protect },
                ).result;
            this.secrets.push(
                new k8s.core.v1.Secret(
                    `${name}-database`,
                    {
                        metadata: {
                            name: args.databaseSecret,
                            namespace: args.namespace,
                            labels: labels("config"),
                        },
                        stringData: {
                            DB_ENGINE: engine,
                            DB_HOST: host,
                            DB_PORT: String(port),
                            DB_NAME: DATABASE,
                            DB_USER: DATABASE,
                            DB_PASSWORD: generate("database-password", 32),
                            DJANGO_SECRET_KEY: generate("django-secret-key", 64),
                        },
                    },
                    { ...child, ...durable(args.protect) },
                ),
            );
        }

        if (Object.keys(args.secretEnv).length > 0) {
            const secretEnv = pulumi.secret(args.secretEnv);
            // Random, and another one with every change: a hash of what is secret could be guessed by whoever reads pods.
            const { result } = new random.RandomPassword(
                `${name}-env-version`,
                { length: 32, special: false, keepers: secretEnv },
                { parent: this },
            );
            this.checksums["checksum/secret-env"] = pulumi.unsecret(result);
            this.secrets.push(
                new k8s.core.v1.Secret(
                    `${name}-env`,
                    {
                        metadata: { name: SECRET_ENV, namespace: args.namespace, labels: labels("config") },
                        stringData: secretEnv,
                    },
                    child,
                ),
            );
        }
        this.registerOutputs({});
    }
}
