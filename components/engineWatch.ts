/** The watch over the engine's Jobs: it gives up those that cannot start, and tells of schedules that are late. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineSchedule } from "../settings/engineSchedules";
import { parseSchedule } from "../settings/schedule";
import { labels, selector, SKIP_AWAIT } from "./labels";
import { PartOptions } from "./part";
import { HARDENED, podTemplate, Resources } from "./pod";
import { BotsRuntime, UID } from "./podTemplate";

/** The inputs of {@link EngineWatch}. */
export interface EngineWatchArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** The schedules that are watched. */
    readonly schedules: readonly EngineSchedule[];
    /** Seconds that the pod of a run may take to start. */
    readonly podStartSeconds: number;
}

const SCRIPT = readFileSync(join(__dirname, "..", "config", "engine_watch.py"), "utf8");

/** Name of its objects. */
const WATCH = "bots-engine-watch";

const RESOURCES: Resources = { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "200m", memory: "96Mi" } };

/** Exactly what config/engine_watch.py asks for. */
const RULES: k8s.types.input.rbac.v1.PolicyRule[] = [
    { apiGroups: ["batch"], resources: ["jobs"], verbs: ["list", "patch"] },
    { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["list"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    { apiGroups: [""], resources: ["events"], verbs: ["create"] },
];

/**
 * Deployment `bots-engine-watch`, and the right to do so. Not a CronJob: it is to see when CronJobs are late. It mounts none of
 * the volumes and reads none of the Secrets that may keep an engine from starting, and the image updater leaves it alone.
 */
export class EngineWatch extends pulumi.ComponentResource {
    constructor(name: string, args: EngineWatchArgs, opts: PartOptions = {}) {
        super("bots-edi:index:EngineWatch", name, {}, opts);
        const { runtime } = args;
        const { namespace } = runtime;
        const child = { parent: this, dependsOn: opts.dependsOn };
        const metadata = { name: WATCH, namespace, labels: labels("watch") };

        new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
        new k8s.rbac.v1.Role(name, { metadata, rules: RULES }, child);
        const binding = new k8s.rbac.v1.RoleBinding(
            name,
            {
                metadata,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: WATCH },
                subjects: [{ kind: "ServiceAccount", name: WATCH, namespace }],
            },
            child,
        );
        const plan = {
            namespace,
            podStartSeconds: args.podStartSeconds,
            schedules: args.schedules.map(({ cronJob, timeZone, startingDeadlineSeconds, schedule }) => ({
                cronJob,
                timeZone,
                startingDeadlineSeconds,
                schedule: parseSchedule(schedule),
            })),
        };
        new k8s.apps.v1.Deployment(
            name,
            {
                // An update does not wait for it: nothing else needs it.
                metadata: { ...metadata, annotations: SKIP_AWAIT },
                spec: {
                    replicas: 1,
                    selector: { matchLabels: selector("watch") },
                    template: podTemplate({ ...runtime.overlay, files: [], env: {} }, "watch", {
                        user: UID,
                        serviceAccountName: WATCH,
                        automountServiceAccountToken: true,
                        terminationGracePeriodSeconds: 5,
                        containers: [
                            {
                                name: "watch",
                                image: runtime.image,
                                imagePullPolicy: runtime.imagePullPolicy,
                                command: ["python", "-c", SCRIPT],
                                args: [JSON.stringify(plan)],
                                securityContext: HARDENED,
                                terminationMessagePolicy: "FallbackToLogsOnError",
                                resources: RESOURCES,
                                // Ready once the API has answered.
                                readinessProbe: {
                                    exec: { command: ["test", "-e", "/tmp/answered"] },
                                    periodSeconds: 10,
                                },
                                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                            },
                        ],
                        volumes: [{ name: "tmp", emptyDir: { sizeLimit: "1Mi" } }],
                    }),
                },
            },
            { ...child, dependsOn: [binding, ...(opts.dependsOn ?? [])] },
        );
        this.registerOutputs({});
    }
}
