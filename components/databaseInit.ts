/** The Job that everything else waits for. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { BACKUP_SCRIPT, BackupArgs, backupEnv, SETS_MOUNT, SETS_VOLUME } from "./backup";
import { databaseClient, EXCHANGE_MOUNT, EXCHANGE_VOLUME } from "./databaseClient";
import { REACH } from "./databaseWait";
import { Component, labels } from "./labels";
import { JOINED, MADE_ANEW, PartOptions, timeouts } from "./part";
import { Pod, Resources } from "./pod";
import {
    BACKUP_DIR,
    BACKUP_MOUNT,
    BACKUP_VOLUME,
    botsContainer,
    botsPodTemplate,
    BotsRuntime,
    CONFIG_DIR,
    healthCheck,
    LOGGING_DIR,
} from "./podTemplate";

type EnvVar = k8s.types.input.core.v1.EnvVar;
type PodTemplateSpec = k8s.types.input.core.v1.PodTemplateSpec;

/** How the database is initialised. */
export interface Initialisation {
    /** What all Bots pods share, as the stage has it that the database is initialised with. */
    readonly runtime: BotsRuntime;
    /** Names this configuration in the backup. */
    readonly configChecksum: string;
    /** The set that is made of a database before migrations change it. */
    readonly backup: Pick<BackupArgs, "keep" | "clientImage" | "resources">;
    /** Seconds that the Job may take, retries included. Source: `kubectl wait --timeout=300s` of the spec. */
    readonly deadlineSeconds: number;
    /** Requests and limits. Source: spec, 100m/256Mi and 500m/512Mi. */
    readonly resources: Resources;
}

/** The inputs of {@link DatabaseInit}. */
export interface DatabaseInitArgs extends Initialisation {
    /** Whether the Job is at work, left by an update that was cut off: one of the same content is waited for. */
    readonly isAtWork: boolean;
}

/** Name of the Job (spec). */
export const DATABASE_INIT = "bots-db-init";

/** Where the logs volume is mounted here: to see that it can be written to. */
const LOGS_MOUNT = { name: "logs", mountPath: "/logs" };

/** The configuration that it began with. The backup reads it there: Bots 3.3 would take /config for a folder of its own package. */
const CANDIDATE_DIR = "/tmp/candidate";

/**
 * First everything is checked that can be without changing anything: the configuration is the candidate's, which nothing else
 * reads yet, and tables that the image cannot use end it. The mount points inside the data volume are made in it: left to the
 * node they would belong to root, or fail on an NFS export that squashes it, and Bots could not write beside them. Then a set of
 * the database is made, if migrations wait.
 *
 * It waits for the database itself, without an init container: Pulumi tells nothing of those, as of an image that cannot be pulled.
 *
 * The image's init-db exits 0 even when it failed, so afterwards the tables are looked for, and then the migrations: after an
 * update the tables are there whatever happened. A Job that completes has initialised. Then the configuration that it began
 * with, which this deployment will run with, is kept on the config volume.
 *
 * A shell that is a container's first process is not ended by SIGTERM, so a migration goes on when the Job is deleted, for as
 * long as the pod's grace period lasts. Its own deadline, counted over all tries, is what ends it.
 */
const script = (deadlineSeconds: number) => `[ -e /tmp/started ] || date +%s > /tmp/started
mkdir -p ${CANDIDATE_DIR}
cp /config/* ${CANDIDATE_DIR}/
command -v bots-engine > /dev/null || { echo 'Nothing was initialised: the image has no bots-engine on its PATH' >&2; exit 1; }
${REACH}python /config/check.py ${[CONFIG_DIR, LOGGING_DIR, LOGS_MOUNT.mountPath, BACKUP_DIR, SETS_MOUNT.mountPath].join(" ")}
python -c "$BACKUP_SCRIPT" make --before-migrations
left=$(($(cat /tmp/started) + ${deadlineSeconds} - $(date +%s)))
[ $left -gt 0 ]
timeout $left /entrypoint.sh init-db
${healthCheck("startup")
    .filter((word) => word !== "--quiet")
    .join(" ")}
python /config/migrations.py
kept="${BACKUP_DIR}/$CONFIG_CHECKSUM"
mkdir -p "$kept"
cp ${CANDIDATE_DIR}/* "$kept/"
echo "Configuration kept in $kept"
`;

