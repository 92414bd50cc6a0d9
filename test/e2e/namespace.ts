/** Namespaces of the sandbox's cluster, as tests use them. */
import { type Outcome } from "../../operations/exec";
import { kubectl, tryKubectl } from "../../sandbox/cluster/kubectl";

/** A pod, as far as tests look at it. */
export interface Pod {
    readonly metadata: {
        readonly name: string;
        readonly uid: string;
        readonly labels: { readonly component: string };
        readonly deletionTimestamp?: string;
    };
    readonly status: {
        readonly phase: string;
        readonly containerStatuses?: readonly { readonly imageID: string; readonly restartCount: number }[];
    };
}

/** A namespace; one that a test makes is deleted with all that is in it. */
export class TestNamespace {
    constructor(readonly name: string) {}

    /** Makes it, anew where it is there. */
    async create(labels: Record<string, string> = {}): Promise<void> {
        await this.delete();
        await this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.name, labels } });
    }

    async delete(): Promise<void> {
        // With pods in it, its end would come after half of the longest time that one of them may take for its own.
        await this.kubectl("delete", "cronjobs,jobs,deployments,replicasets,statefulsets", "--all", "--timeout=60s");
        await this.kubectl("delete", "pods", "--all", "--grace-period=1", "--timeout=60s");
        await kubectl(["delete", "namespace", this.name, "--ignore-not-found", "--timeout=180s"]);
    }

    async apply(...objects: object[]): Promise<void> {
        const list = { apiVersion: "v1", kind: "List", items: objects };
        await kubectl(["apply", "-n", this.name, "-f", "-"], { input: JSON.stringify(list) });
    }

    kubectl(...args: string[]): Promise<string> {
        return kubectl(["-n", this.name, ...args]);
    }

    tryKubectl(args: string[], input = ""): Promise<Outcome> {
        return tryKubectl(["-n", this.name, ...args], { input });
    }

    /** An object, or a list. */
    async get<T>(...what: string[]): Promise<T> {
        return JSON.parse(await this.kubectl("get", "-o", "json", ...what)) as T;
    }

    /** One value of an object, by its JSONPath. */
    value(what: string, path: string): Promise<string> {
        return this.kubectl("get", what, "-o", `jsonpath={${path}}`);
    }

    async has(what: string): Promise<boolean> {
        return (await this.tryKubectl(["get", what])).code === 0;
    }

    /** The pods of services, without those that are about to end. */
    async pods(...components: string[]): Promise<readonly Pod[]> {
        const selector = `app=bots-edi,component in (${components.join()})`;
        const { items } = await this.get<{ items: readonly Pod[] }>("pods", "-l", selector);
        return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    }

    async waitForPod(name: string): Promise<void> {
        await this.kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=90s");
    }
}
