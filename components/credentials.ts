/** The Secrets: by name where they exist, generated where the database runs in the cluster, or from outside. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { labels } from "./labels";
import type { StagedSecret } from "./outsideSecrets";
import { PartOptions } from "./part";
import { BotsRuntime } from "./podTemplate";
import { secretData } from "./secretData";
import { nameIn, Stage } from "./stage";
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
    /** Have that Secret made from outside. Default: it exists. */
    readonly outside?: StagedSecret;
    /** Further secret environment variables. */
    readonly secretEnv: Record<string, string>;
    /** Keep the generated passwords as long as the data that they open. */
    readonly protect: boolean;
}

/** Name of the candidate of the database's Secret, whatever the live one is called. */
export const CANDIDATE_SECRET = nameIn("candidate", "bots-edidb-secret");

/** Name of the database, and of its user, where they are generated. */
const DATABASE = "botsedi";

type Data = Readonly<Record<string, pulumi.Input<string>>>;

/**
 * The Secret of the database where it is generated or comes from outside, and `bots-edi-secret-env` with the further variables: first as candidates,
 * `…-candidate`. The database is made with the candidate, since it comes before db-init. A Secret that exists is read under its
 * own name in both stages.
 */
export class Credentials extends pulumi.ComponentResource {
    /** Annotations that change with what is secret here. */
    readonly checksums: Record<string, pulumi.Input<string>> = {};
    /** The candidate's Secrets, to depend on. */
    readonly candidate: pulumi.Resource[];
    private readonly generated?: Data;
    private readonly secretEnv?: pulumi.Output<Record<string, string>>;

    constructor(
        private readonly name: string,
        private readonly args: CredentialsArgs,
        opts: PartOptions = {},
    ) {
        super("bots-edi:index:Credentials", name, {}, opts);
        if (args.generateFor) {
            const { engine, host, port } = args.generateFor;
            // Letters and digits only: the value passes through URLs and option files of database clients.
            this.generated = {
                DB_ENGINE: engine,
                DB_HOST: host,
                DB_PORT: String(port),
                DB_NAME: DATABASE,
                DB_USER: DATABASE,
                DB_PASSWORD: this.random("database-password", 32, { protect: args.protect }),
                DJANGO_SECRET_KEY: this.random("django-secret-key", 64, { protect: args.protect }),
            };
            this.checksums["checksum/database-secret"] = this.version("database", this.generated);
        }
        if (args.outside) this.checksums["checksum/database-secret"] = args.outside.checksum;
        if (Object.keys(args.secretEnv).length > 0) {
            this.secretEnv = pulumi.secret(args.secretEnv);
            this.checksums["checksum/secret-env"] = this.version("env", this.secretEnv);
        }
        this.candidate = this.secrets("candidate", opts.dependsOn);
    }

    /** The Secrets that pods read in a stage. */
    names(stage: Stage): Pick<BotsRuntime, "databaseSecret" | "secretEnv"> {
        const { databaseSecret, generateFor, outside, secretEnv } = this.args;
        const isCandidate = (generateFor ?? outside) !== undefined && stage === "candidate";
        return {
            databaseSecret: isCandidate ? CANDIDATE_SECRET : databaseSecret,
            secretEnv: { secret: nameIn(stage, "bots-edi-secret-env"), names: Object.keys(secretEnv) },
        };
    }

    /** Makes the live Secrets, after db-init has completed with the candidates. Comes last. */
    goLive(after: pulumi.Resource[]): pulumi.Resource[] {
        const made = this.secrets("live", after);
        this.registerOutputs({});
        return made;
    }

    private secrets(stage: Stage, dependsOn: pulumi.Resource[] = []): pulumi.Resource[] {
        const { databaseSecret, secretEnv } = this.names(stage);
        const make = (suffix: string, name: string, values: pulumi.Input<Data>, keep: boolean) =>
            new k8s.core.v1.Secret(
                nameIn(stage, `${this.name}-${suffix}`),
                {
                    metadata: { name, namespace: this.args.namespace, labels: labels("config") },
                    data: secretData(values),
                },
                { parent: this, dependsOn, ...durable(keep) },
            );
        // As long as the data that it opens. Were the live one kept, so would be what it comes after: db-init and all its ground.
        const isKept = stage === "candidate" && this.args.protect;
        const name = nameIn(stage, `${this.name}-database`);
        const outside = this.args.outside?.make(name, databaseSecret, stage, { parent: this, dependsOn });
        return [
            ...(outside ? [outside] : []),
            ...(this.generated ? [make("database", databaseSecret, this.generated, isKept)] : []),
            ...(this.secretEnv ? [make("env", secretEnv.secret, this.secretEnv, false)] : []),
        ];
    }

    private random(what: string, length: number, opts: pulumi.CustomResourceOptions, keepers?: pulumi.Input<Data>) {
        const args = { length, special: false, ...(keepers && { keepers }) };
        return new random.RandomPassword(`${this.name}-${what}`, args, { parent: this, ...opts }).result;
    }

    /** Random, and another one with every change: a hash of what is secret could be guessed by whoever reads pods. */
    private version(what: string, secret: pulumi.Input<Data>): pulumi.Output<string> {
        return pulumi.unsecret(this.random(`${what}-version`, 32, {}, secret));
    }
}
