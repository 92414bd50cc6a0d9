import assert from "node:assert/strict";
import type { DeployedObject } from "../../../policy/deployedObject";
import type { Rule } from "../../../policy/rule";
import { fixedImage } from "../../../policy/rules/fixedImage";
import { noPlainSecrets } from "../../../policy/rules/noPlainSecrets";
import { noPulumiSecrets } from "../../../policy/rules/noPulumiSecrets";
import { protectedVolumes } from "../../../policy/rules/protectedVolumes";
import { requestsAndLimits } from "../../../policy/rules/requestsAndLimits";
import { restrictedPods } from "../../../policy/rules/restrictedPods";
import { singleJobqueue } from "../../../policy/rules/singleJobqueue";

type Fields = Record<string, unknown>;

const TYPES = {
    ConfigMap: "core/v1",
    CronJob: "batch/v1",
    Deployment: "apps/v1",
    HorizontalPodAutoscaler: "autoscaling/v2",
    Job: "batch/v1",
    PersistentVolumeClaim: "core/v1",
    Pod: "core/v1",
    Secret: "core/v1",
    StatefulSet: "apps/v1",
} as const;

function object(kind: keyof typeof TYPES, fields: Fields, rest: Partial<DeployedObject> = {}): DeployedObject {
    return {
        type: `kubernetes:${TYPES[kind]}:${kind}`,
        props: { metadata: { name: "thing", namespace: "edi" }, ...fields },
        protect: false,
        secretPaths: [],
        ...rest,
    };
}

const SECURE = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
};

const QUANTITIES = { cpu: "100m", memory: "64Mi" };

const container = (fields: Fields = {}) => ({
    name: "main",
    image: "example.com:5000/bots:4.0",
    resources: { requests: QUANTITIES, limits: QUANTITIES },
    securityContext: SECURE,
    ...fields,
});

const pod = (spec: Fields = {}) => object("Pod", { spec: { containers: [container()], ...spec } });

const podOf = (fields: Fields) => pod({ containers: [container(fields)] });

const passes = (rule: Rule, subject: DeployedObject) => {
    assert.deepEqual(rule.faults(subject), []);
};

const fails = (rule: Rule, subject: DeployedObject, ...faults: string[]) => {
    assert.deepEqual(rule.faults(subject), faults);
};

describe("policy fixed-image", () => {
    for (const image of ["bots:4.0", "example.com:5000/a/bots:4.0", `bots@sha256:${"0".repeat(64)}`]) {
        it(`passes ${image}`, () => {
            passes(fixedImage, podOf({ image }));
        });
    }
    for (const image of ["bots", "bots:latest", "example.com:5000/bots", "bots@sha256:0", undefined]) {
        it(`refuses ${image ?? "no image"}`, () => {
            const fault = `image "${image ?? ""}" may change; give it a tag other than latest, or a digest`;
            fails(fixedImage, podOf({ image }), `Pod edi/thing, container main: ${fault}`);
        });
    }
    it("looks into every kind of workload, and into init containers", () => {
        const template = {
            spec: { containers: [container()], initContainers: [container({ name: "a", image: "b" })] },
        };
        for (const workload of [
            object("Deployment", { spec: { template } }),
            object("StatefulSet", { spec: { template } }),
            object("Job", { spec: { template } }),
            object("CronJob", { spec: { jobTemplate: { spec: { template } } } }),
        ]) {
            assert.match(fixedImage.faults(workload).join(), /^\w+ edi\/thing, container a: image "b" may change/);
        }
    });
});

describe("policy single-jobqueue", () => {
    const jobqueue = (spec: Fields, kind: "Deployment" | "StatefulSet" = "Deployment") =>
        object(kind, { spec: { ...spec, template: { metadata: { labels: { component: "jobqueue" } } } } });
    const recreate = { type: "Recreate" };

    it("passes one replica with Recreate", () => {
        passes(singleJobqueue, jobqueue({ replicas: 1, strategy: recreate }));
    });
    it("passes whatever is no job queue", () => {
        passes(singleJobqueue, object("Deployment", { spec: { replicas: 3, template: {} } }));
        passes(
            singleJobqueue,
            object("HorizontalPodAutoscaler", { spec: { scaleTargetRef: { name: "bots-webserver" } } }),
        );
    });
    it("refuses two replicas, none and an open number", () => {
        const fault = (count: string) => `Deployment edi/thing: replicas is ${count}; set it to 1`;
        fails(singleJobqueue, jobqueue({ replicas: 2, strategy: recreate }), fault("2"));
        fails(singleJobqueue, jobqueue({ replicas: 0, strategy: recreate }), fault("0"));
        fails(singleJobqueue, jobqueue({ strategy: recreate }), fault("not set"));
    });
    it("refuses a rolling update", () => {
        const fault = "Deployment edi/thing: strategy is RollingUpdate, which runs two at once; set Recreate";
        fails(singleJobqueue, jobqueue({ replicas: 1 }), fault);
        fails(singleJobqueue, jobqueue({ replicas: 1, strategy: { type: "RollingUpdate" } }), fault);
    });
    it("refuses another kind of workload, and an autoscaler", () => {
        fails(
            singleJobqueue,
            jobqueue({ replicas: 1 }, "StatefulSet"),
            "StatefulSet edi/thing runs the job queue; make it a Deployment",
        );
        fails(
            singleJobqueue,
            object("HorizontalPodAutoscaler", { spec: { scaleTargetRef: { name: "bots-jobqueue" } } }),
            "HorizontalPodAutoscaler edi/thing scales bots-jobqueue, whose queue is in one pod's memory; remove it",
        );
    });
});

