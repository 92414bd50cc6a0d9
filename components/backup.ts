/** The backup of what people configure in Bots' web pages. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { databaseWait } from "./databaseWait";
import { labels } from "./labels";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import {
    BACKUP_DIR,
    BACKUP_MOUNT,
    BACKUP_VOLUME,
    botsContainer,
    botsPodTemplate,
    BotsRuntime,
    CONFIG_DIR,
} from "./podTemplate";
import { startingDeadline } from "../settings/startingDeadline";

/** The inputs of {@link Backup}. */
export interface BackupArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Cron schedule. */
    readonly schedule: string;
    /** IANA time zone of the schedule. */
    readonly timeZone: string;
    /** Backups that are kept. */
    readonly keep: number;
    /** Stop scheduling. */
    readonly suspend: boolean;
    /** Requests and limits. */
    readonly resources: Resources;
}

const SCRIPT = readFileSync(join(__dirname, "..", "config", "backup.py"), "utf8");

/**
 * CronJob `bots-config-backup`: routes, channels, partners, grammars and mappings, as a plugin that Bots reads back, on the
 * config volume. The image updater leaves it alone, as it does db-init: it fits the tables that db-init made.
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
                            activeDeadlineSeconds: 900,
                            backoffLimit: 2,
                            template: botsPodTemplate(runtime, "backup", {
                                // The pod of a failed run keeps its log.
                                restartPolicy: "Never",
                                initContainers: [databaseWait(runtime)],
                                containers: [
                                    botsContainer(runtime, {
                                        name: "backup",
                                        command: ["python", "-c", SCRIPT],
                                        args: [CONFIG_DIR, `${BACKUP_DIR}/plugins`, String(args.keep)],
                                        resources: args.resources,
                                        mountsFlat: true,
                                        // Not read at /config: Bots 3.3 would take a folder of its own package for it.
                                        volumeMounts: [
                                            { name: "config", mountPath: CONFIG_DIR, readOnly: true },
                                            BACKUP_MOUNT,
                                        ],
                                    }),
                                ],
                                volumes: [BACKUP_VOLUME],
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
