/** What the watches have in common: one pod that asks the API again and again, as an account that may do exactly that. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allow } from "./account";
import { labels, selector, SKIP_AWAIT } from "./labels";
import { PartOptions } from "./part";
import { HARDENED, Pod, PodContainer, PodOverlay, podTemplate, Resources } from "./pod";
import { BotsRuntime, UID } from "./podTemplate";

/** One watch. */
export interface WatchArgs {
    /** Name of its objects. */
    readonly objectName: string;
    readonly component: "watch" | "secret-watch";
    readonly runtime: Pick<BotsRuntime, "namespace" | "image" | "imagePullPolicy">;
    /** What the stack says of the pod. */
    readonly overlay: PodOverlay;
    /** File of `config/` whose text the pod runs: it has to be whole by itself. */
    readonly script: string;
    /** What the script is to look at, beside the namespace. */
    readonly plan: object;
    /** Exactly what the script asks for. */
    readonly rules: k8s.types.input.rbac.v1.PolicyRule[];
    readonly resources: Resources;
    /** Size of its /tmp. */
    readonly tmpSize: string;
    /** How its pod is replaced. Default: the new one starts first. */
    readonly strategy?: k8s.types.input.apps.v1.DeploymentStrategy;
    /** What it reads beside the API. Default: nothing. */
    readonly reads?: Pick<Pod, "annotations" | "volumes"> & Pick<PodContainer, "envFrom" | "volumeMounts">;
}

/** Its ServiceAccount, Role, RoleBinding and Deployment, as children of a part. */
export function watch(name: string, args: WatchArgs, parent: pulumi.ComponentResource, opts: PartOptions): void {
    const { objectName, component, runtime, reads = {}, strategy } = args;
    const { namespace } = runtime;
    const { annotations, volumes = [], envFrom, volumeMounts = [] } = reads;
    const child = { parent, dependsOn: opts.dependsOn };
    const metadata = { name: objectName, namespace, labels: labels(component) };

    new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const account = { name: objectName, namespace };
    const binding = allow(name, { account, namespace, component, rules: args.rules }, child);
    new k8s.apps.v1.Deployment(
        name,
        {
            // An update does not wait for it: nothing else needs it.
            metadata: { ...metadata, annotations: SKIP_AWAIT },
            spec: {
                replicas: 1,
                ...(strategy && { strategy }),
                selector: { matchLabels: selector(component) },
                template: podTemplate(args.overlay, component, {
                    user: UID,
                    ...(annotations && { annotations }),
                    serviceAccountName: objectName,
                    automountServiceAccountToken: true,
                    terminationGracePeriodSeconds: 5,
                    containers: [
                        {
                            name: "watch",
                            image: runtime.image,
                            imagePullPolicy: runtime.imagePullPolicy,
                            command: [
                                "python",
                                "-c",
                                readFileSync(join(__dirname, "..", "config", args.script), "utf8"),
                            ],
                            args: [JSON.stringify({ namespace, ...args.plan })],
                            ...(envFrom && { envFrom }),
                            securityContext: HARDENED,
                            terminationMessagePolicy: "FallbackToLogsOnError",
                            resources: args.resources,
                            // Ready once the API has answered.
                            readinessProbe: { exec: { command: ["test", "-e", "/tmp/answered"] }, periodSeconds: 10 },
                            volumeMounts: [...volumeMounts, { name: "tmp", mountPath: "/tmp" }],
                        },
                    ],
                    volumes: [...volumes, { name: "tmp", emptyDir: { sizeLimit: args.tmpSize } }],
                }),
            },
        },
        { ...child, dependsOn: [binding, ...(opts.dependsOn ?? [])] },
    );
}