describe("policy restricted-pods", () => {
    it("passes a restricted pod, whose pod may say what its containers do not", () => {
        passes(restrictedPods, pod({ volumes: [{ name: "tmp", emptyDir: {} }] }));
        const { runAsNonRoot, seccompProfile, ...own } = SECURE;
        passes(
            restrictedPods,
            pod({
                securityContext: { runAsNonRoot, seccompProfile },
                containers: [container({ securityContext: own })],
            }),
        );
    });
    it("passes what runs no pod", () => {
        passes(restrictedPods, object("ConfigMap", { data: {} }));
    });

    const volumes = "configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected, secret";
    const ofPod: [Fields, string][] = [
        [{ hostNetwork: true }, "hostNetwork is true; remove it"],
        [{ hostPID: true }, "hostPID is true; remove it"],
        [{ hostIPC: true }, "hostIPC is true; remove it"],
        [{ volumes: [{ name: "root", hostPath: { path: "/" } }] }, `volume root is a hostPath; use one of ${volumes}`],
        [{ volumes: [{ name: "nfs", nfs: {} }] }, `volume nfs is a nfs; use one of ${volumes}`],
        [{ securityContext: { runAsUser: 0 } }, "securityContext.runAsUser is 0; use another user"],
        [
            { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
            "sysctl kernel.msgmax is not safe; remove it",
        ],
        [{ securityContext: { appArmorProfile: { type: "Unconfined" } } }, "appArmorProfile is Unconfined; remove it"],
        [
            { securityContext: { windowsOptions: { hostProcess: true } } },
            "windowsOptions.hostProcess is true; remove it",
        ],
    ];
    for (const [fields, fault] of ofPod) {
        it(`refuses ${JSON.stringify(fields)} of a pod`, () => {
            fails(restrictedPods, pod(fields), `Pod edi/thing: ${fault}`);
        });
    }

    const ofContainer: [Fields, string][] = [
        [{ runAsNonRoot: undefined }, "runAsNonRoot is not true; set it"],
        [{ runAsNonRoot: false }, "runAsNonRoot is not true; set it"],
        [{ runAsUser: 0 }, "runAsUser is 0; use another user"],
        [{ seccompProfile: undefined }, "seccompProfile is not set; set RuntimeDefault"],
        [{ seccompProfile: { type: "Unconfined" } }, "seccompProfile is not set; set RuntimeDefault"],
        [{ allowPrivilegeEscalation: undefined }, "allowPrivilegeEscalation is not false; set it to false"],
        [{ capabilities: { drop: ["NET_RAW"] } }, "capabilities.drop lacks ALL; add it"],
        [{ capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } }, "capabilities.add has SYS_ADMIN; remove it"],
        [{ privileged: true }, "privileged is true; remove it"],
        [{ procMount: "Unmasked" }, "procMount is Unmasked; remove it"],
        [{ readOnlyRootFilesystem: undefined }, "readOnlyRootFilesystem is not true; set it"],
        [{ seLinuxOptions: { type: "spc_t" } }, "seLinuxOptions sets a privileged type, a user or a role; remove it"],
        [{ seLinuxOptions: { role: "r" } }, "seLinuxOptions sets a privileged type, a user or a role; remove it"],
    ];
    for (const [fields, fault] of ofContainer) {
        it(`refuses ${Object.keys(fields).join()} ${JSON.stringify(Object.values(fields))} of a container`, () => {
            const subject = podOf({ securityContext: { ...SECURE, ...fields } });
            fails(restrictedPods, subject, `Pod edi/thing, container main: ${fault}`);
        });
    }
    it("refuses a host port", () => {
        fails(
            restrictedPods,
            podOf({ ports: [{ containerPort: 80, hostPort: 80 }] }),
            "Pod edi/thing, container main: a port has a hostPort; remove it",
        );
    });
    it("lets a container bind a low port", () => {
        passes(
            restrictedPods,
            podOf({ securityContext: { ...SECURE, capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } } }),
        );
    });
});

