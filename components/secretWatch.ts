/** The watch over the database's Secret: it takes over what changes upstream, once the database lets Bots in with it. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { JOBQUEUE } from "./jobqueue";
import { PartOptions } from "./part";
import { Resources } from "./pod";
import { BotsRuntime, configVolume, DATA_DIR } from "./podTemplate";
import { watch } from "./watch";
import { WEBSERVER } from "./webserver";

/** The inputs of {@link SecretWatch}. */
export interface SecretWatchArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Name of the Secret that follows upstream; `runtime` has the live one's. */
    readonly candidate: string;
}

/** The Deployments whose pods read the Secret, in the order of an update. */
const READERS = [WEBSERVER, JOBQUEUE];

/** A login loads Django and the tables' models. */
const RESOURCES: Resources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } };

/** Exactly what config/secret_watch.py asks for. */
function rules(candidate: string, live: string): k8s.types.input.rbac.v1.PolicyRule[] {
    return [
        { apiGroups: [""], resources: ["secrets"], resourceNames: [candidate, live], verbs: ["get"] },
        {
            apiGroups: ["external-secrets.io"],
            resources: ["externalsecrets"],
            resourceNames: [candidate, live],
            verbs: ["get"],
        },
        { apiGroups: ["external-secrets.io"], resources: ["externalsecrets"], resourceNames: [live], verbs: ["patch"] },
        { apiGroups: ["apps"], resources: ["deployments"], resourceNames: READERS, verbs: ["get", "patch"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create"] },
    ];
}

/** Deployment `bots-secret-watch`, and the right to do so. It logs in with the services' settings, and mounts none of their volumes. */
export class SecretWatch extends pulumi.ComponentResource {
    constructor(name: string, args: SecretWatchArgs, opts: PartOptions = {}) {
        super("bots-edi:index:SecretWatch", name, {}, opts);
        const { runtime, candidate } = args;
        const live = runtime.databaseSecret;
        watch(
            name,
            {
                objectName: "bots-secret-watch",
                component: "secret-watch",
                runtime,
                overlay: runtime.overlay,
                script: "secret_watch.py",
                plan: { candidate, live, deployments: READERS },
                rules: rules(candidate, live),
                resources: RESOURCES,
                tmpSize: "16Mi",
                // Two would ask the database twice.
                strategy: { type: "Recreate" },
                reads: {
                    annotations: runtime.checksums("secret-watch"),
                    envFrom: [{ configMapRef: { name: runtime.configMaps.env } }],
                    volumeMounts: [
                        { name: "config", mountPath: "/config", readOnly: true },
                        { name: "data", mountPath: DATA_DIR },
                    ],
                    volumes: [configVolume(runtime), { name: "data", emptyDir: { sizeLimit: "16Mi" } }],
                },
            },
            this,
            opts,
        );
        this.registerOutputs({});
    }
}
