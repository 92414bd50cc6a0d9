/** The pod that copies files between the old claim and the stack's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLAIMS } from "../../components/podTemplate";
import { OperatorError } from "../errors";
import { lastWords } from "../exec";
import { initJobOf, type Manifest, manifestsOf } from "../manifests";
import { type System } from "../system";
import { type Source } from "./record";

const NAME = "bots-edi-migration";
const SCRIPT = readFileSync(join(__dirname, "copyFiles.py"), "utf8");

/** Seconds that a copy may take. */
const LIMIT = 6 * 3600;

interface Template {
    readonly spec: { readonly containers: readonly [object, ...object[]] };
}

/** A pod like db-init's, which has the image and its user, with nothing but the claims. */
function manifestOf(job: Manifest, namespace: string, { claim, subPath, node }: Source): object {
    const { template } = job.spec as { readonly template: Template };
    const volumes = Object.entries({ ...CLAIMS, old: claim }).map(([name, claimName]) => ({
        name,
        persistentVolumeClaim: { claimName },
    }));
    const mounts = Object.keys(CLAIMS).map((name) => ({ name, mountPath: `/new/${name}` }));
    const [container] = template.spec.containers;
    return {
        apiVersion: "v1",
        kind: "Pod",
        // Without the labels of the stack's own: no policy and no Service is to take it for one.
        metadata: { name: NAME, namespace },
        spec: {
            ...template.spec,
            restartPolicy: "Never",
            terminationGracePeriodSeconds: 0,
            nodeSelector: { "kubernetes.io/hostname": node },
            initContainers: [],
            containers: [
                {
                    ...container,
                    name: "copy",
                    command: ["sleep", "infinity"],
                    env: [],
                    envFrom: [],
                    volumeMounts: [...mounts, { name: "old", mountPath: "/old", ...(subPath && { subPath }) }],
                },
            ],
            volumes,
        },
    };
}

export class CopyPod {
    private constructor(
        private readonly system: System,
        private readonly source: Source,
    ) {}

    /** Starts it, anew where one was left. */
    static async start(system: System, source: Source): Promise<CopyPod> {
        const { kubectl, settings, stack } = system;
        const pod = new CopyPod(system, source);
        await pod.remove();
        const job = initJobOf(await manifestsOf(stack, settings));
        const input = JSON.stringify(manifestOf(job, settings.namespace, source));
        await kubectl.run(["create", "-f", "-"], { input });
        const ready = ["wait", `pod/${NAME}`, "-n", settings.namespace, "--for=condition=Ready", "--timeout=300s"];
        await kubectl.run(ready, { timeout: 320 });
        return pod;
    }

    /** Runs a pass, and returns what it did. */
    async copy(way: "first" | "last" | "back"): Promise<string> {
        const { kubectl, settings } = this.system;
        const exec = ["exec", "-i", NAME, "-n", settings.namespace, "--", "python", "-", way, this.source.env];
        const outcome = await kubectl.try(exec, { input: SCRIPT, timeout: LIMIT });
        if (outcome.code === 0) return outcome.stdout.trim();
        throw new OperatorError(`the files cannot be copied: ${lastWords(outcome)}`);
    }

    async remove(): Promise<void> {
        const { kubectl, settings } = this.system;
        await kubectl.run(["delete", "pod", NAME, "-n", settings.namespace, "--ignore-not-found", "--grace-period=1"]);
    }
}