describe("policy requests-and-limits", () => {
    it("passes a container with all four", () => {
        passes(requestsAndLimits, pod());
    });
    it("names each that is missing", () => {
        fails(
            requestsAndLimits,
            podOf({ resources: undefined }),
            "Pod edi/thing, container main: set resources requests.cpu, requests.memory, limits.cpu, limits.memory",
        );
        fails(
            requestsAndLimits,
            podOf({ resources: { requests: QUANTITIES, limits: { cpu: "1" } } }),
            "Pod edi/thing, container main: set resources limits.memory",
        );
    });
});

describe("policy no-plain-secrets", () => {
    it("passes plain values, references, and switches", () => {
        passes(
            noPlainSecrets,
            object("ConfigMap", { data: { LOG_LEVEL: "INFO", "settings.py": "SECRET_KEY = environ['K']" } }),
        );
        const env = [
            { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            { name: "RANDOM_ROOT_PASSWORD", value: "1" },
            { name: "PASSWORD_FILE", value: "/run/password" },
            { name: "TZ", value: "UTC" },
        ];
        passes(noPlainSecrets, podOf({ env }));
        passes(noPlainSecrets, object("Secret", { stringData: { DB_PASSWORD: "hidden" } }));
    });
    for (const name of ["DB_PASSWORD", "API_TOKEN", "clientSecret", "AWS_ACCESS_KEY_API_KEY"]) {
        it(`refuses a literal ${name}`, () => {
            fails(
                noPlainSecrets,
                object("ConfigMap", { data: { [name]: "hunter2" } }),
                `ConfigMap edi/thing: ${name} looks like a secret; keep it in a Secret`,
            );
            fails(
                noPlainSecrets,
                podOf({ env: [{ name, value: "hunter2" }] }),
                `Pod edi/thing, container main: env ${name} looks like a secret; take it from a Secret (setting secretEnv)`,
            );
        });
    }
    it("refuses a private key under any name", () => {
        const data = { "tls.pem": "-----BEGIN EC PRIVATE KEY-----\nMH\n-----END EC PRIVATE KEY-----" };
        fails(
            noPlainSecrets,
            object("ConfigMap", { data }),
            "ConfigMap edi/thing: tls.pem looks like a secret; keep it in a Secret",
        );
    });
});

describe("policy no-pulumi-secrets", () => {
    const fault = (title: string, path: string) =>
        `${title}: ${path} shows a Pulumi secret; keep it in a Secret and refer to that`;

    it("passes a Secret, and metadata, which holds checksums", () => {
        passes(noPulumiSecrets, object("Secret", {}, { secretPaths: ["stringData.DB_PASSWORD"] }));
        const secretPaths = ["spec.template.metadata.annotations.checksum/secret"];
        passes(noPulumiSecrets, object("Deployment", { spec: { template: {} } }, { secretPaths }));
        passes(noPulumiSecrets, object("ConfigMap", {}, { secretPaths: ["metadata.annotations.a"] }));
    });
    it("refuses one in a ConfigMap", () => {
        for (const path of ["data", "data.key", "binaryData.key"]) {
            fails(
                noPulumiSecrets,
                object("ConfigMap", {}, { secretPaths: [path] }),
                fault("ConfigMap edi/thing", path),
            );
        }
    });
    it("refuses one in a pod, down to a whole list", () => {
        for (const path of ["spec", "spec.template.spec.containers", "spec.template.spec.containers.0.env.0.value"]) {
            const subject = object("Deployment", { spec: { template: {} } }, { secretPaths: [path] });
            fails(noPulumiSecrets, subject, fault("Deployment edi/thing", path));
        }
    });
});

describe("policy protected-volumes", () => {
    it("passes a protected claim, and what is no claim", () => {
        passes(protectedVolumes, object("PersistentVolumeClaim", {}, { protect: true }));
        passes(protectedVolumes, object("ConfigMap", {}));
    });
    it("refuses any other claim", () => {
        fails(
            protectedVolumes,
            object("PersistentVolumeClaim", {}),
            "PersistentVolumeClaim edi/thing can be deleted with its data; set the resource option protect (setting protectData)",
        );
    });
});
