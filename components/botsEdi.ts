/** The whole system, in order. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Settings } from "../settings";
import { engineSchedules } from "../settings/engineSchedules";
import { Backup } from "./backup";
import { configMapNames, Configuration } from "./configuration";
import { Credentials } from "./credentials";
import { Database, DATABASE_HOST, ENGINES } from "./database";
import { DatabaseInit } from "./databaseInit";
import { Engine } from "./engine";
import { EngineWatch } from "./engineWatch";
import { notOlderThan } from "./imagePush";
import { ImageUpdater } from "./imageUpdater";
import { Ingress } from "./ingress";
import { JobQueue } from "./jobqueue";
import { Monitoring } from "./monitoring";
import { NetworkPolicies } from "./networkPolicy";
import { OutsideSecrets } from "./outsideSecrets";
import { PartOptions } from "./part";
import { BotsRuntime } from "./podTemplate";
import { SecretWatch } from "./secretWatch";
import { Stage } from "./stage";
import { durable, Storage } from "./storage";
import { Superuser } from "./superuser";
import { Webserver, WEBSERVER, WEBSERVER_PORT } from "./webserver";

/** The labels of the namespace: the spec's, and Pod Security at its strictest. */
function namespaceLabels(namespace: string): Record<string, string> {
    const security = ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
    return { name: namespace, app: "bots-edi", ...(Object.fromEntries(security) as Record<string, string>) };
}

/** Without an Ingress the pages are reached by port-forward. */
function webAddresses({ namespace, ingress, tls, allowedHosts, csrfTrustedOrigins }: Settings) {
    const local = ["localhost", "127.0.0.1"];
    const service = [WEBSERVER, `${WEBSERVER}.${namespace}.svc`];
    const scheme = tls ? "https" : "http";
    const origins = ingress ? [`${scheme}://${ingress.host}`] : local.map((host) => `http://${host}:${WEBSERVER_PORT}`);
    return {
        allowedHosts: allowedHosts ?? [...(ingress ? [ingress.host] : []), ...service, ...local],
        csrfTrustedOrigins: csrfTrustedOrigins ?? origins,
    };
}

/** The inputs of {@link BotsEdi}: the settings, and what the cluster is found at. */
export interface BotsEdiArgs extends Settings {
    /** Whether the initialisation of the database is at work, left by an update that was cut off. Default: false. */
    readonly isInitAtWork?: boolean;
}

/**
 * Bots EDI on Kubernetes: namespace, candidate of configuration and credentials, volumes; then the database where it is in the
 * cluster; then the initialisation of the database, complete; then configuration and credentials go live; then the webserver;
 * then job queue, engine and backup; then the way in.
 *
 * Several in one program need different names and namespaces. Pass a `kubernetes.Provider` in `opts.provider`.
 */
export class BotsEdi extends pulumi.ComponentResource {
    /** Namespace of every object. */
    readonly namespace: string;
    /** Whole reference of the image that runs. */
    readonly image: string;
    /** Address of the web pages; inside the cluster where there is no Ingress. */
    readonly url: string;

