/** The ConfigMaps: what Bots and Django read when they start. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { botsIni, IniOverrides } from "../settings/botsIni";
import { GATEWAY_PORT, JOBQUEUE } from "./jobqueue";
import { labels } from "./labels";
import { PartOptions } from "./part";
import { BOTSENV, NAMES } from "./podTemplate";

/** A directory whose new files start the engine. */
export interface DirectoryMonitor {
    /** Absolute path in the container. */
    readonly path: string;
    /** Files that count, as a shell pattern. */
    readonly filemask: string;
    /** Whether sub-directories are watched too. */
    readonly recursive: boolean;
    /** Route to run. Default: all active routes. */
    readonly route?: string;
}

/** The inputs of {@link Configuration}. */
export interface ConfigurationArgs {
    /** Namespace of the ConfigMaps. */
    readonly namespace: string;
    /** IANA time zone. */
    readonly timeZone: string;
    /** Least severe message that is logged. */
    readonly logLevel: string;
    /** Django's ALLOWED_HOSTS. */
    readonly allowedHosts: readonly string[];
    /** Django's CSRF_TRUSTED_ORIGINS. */
    readonly csrfTrustedOrigins: readonly string[];
    /** Whether browsers come by TLS only: cookies are then sent over https alone. */
    readonly behindTls: boolean;
    /** Seconds that an engine waits for another one to end. */
    readonly engineWaitSeconds: number;
    /** Whether a directory monitor runs, which watches the routes that say so in the pages of Bots 4. */
    readonly monitorsDirectories: boolean;
    /** Further environment variables. */
    readonly env: Record<string, string>;
    /** What differs from config/bots.ini. */
    readonly botsIni: IniOverrides;
    /** Sections appended to bots.ini. */
    readonly directoryMonitors: readonly DirectoryMonitor[];
}

const CONFIG_DIR = join(__dirname, "..", "config");

/** settings.py, and what it loads from beside it or, where an image copies only settings.py, from /config. */
const SETTINGS_FILES = [
    "settings.py",
    "engine_lock.py",
    "engine_run.py",
    "engine_recovery.py",
    "run_record.py",
    "directory_monitor.py",
    "job_queue.py",
    "metrics.py",
    "queue_gateway.py",
];

function content(file: string): string {
    return readFileSync(join(CONFIG_DIR, file), "utf8");
}

function monitorSection(monitor: DirectoryMonitor, index: number): string {
    const lines = [
        `[dirmonitor${index + 1}]`,
        `path = ${monitor.path}`,
        `filemask = ${monitor.filemask}`,
        `recursive = ${monitor.recursive ? "True" : "False"}`,
        `route = ${monitor.route ?? ""}`,
    ];
    return `\n${lines.join("\n").trimEnd()}\n`;
}

/**
 * ConfigMaps `bots-config-ini` (bots.ini), `bots-config-settings` (settings.py and what it loads) and `bots-config-env`.
 * They are updated in place; {@link checksum} goes on every pod, so that an edit rolls the pods.
 */
export class Configuration extends pulumi.ComponentResource {
    /** sha256 of all that the ConfigMaps hold. */
    readonly checksum: string;
    /** The ConfigMaps, to depend on. */
    readonly configMaps: pulumi.Resource[];

    constructor(name: string, args: ConfigurationArgs, opts: PartOptions = {}) {
        super("bots-edi:index:Configuration", name, {}, opts);
        const sections = args.directoryMonitors.map(monitorSection);
        const files = {
            [NAMES.botsIni]: { "bots.ini": botsIni(args.botsIni) + sections.join("") },
            [NAMES.settingsPy]: Object.fromEntries(SETTINGS_FILES.map((file) => [file, content(file)])),
            [NAMES.env]: {
                BOTSENV,
                TZ: args.timeZone,
                LOG_LEVEL: args.logLevel,
                DEBUG: "false",
                DJANGO_SECURE: String(args.behindTls),
                ALLOWED_HOSTS: args.allowedHosts.join(","),
                CSRF_TRUSTED_ORIGINS: args.csrfTrustedOrigins.join(","),
                ENGINE_WAIT: String(args.engineWaitSeconds),
                JOBQUEUE_GATEWAY: `${JOBQUEUE}:${GATEWAY_PORT}`,
                DIRECTORY_MONITOR: String(args.monitorsDirectories),
                ...args.env,
            },
        };
        this.checksum = createHash("sha256").update(JSON.stringify(files)).digest("hex");
        this.configMaps = Object.entries(files).map(
            ([configMap, data]) =>
                new k8s.core.v1.ConfigMap(
                    `${name}-${configMap.replace("bots-config-", "")}`,
                    { metadata: { name: configMap, namespace: args.namespace, labels: labels("config") }, data },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );
        this.registerOutputs({ checksum: this.checksum });
    }
}
