/** The backup of everything. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { databaseClient, EXCHANGE_ENV, EXCHANGE_MOUNT, EXCHANGE_VOLUME } from "./databaseClient";
import { databaseWait } from "./databaseWait";
import { labels } from "./labels";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import { botsContainer, botsPodTemplate, BotsRuntime, CONFIG_DIR, DATA_DIR, CLAIMS } from "./podTemplate";
import { startingDeadline } from "../settings/startingDeadline";

/** The inputs of {@link Backup}. */
export interface BackupArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Cron schedule. */
    readonly schedule: string;
    /** IANA time zone of the schedule. */
    readonly timeZone: string;
    /** Sets that are kept. */
    readonly keep: number;
    /** Stop scheduling. */
    readonly suspend: boolean;
    /** Seconds that a set may take to be made or restored. */
    readonly deadlineSeconds: number;
    /** Seconds that an engine which runs is waited for. */
    readonly waitSeconds: number;
    /** Image with the client of the database. */
    readonly clientImage: string;
    /** Requests and limits. */
    readonly resources: Resources;
}

/** Where the sets are. */
const SETS_DIR = "/backup";

/** The volume of the sets, as a volume of a pod. */
export const SETS_VOLUME = { name: "backup", persistentVolumeClaim: { claimName: CLAIMS.backup } };

/** The same as a mount of a container. */
export const SETS_MOUNT = { name: SETS_VOLUME.name, mountPath: SETS_DIR };

/** config/backup.py. */
export const BACKUP_SCRIPT = readFileSync(join(__dirname, "..", "config", "backup.py"), "utf8");

/** What {@link BACKUP_SCRIPT} reads from its environment. `configDir`: a directory with the configuration, not /config. */
export function backupEnv(
    { keep, waitSeconds }: Pick<BackupArgs, "keep" | "waitSeconds">,
    configDir: string,
): { name: string; value: string }[] {
    const values = {
        BACKUP_CONFIG: configDir,
        BACKUP_DATA: DATA_DIR,
        BACKUP_TARGET: SETS_DIR,
        BACKUP_KEEP: String(keep),
        BACKUP_WAIT: String(waitSeconds),
        BACKUP_STACK: pulumi.getStack(),
    };
    return [...Object.entries(values).map(([name, value]) => ({ name, value })), EXCHANGE_ENV];
}

/**
 * CronJob `bots-config-backup`: the database, the data volume, and routes, channels, partners, grammars and mappings, as one set
 * on the backup volume. The image updater leaves it alone, as it does db-init: it fits the tables that db-init made.
 */
export class Backup extends pulumi.ComponentResource {
    /** The CronJob. */
    readonly cronJob: k8s.batch.v1.CronJob;

    constructor(name: string, args: BackupArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Backup", name, {}, opts);
        const { runtime } = args;
        this.cronJob = new k8s.batch.v1.CronJob(
            name,
            {
                metadata: { name: "bots-config-backup", namespace: runtime.namespace, labels: labels("backup") },
                spec: {
                    schedule: args.schedule,
                    timeZone: args.timeZone,
                    suspend: args.suspend,
                    concurrencyPolicy: "Forbid",
                    startingDeadlineSeconds: startingDeadline(args.schedule),
                    successfulJobsHistoryLimit: 1,
                    failedJobsHistoryLimit: 1,
                    jobTemplate: {
                        metadata: { labels: labels("backup") },
                        spec: {
                            activeDeadlineSeconds: args.waitSeconds + args.deadlineSeconds,
                            backoffLimit: 2,
                            template: botsPodTemplate(runtime, "backup", {
                                // The pod of a failed run keeps its log.
                                restartPolicy: "Never",
                                initContainers: [
                                    databaseWait(runtime),
                                    databaseClient(runtime, args.clientImage, args.resources),
                                ],
                                containers: [
                                    botsContainer(runtime, {
                                        name: "backup",
                                        command: ["python", "-c", BACKUP_SCRIPT],
                                        args: ["make"],
                                        resources: args.resources,
                                        env: backupEnv(args, CONFIG_DIR),
                                        mountsFlat: true,
                                        // Not read at /config: Bots 3.3 would take a folder of its own package for it.
                                        volumeMounts: [
                                            { name: "config", mountPath: CONFIG_DIR, readOnly: true },
                                            SETS_MOUNT,
                                            EXCHANGE_MOUNT,
                                        ],
                                    }),
                                ],
                                volumes: [SETS_VOLUME, EXCHANGE_VOLUME],
                            }),
                        },
                    },
                },
            },
            { parent: this, dependsOn: opts.dependsOn },
        );
        this.registerOutputs({});
    }
}