    constructor(name: string, settings: BotsEdiArgs, opts: PartOptions = {}) {
        super("bots-edi:index:BotsEdi", name, {}, opts);
        const { namespace, database } = settings;
        const { directoryMonitors, monitorRoutes } = settings.jobqueue;
        const monitorsDirectories = monitorRoutes || directoryMonitors.length > 0;
        const schedules = engineSchedules(settings);
        const deadlines = schedules.map(({ deadlineSeconds }) => deadlineSeconds);
        const rollsPushesOut = settings.imageUpdater !== undefined && !settings.imageUpdater.pullRequest;
        const watchesSecret = settings.externalSecrets.databaseSecret !== undefined;
        const part = (...dependsOn: pulumi.Resource[]) => ({ parent: this, dependsOn });
        this.namespace = namespace;
        this.image = `${settings.image.repository}:${settings.imageTag}`;

        const metadata = { name: namespace, labels: namespaceLabels(namespace) };
        const home: pulumi.Resource[] = [];
        if (settings.createNamespace) {
            home.push(new k8s.core.v1.Namespace(name, { metadata }, { ...part(), ...durable(settings.protectData) }));
        }

        const configuration = new Configuration(
            `${name}-config`,
            {
                namespace,
                timeZone: settings.timeZone,
                logLevel: settings.logLevel,
                ...webAddresses(settings),
                behindTls: settings.tls,
                engineWaitSeconds: settings.engine.waitSeconds ?? Math.min(600, ...deadlines),
                env: settings.env,
                botsIni: settings.botsIni,
                directoryMonitors,
                monitorsDirectories,
            },
            part(...home),
        );
        const storage = new Storage(
            `${name}-storage`,
            {
                namespace,
                storageClass: settings.storageClass,
                accessMode: settings.storage.accessMode,
                sizes: settings.storage,
                protect: settings.protectData,
            },
            part(...home),
        );
        const outside = new OutsideSecrets(
            `${name}-outside-secrets`,
            {
                namespace,
                names: settings,
                store: settings.secretStore,
                external: settings.externalSecrets,
                sealed: settings.sealedSecrets,
            },
            part(...home),
        );
        const databaseEngine = database && ENGINES[database.engine];
        const credentials = new Credentials(
            `${name}-credentials`,
            {
                namespace,
                databaseSecret: settings.databaseSecret,
                outside: outside.databaseSecret,
                ...(databaseEngine && {
                    generateFor: { engine: databaseEngine.django, host: DATABASE_HOST, port: databaseEngine.port },
                }),
                secretEnv: settings.secretEnv,
                protect: settings.protectData,
            },
            part(...home, ...outside.made),
        );
        const ground = [...configuration.candidate, ...storage.claims, ...outside.made, ...credentials.candidate];

        if (settings.networkPolicy.enabled) {
            const { networkPolicy } = settings;
            const { policies } = new NetworkPolicies(
                `${name}-network`,
                {
                    namespace,
                    ...networkPolicy,
                    database: databaseEngine?.port ?? networkPolicy.database,
                    updatesImages: rollsPushesOut,
                    watchesSecret,
                },
                part(...home),
            );
            ground.push(...policies);
        }
        const overlay = {
            ...settings.pods,
            imagePullSecret: settings.imagePullSecret,
            nodeSelector: settings.nodeSelector,
            tolerations: settings.tolerations,
            priorityClass: settings.priorityClass,
        };
        if (database) {
            const { statefulSet, service } = new Database(
                `${name}-database`,
                {
                    namespace,
                    ...database,
                    storageClass: database.storageClass ?? settings.storageClass,
                    databaseSecret: credentials.names("candidate").databaseSecret,
                    preflightSeconds: settings.databaseInit.deadlineSeconds,
                    overlay,
                    protect: settings.protectData,
                },
                part(...home, ...credentials.candidate),
            );
            ground.push(statefulSet, service);
        }

        const runtimeOf = (stage: Stage): BotsRuntime => ({
            namespace,
            image: this.image,
            imagePullPolicy: settings.image.pullPolicy,
            configMaps: configMapNames(stage),
            ...credentials.names(stage),
            checksums: (component) => ({ ...configuration.checksums(component), ...credentials.checksums }),
            overlay,
            sharings: [
                ...(rollsPushesOut ? (["imageUpdater"] as const) : []),
                ...(settings.webserver.autoscaling ? (["webserver.autoscaling"] as const) : []),
            ],
        });
        const backup = {
            ...settings.backup,
            clientImage: settings.backup.clientImage ?? database?.image ?? ENGINES[database?.engine ?? "mariadb"].image,
        };
        const databaseInit = (stage: Stage) => ({
            runtime: runtimeOf(stage),
            configChecksum: configuration.checksum,
            backup,
            ...settings.databaseInit,
        });
        const { job } = new DatabaseInit(
            `${name}-db-init`,
            { ...databaseInit("candidate"), isAtWork: settings.isInitAtWork ?? false },
            part(...home, ...ground),
        );

        const live = [job, ...configuration.goLive([job]), ...credentials.goLive([job])];
        const runtime = runtimeOf("live");

        const { deployment, service } = new Webserver(
            `${name}-webserver`,
            { runtime, scrapeAnnotations: !settings.monitoring.serviceMonitor, ...settings.webserver },
            part(...live),
        );
        // Where the webserver does not become ready, the others stay as they are.
        const served = part(...live, deployment);
        const jobqueue = new JobQueue(
            `${name}-jobqueue`,
            {
                runtime,
                resources: settings.jobqueue.resources,
                deadlineSeconds: settings.jobqueue.deadlineSeconds,
                monitorsDirectories,
            },
            served,
        );
        const engine = new Engine(
            `${name}-engine`,
            { runtime, schedules, resources: settings.engine.resources },
            served,
        );
        new EngineWatch(
            `${name}-engine-watch`,
            { runtime, schedules, podStartSeconds: settings.engine.podStartSeconds },
            served,
        );

        if (watchesSecret) {
            new SecretWatch(
                `${name}-secret-watch`,
                { runtime, candidate: credentials.names("candidate").databaseSecret },
                served,
            );
        }

        if (settings.superuserSecret !== undefined) {
            new Superuser(
                `${name}-superuser`,
                { runtime, secret: settings.superuserSecret, resources: settings.databaseInit.resources },
                part(...live),
            );
        }
        new Backup(
            `${name}-backup`,
            { runtime, timeZone: settings.timeZone, waitSeconds: settings.engine.deadlineSeconds, ...backup },
            served,
        );

        const ingress =
            settings.ingress &&
            new Ingress(
                `${name}-ingress`,
                { namespace, tls: settings.tls, tlsSecret: settings.tlsSecret, ...settings.ingress },
                part(job, deployment, service),
            );
        if (settings.imageUpdater) {
            new ImageUpdater(
                `${name}-image-updater`,
                {
                    rollOut: {
                        databaseInit: databaseInit("live"),
                        cronJobs: schedules.map(({ cronJob }) => cronJob),
                        rolloutSeconds:
                            settings.webserver.deadlineSeconds *
                                (settings.webserver.autoscaling?.maxReplicas ?? settings.webserver.replicas) +
                            settings.jobqueue.deadlineSeconds,
                    },
                    repository: settings.image.repository,
                    versions: notOlderThan(settings.imageTag),
                    ...settings.imageUpdater,
                },
                part(job, deployment, jobqueue.deployment, ...engine.cronJobs),
            );
        }
        const { serviceMonitor, rules, dashboard } = settings.monitoring;
        if (serviceMonitor || rules || dashboard) {
            new Monitoring(
                `${name}-monitoring`,
                { namespace, schedules, ...settings.monitoring },
                part(job, deployment, service),
            );
        }
        if (!settings.createNamespace && settings.labelNamespace) {
            // Last: what is replaced serves until then, and its pods may be of a kind that these labels refuse.
            const replaced = part(deployment, jobqueue.deployment, ...engine.cronJobs);
            new k8s.core.v1.NamespacePatch(name, { metadata }, replaced);
        }
        this.url = ingress?.url ?? `http://${WEBSERVER}.${namespace}.svc:${WEBSERVER_PORT}/`;
        this.registerOutputs({ namespace, image: this.image, url: this.url });
    }
}
