/** The first user of the web pages, from a Secret. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { databaseWait } from "./databaseWait";
import { labels } from "./labels";
import { MADE_ANEW, PartOptions, timeouts } from "./part";
import { fromSecret, Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime } from "./podTemplate";

/** The inputs of {@link Superuser}. */
export interface SuperuserArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Name of the existing Secret with SUPERUSER_USERNAME, SUPERUSER_EMAIL and SUPERUSER_PASSWORD. */
    readonly secret: string;
    /** Requests and limits. */
    readonly resources: Resources;
}

/** Seconds that the Job may take, retries included: one user is made. */
const DEADLINE = 300;

const SCRIPT = readFileSync(join(__dirname, "..", "config", "superuser.py"), "utf8");

/**
 * Job `bots-superuser`: makes the user, unless there is one of that name, which it leaves as it is, the password too. It runs
 * anew with every image and configuration, as db-init does.
 */
export class Superuser extends pulumi.ComponentResource {
    constructor(name: string, args: SuperuserArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Superuser", name, {}, opts);
        const { runtime, secret } = args;
        new k8s.batch.v1.Job(
            name,
            {
                metadata: { name: "bots-superuser", namespace: runtime.namespace, labels: labels("superuser") },
                spec: {
                    backoffLimit: 2,
                    ttlSecondsAfterFinished: 300,
                    activeDeadlineSeconds: DEADLINE,
                    template: botsPodTemplate(runtime, "superuser", {
                        restartPolicy: "OnFailure",
                        initContainers: [databaseWait(runtime)],
                        containers: [
                            botsContainer(runtime, {
                                name: "superuser",
                                command: ["python", "-c", SCRIPT],
                                resources: args.resources,
                                env: ["USERNAME", "EMAIL", "PASSWORD"].map((key) =>
                                    fromSecret(secret, `SUPERUSER_${key}`),
                                ),
                            }),
                        ],
                    }),
                },
            },
            { parent: this, dependsOn: opts.dependsOn, ...MADE_ANEW, ...timeouts(DEADLINE) },
        );
        this.registerOutputs({});
    }
}