/** What a pod does around db-init, where it goes on to more than the database. */
export interface AroundInit {
    /** Arguments of the bash: `$1` and so on. */
    readonly args: string[];
    /** Bash that runs first; it may end the container. */
    readonly before: string;
    /** Bash that runs last, once the database is initialised. */
    readonly after: string;
    /** Variables of the container. */
    readonly env: EnvVar[];
    /** What differs in the pod. */
    readonly pod: Partial<Pod>;
}

/** The pod that initialises the database with an image, and with the configuration of its runtime. */
export function databaseInitPod(args: Initialisation, component: Component, around?: AroundInit): PodTemplateSpec {
    const { runtime, deadlineSeconds } = args;
    return botsPodTemplate(runtime, component, {
        restartPolicy: "OnFailure",
        // A Job that is replaced while it migrates ends first: half a migration cannot be gone on from.
        terminationGracePeriodSeconds: deadlineSeconds,
        ...around?.pod,
        initContainers: [databaseClient(runtime, args.backup.clientImage, args.backup.resources)],
        containers: [
            botsContainer(runtime, {
                name: "db-init",
                mountsFlat: true,
                command: [
                    "/bin/bash",
                    "-c",
                    `set -eu\n${around?.before ?? ""}${script(deadlineSeconds)}${around?.after ?? ""}`,
                    ...(around ? ["db-init"] : []),
                ],
                ...(around && { args: around.args }),
                resources: args.resources,
                env: [
                    // A migration of a large table takes longer than any query of Bots may.
                    { name: "DB_READ_TIMEOUT", value: String(deadlineSeconds) },
                    { name: "CONFIG_CHECKSUM", value: args.configChecksum },
                    { name: "BACKUP_SCRIPT", value: BACKUP_SCRIPT },
                    // Half of the time is left for the migrations.
                    ...backupEnv({ ...args.backup, waitSeconds: Math.ceil(deadlineSeconds / 2) }, CANDIDATE_DIR),
                    ...(around?.env ?? []),
                ],
                volumeMounts: [LOGS_MOUNT, BACKUP_MOUNT, SETS_MOUNT, EXCHANGE_MOUNT],
            }),
        ],
        volumes: [BACKUP_VOLUME, SETS_VOLUME, EXCHANGE_VOLUME],
    });
}

/**
 * Job `bots-db-init`. It is made anew whenever the image, the configuration or a secret of this program changes: once the earlier
 * one has ended, if it is at work. Where nothing changed, one that is at work is waited for.
 */
export class DatabaseInit extends pulumi.ComponentResource {
    /** The Job. It resolves when it has completed: depend on it. */
    readonly job: k8s.batch.v1.Job;

    constructor(name: string, args: DatabaseInitArgs, opts: PartOptions = {}) {
        super("bots-edi:index:DatabaseInit", name, {}, opts);
        this.job = new k8s.batch.v1.Job(
            name,
            {
                metadata: { name: DATABASE_INIT, namespace: args.runtime.namespace, labels: labels("init") },
                spec: {
                    backoffLimit: 3,
                    ttlSecondsAfterFinished: 300,
                    // The only bound on an image that cannot be pulled.
                    activeDeadlineSeconds: args.deadlineSeconds,
                    // A pod that is evicted goes on until its grace period is over: no second one migrates beside it.
                    podReplacementPolicy: "Failed",
                    template: databaseInitPod(args, "init"),
                },
            },
            {
                parent: this,
                dependsOn: opts.dependsOn,
                ...(args.isAtWork ? JOINED : MADE_ANEW),
                ...timeouts(args.deadlineSeconds),
            },
        );
        this.registerOutputs({});
    }
}
