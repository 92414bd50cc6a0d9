/** Objects that are there for a check alone, and are removed whatever happens. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../errors";
import { type Manifest } from "../manifests";
import { type System } from "../system";

/** Label of all of them; its value is the run's. */
const LABEL = "bots-edi/preflight";

/** Seconds that a pod may take, its image pulled. */
const POD_LIMIT = 180;

/** The kinds that a run makes. */
const KINDS = "pods,configmaps,persistentvolumeclaims";

/** Seconds after which a run was killed: none takes so long. */
const ABANDONED = 1800;

interface Made {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly creationTimestamp: string };
}

/** A pod's end. */
export interface PodEnd {
    readonly isWell: boolean;
    /** What its containers said; where they never started, why. */
    readonly said: string;
}

interface Pod {
    readonly metadata: { readonly name: string };
    readonly status: {
        readonly phase: string;
        readonly containerStatuses?: readonly {
            readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } };
        }[];
    };
}

/** The scratch objects of one run, in one namespace. */
export class Scratch {
    /** Part of the names of this run's objects. */
    readonly id = randomBytes(4).toString("hex");
    private readonly making = new Set<Promise<unknown>>();
    private isClosed = false;

    /**
     * @param namespace - where they are made
     * @param made - the namespace's own manifest, where it is made for the run too
     */
    constructor(
        private readonly system: System,
        readonly namespace: string,
        private readonly made?: Manifest,
    ) {}

    /** Makes the namespace, if it is for the run alone. What runs that were killed have left is removed first. */
    async open(): Promise<void> {
        await this.removeAbandoned();
        if (!this.made) return;
        const metadata = { ...this.made.metadata, name: this.namespace };
        await this.create({ ...this.made, metadata });
    }

    /** The name of one of the objects. */
    name(what: string): string {
        return `bots-preflight-${what}-${this.id}`;
    }

    /** Makes an object. */
    async create(manifest: object): Promise<void> {
        if (this.isClosed) throw new OperatorError("the checks were stopped");
        const object = manifest as { metadata: { labels?: object } };
        const metadata = { ...object.metadata, labels: { ...object.metadata.labels, [LABEL]: this.id } };
        const input = JSON.stringify({ ...object, metadata });
        const making = this.system.kubectl.run(["create", "-f", "-"], { input });
        this.making.add(making);
        await making.finally(() => this.making.delete(making));
    }

    /** Waits for the end of pods. */
    async ends(names: readonly string[]): Promise<PodEnd[]> {
        const deadline = Date.now() + POD_LIMIT * 1000;
        const pods = () =>
            Promise.all(names.map((name) => this.system.kubectl.get<Pod>("pod", name, "-n", this.namespace)));
        let found = await pods();
        while (
            Date.now() < deadline &&
            found.some(({ status }) => !/Succeeded|Failed/.test(status.phase) && !isStuck(status))
        ) {
            await sleep(500);
            found = await pods();
        }
        return Promise.all(found.map((pod) => this.end(pod)));
    }

    private async end({ metadata, status }: Pod): Promise<PodEnd> {
        const isWell = status.phase === "Succeeded";
        const log = await this.system.kubectl.try(["logs", metadata.name, "-n", this.namespace, "--all-containers"]);
        if (isWell || (status.phase === "Failed" && log.stdout.trim())) return { isWell, said: log.stdout.trim() };
        const waiting = status.containerStatuses?.flatMap(({ state }) => state.waiting ?? [])[0];
        const events = await this.system.kubectl.try([
            ...[
                "get",
                "events",
                "-n",
                this.namespace,
                "--field-selector",
                `involvedObject.name=${metadata.name},type=Warning`,
            ],
            ...["-o", "jsonpath={.items[-1:].message}"],
        ]);
        const why = waiting?.message ?? (events.stdout || waiting?.reason);
        return { isWell, said: why ?? `it was ${status.phase} after ${POD_LIMIT} s` };
    }

    /** Removes everything; nothing is made any more. */
    async close(): Promise<void> {
        this.isClosed = true;
        await Promise.allSettled(this.making);
        const options = ["--ignore-not-found", "--wait=false", "--grace-period=1"];
        const { kubectl } = this.system;
        await kubectl.run(["delete", KINDS, "-n", this.namespace, "-l", `${LABEL}=${this.id}`, ...options]);
        if (this.made) await kubectl.run(["delete", "namespace", this.namespace, ...options]);
    }

    private async removeAbandoned(): Promise<void> {
        const of = ["-n", this.namespace, "-l", LABEL];
        const { items } = await this.system.kubectl.get<{ items: Made[] }>(KINDS, ...of);
        const old = items.filter(
            ({ metadata }) => Date.parse(metadata.creationTimestamp) < Date.now() - ABANDONED * 1000,
        );
        const names = old.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
        if (names.length > 0) await this.system.kubectl.run(["delete", "-n", this.namespace, "--wait=false", ...names]);
    }
}

/** Whether a pod will not start by itself. */
function isStuck({ containerStatuses = [] }: Pod["status"]): boolean {
    return containerStatuses.some(({ state }) =>
        /^(ImagePullBackOff|InvalidImageName|CreateContainerConfigError|ErrImageNeverPull)$/.test(
            state.waiting?.reason ?? "",
        ),
    );
}
