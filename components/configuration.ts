/** The ConfigMaps: what Bots and Django read when they start. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { botsIni, IniOverrides } from "../settings/botsIni";
import { GATEWAY_PORT, JOBQUEUE } from "./jobqueue";
import { Component, labels } from "./labels";
import { PartOptions } from "./part";
import { BOTSENV, ConfigMapNames } from "./podTemplate";
import { nameIn, Stage } from "./stage";

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

/**
 * What stands beside settings.py, or, where an image copies only settings.py, in /config; and the services that load it while
 * they run. migrations.py runs before a service starts, check.py, with database_form.py, in db-init; image_update.py around it,
 * where a pushed image is rolled out.
 */
const MODULES: Readonly<Record<string, readonly Component[]>> = {
    "engine_lock.py": ["webserver", "jobqueue", "engine"],
    "engine_run.py": ["jobqueue", "engine"],
    "engine_recovery.py": ["jobqueue", "engine"],
    "run_record.py": ["webserver", "jobqueue", "engine"],
    "directory_monitor.py": ["jobqueue"],
    "job_queue.py": ["webserver", "jobqueue"],
    "queue_gateway.py": ["webserver", "jobqueue"],
    "metrics.py": ["webserver"],
    "web_server.py": ["webserver"],
    "migrations.py": [],
    "check.py": [],
    "database_form.py": [],
    "image_update.py": [],
};

/** The names of the ConfigMaps: the live ones are the spec's. */
export function configMapNames(stage: Stage): ConfigMapNames {
    return {
        botsIni: nameIn(stage, "bots-config-ini"),
        settingsPy: nameIn(stage, "bots-config-settings"),
        env: nameIn(stage, "bots-config-env"),
    };
}

function sha256(data: object): string {
    return createHash("sha256").update(JSON.stringify(data)).digest("hex");
}

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

type Files = Readonly<Record<string, string>>;

/**
 * ConfigMaps `bots-config-ini` (bots.ini), `bots-config-settings` (settings.py and what goes with it) and `bots-config-env`:
 * first as a candidate, `bots-config-…-candidate`. They are updated in place; {@link checksums} go on the pods, so that an
 * edit rolls them.
 */
export class Configuration extends pulumi.ComponentResource {
    /** sha256 of what every pod reads: bots.ini, settings.py and the variables. */
    readonly checksum: string;
    /** The candidate's ConfigMaps, to depend on. */
    readonly candidate: pulumi.Resource[];
    private readonly data: Readonly<Record<keyof ConfigMapNames, Files>>;

    constructor(
        private readonly name: string,
        private readonly args: ConfigurationArgs,
        opts: PartOptions = {},
    ) {
        super("bots-edi:index:Configuration", name, {}, opts);
        const sections = args.directoryMonitors.map(monitorSection);
        this.data = {
            botsIni: { "bots.ini": botsIni(args.botsIni) + sections.join("") },
            settingsPy: Object.fromEntries(
                ["settings.py", ...Object.keys(MODULES)].map((file) => [file, content(file)]),
            ),
            env: {
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
        const { botsIni: ini, settingsPy, env } = this.data;
        this.checksum = sha256([ini, settingsPy["settings.py"], env]);
        this.candidate = this.configMaps("candidate", opts.dependsOn);
    }

    /** Makes the live ConfigMaps, after db-init has completed with the candidate. Comes last. */
    goLive(after: pulumi.Resource[]): pulumi.Resource[] {
        const made = this.configMaps("live", after);
        this.registerOutputs({ checksum: this.checksum });
        return made;
    }

    /** Annotations of a service's pods that change with what it reads of all this; db-init looks at all of it. */
    checksums(component: Component): Record<string, string> {
        const modules = Object.keys(MODULES).filter(
            (file) => component === "init" || MODULES[file]?.includes(component),
        );
        const { settingsPy } = this.data;
        return {
            "checksum/config": this.checksum,
            ...(modules.length > 0 && { "checksum/modules": sha256(modules.map((file) => settingsPy[file])) }),
        };
    }

    private configMaps(stage: Stage, dependsOn: pulumi.Resource[] = []): pulumi.Resource[] {
        const { namespace } = this.args;
        return Object.entries(configMapNames(stage)).map(([key, configMap]) => {
            const data = this.data[key as keyof ConfigMapNames];
            return new k8s.core.v1.ConfigMap(
                `${this.name}-${configMap.replace("bots-config-", "")}`,
                { metadata: { name: configMap, namespace, labels: labels("config") }, data },
                { parent: this, dependsOn },
            );
        });
    }
}
