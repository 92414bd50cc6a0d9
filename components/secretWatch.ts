/** The watch over the database's Secret: it takes over what changes upstream, once the database lets Bots in with it. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JOBQUEUE } from "./jobqueue";
import { labels, selector, SKIP_AWAIT } from "./labels";
import { PartOptions } from "./part";
import { HARDENED, podTemplate, Resources } from "./pod";
import { BotsRuntime, configVolume, DATA_DIR, UID } from "./podTemplate";
import { WEBSERVER } from "./webserver";

/** The inputs of {@link SecretWatch}. */
export interface SecretWatchArgs {
    /** What all Bots pods share. */
    readonly runtime: BotsRuntime;
    /** Name of the Secret that follows upstream; `runtime` has the live one's. */
    readonly candidate: string;
}

const SCRIPT = readFileSync(join(__dirname, "..", "config", "secret_watch.py"), "utf8");

/** Name of its objects. */
const WATCH = "bots-secret-watch";

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
        const { namespace, databaseSecret: live } = runtime;
        const child = { parent: this, dependsOn: opts.dependsOn };
        const metadata = { name: WATCH, namespace, labels: labels("secret-watch") };

        new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
        new k8s.rbac.v1.Role(name, { metadata, rules: rules(candidate, live) }, child);
        const binding = new k8s.rbac.v1.RoleBinding(
            name,
            {
                metadata,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: WATCH },
                subjects: [{ kind: "ServiceAccount", name: WATCH, namespace }],
            },
            child,
        );
        new k8s.apps.v1.Deployment(
            name,
            {
                // An update does not wait for it: nothing else needs it.
                metadata: { ...metadata, annotations: SKIP_AWAIT },
                spec: {
                    replicas: 1,
                    // Two would ask the database twice.
                    strategy: { type: "Recreate" },
                    selector: { matchLabels: selector("secret-watch") },
                    template: podTemplate(runtime.overlay, "secret-watch", {
                        user: UID,
                        annotations: runtime.checksums("secret-watch"),
                        serviceAccountName: WATCH,
                        automountServiceAccountToken: true,
                        terminationGracePeriodSeconds: 5,
                        containers: [
                            {
                                name: "watch",
                                image: runtime.image,
                                imagePullPolicy: runtime.imagePullPolicy,
                                command: ["python", "-c", SCRIPT],
                                args: [JSON.stringify({ namespace, candidate, live, deployments: READERS })],
                                envFrom: [{ configMapRef: { name: runtime.configMaps.env } }],
                                securityContext: HARDENED,
                                terminationMessagePolicy: "FallbackToLogsOnError",
                                resources: RESOURCES,
                                // Ready once the API has answered.
                                readinessProbe: {
                                    exec: { command: ["test", "-e", "/tmp/answered"] },
                                    periodSeconds: 10,
                                },
                                volumeMounts: [
                                    { name: "config", mountPath: "/config", readOnly: true },
                                    { name: "data", mountPath: DATA_DIR },
                                    { name: "tmp", mountPath: "/tmp" },
                                ],
                            },
                        ],
                        volumes: [
                            configVolume(runtime),
                            { name: "data", emptyDir: { sizeLimit: "16Mi" } },
                            { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
                        ],
                    }),
                },
            },
            { ...child, dependsOn: [binding, ...(opts.dependsOn ?? [])] },
        );
        this.registerOutputs({});
    }
}
