/** An update that was cut off leaves its db-init at work: the next one has to know. */
import * as pulumi from "@pulumi/pulumi";
import { DATABASE_INIT } from "./components/databaseInit";
import { Kubectl } from "./operations/kubectl";
import { isReachable } from "./rightCluster";
import { Settings } from "./settings";

interface Job {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The conditions after which no pod of a Job begins anything. */
const ENDED = ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"];

/**
 * Whether the Job of db-init is there and has neither ended nor been deleted. A resource that may not be there is nothing that
 * Pulumi can read, so this asks kubectl; without it such a Job is made anew, once it has ended.
 */
export async function isInitAtWork({ namespace, kubeContext }: Settings): Promise<boolean> {
    if (!isReachable()) return false;
    const kubectl = new Kubectl("kubectl", kubeContext === undefined ? [] : ["--context", kubeContext]);
    try {
        const options = ["--ignore-not-found", "--request-timeout=10s", "-o", "json"];
        const found = await kubectl.run(["get", "job", DATABASE_INIT, "-n", namespace, ...options]);
        if (found.trim() === "") return false;
        const { metadata, status } = JSON.parse(found) as Job;
        const hasEnded = status?.conditions?.some(({ type, status }) => status === "True" && ENDED.includes(type));
        return metadata.deletionTimestamp === undefined && hasEnded !== true;
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        await pulumi.log.warn(
            `A ${DATABASE_INIT} that is still at work would be made anew, since kubectl does not say: ${reason}`,
        );
        return false;
    }
}
