import { strict as assert } from "node:assert";
import { attempt, run, type Outcome } from "../../../operations/exec";
import { images } from "../../../sandbox/cluster/images";
import { lackForPolicies } from "../../../sandbox/cluster/networkPolicies";
import { checkout } from "../../../sandbox/paths";

const command = ["-r", "ts-node/register/transpile-only", "sandbox/cluster/main.ts"];

/** Runs the sandbox's command as its users do. Fails with what it said unless it ends well. */
export function sandbox(...args: string[]): Promise<string> {
    return run(process.execPath, [...command, ...args], { cwd: checkout, timeout: 2700 });
}

/** As `sandbox`, for calls that are expected to fail. */
export function trySandbox(...args: string[]): Promise<Outcome> {
    return attempt(process.execPath, [...command, ...args], { cwd: checkout, timeout: 1800 });
}

/** Skips a suite, and says so, where the machine's kernel cannot enforce network policies. */
export async function requirePolicies(suite: Mocha.Context): Promise<void> {
    const lack = await lackForPolicies();
    if (lack === undefined) return;
    console.log(`      skipped: this kernel cannot enforce network policies: ${lack}`);
    suite.skip();
}

export interface Pod {
    metadata: { uid: string };
    status: { containerStatuses: { containerID: string; restartCount: number }[] };
}

export interface PodOptions {
    command: string[];
    labels?: Record<string, string>;
    uid?: number;
    /** A claim to mount at /shared. */
    claim?: string;
}

/** A pod that Pod Security's restricted level takes. */
export function pod(name: string, { command, labels, uid = 10001, claim }: PodOptions) {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, labels },
        spec: {
            terminationGracePeriodSeconds: 1,
            automountServiceAccountToken: false,
            securityContext: {
                runAsNonRoot: true,
                runAsUser: uid,
                runAsGroup: uid,
                fsGroup: uid,
                seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
                {
                    name: "main",
                    image: images.busybox,
                    imagePullPolicy: "Never",
                    command,
                    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                    volumeMounts: [
                        { name: "tmp", mountPath: "/tmp" },
                        ...(claim ? [{ name: "shared", mountPath: "/shared" }] : []),
                    ],
                },
            ],
            volumes: [
                { name: "tmp", emptyDir: {} },
                ...(claim ? [{ name: "shared", persistentVolumeClaim: { claimName: claim } }] : []),
            ],
        },
    };
}

/** A pod that answers HTTP on 8080 with `text` and logs a line when it starts. */
export function webPod(name: string, text: string) {
    const script = `echo serving ${text}; echo ${text} > /tmp/index.html; httpd -f -p 8080 -h /tmp`;
    return pod(name, { command: untilTerminated(script), labels: { app: name } });
}

export function idlePod(name: string, options: Omit<PodOptions, "command"> = {}) {
    return pod(name, { command: untilTerminated("sleep 86400"), ...options });
}

/** The first process of a container ends at SIGTERM only if it says so. */
function untilTerminated(script: string): string[] {
    return ["sh", "-c", `trap 'exit 0' TERM; ${script} & wait`];
}

export function service(name: string) {
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    };
}

export function sharedClaim(name: string) {
    return {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name },
        spec: {
            accessModes: ["ReadWriteMany"],
            storageClassName: "sandbox-shared",
            resources: { requests: { storage: "1Gi" } },
        },
    };
}

/** Name → pid of the components that run, as `status` tells them. */
export async function componentPids(): Promise<Map<string, number>> {
    const { stdout } = await trySandbox("status");
    const lines = [...stdout.matchAll(/^(\S+)\s+running, pid (\d+)$/gm)];
    return new Map(lines.map(([, name = "", pid]) => [name, Number(pid)]));
}

export async function requireAllUp(): Promise<void> {
    const { code, stdout } = await trySandbox("status");
    assert.equal(code, 0, stdout);
}
