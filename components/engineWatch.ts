/** The watch over the engine's Jobs: it gives up those that cannot start, and tells of schedules that are late. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { EngineSchedule } from "../settings/engineSchedules";
import { parseSchedule } from "../settings/schedule";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import { BotsRuntime } from "./podTemplate";
import { watch } from "./watch";

/** The inputs of {@link EngineWatch}. */
export interface EngineWatchArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** The schedules that are watched. */
    readonly schedules: readonly EngineSchedule[];
    /** Seconds that the pod of a run may take to start. */
    readonly podStartSeconds: number;
}

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
        const schedules = args.schedules.map(({ cronJob, timeZone, startingDeadlineSeconds, schedule }) => ({
            cronJob,
            timeZone,
            startingDeadlineSeconds,
            schedule: parseSchedule(schedule),
        }));
        watch(
            name,
            {
                objectName: "bots-engine-watch",
                component: "watch",
                runtime: args.runtime,
                overlay: { ...args.runtime.overlay, files: [], env: {} },
                script: "engine_watch.py",
                plan: { podStartSeconds: args.podStartSeconds, schedules },
                rules: RULES,
                resources: RESOURCES,
                tmpSize: "1Mi",
            },
            this,
            opts,
        );
        this.registerOutputs({});
    }
}
