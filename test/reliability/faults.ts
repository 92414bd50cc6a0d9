/** What can fail around a system that is in use, and how it is brought about on this machine. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { componentNames } from "../../sandbox/cluster/components";
import { runningComponents } from "../../sandbox/cluster/supervise";
import { waitUntil } from "../../operations/wait";
import { sandbox } from "../e2e/cluster/sandbox";
import { TestNamespace } from "../e2e/namespace";
import { runningIn } from "./processes";
import { type System } from "./system";

/** A way to fail. It returns once what failed is back, as far as somebody has to bring it back. */
export interface Fault {
    readonly title: string;
    readonly strike: (system: System) => Promise<void>;
    /** Failures of pages that come of it. Default: none. */
    readonly excuses?: RegExp;
}

interface Pods {
    readonly items: readonly {
        readonly metadata: { readonly uid: string };
        readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
    }[];
}

/** Seconds that a part of the cluster is away. */
const AWAY = 10;

/** How often the containers of each pod were started again, by the pod's uid. */
export async function restarts(namespace: TestNamespace, ...selector: string[]): Promise<Map<string, number>> {
    const { items } = await namespace.get<Pods>("pods", ...selector);
    return new Map(
        items.map(({ metadata, status }) => [
            metadata.uid,
            (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
        ]),
    );
}

/** How many restarts came since then. */
export function since(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): number {
    return [...now].reduce((sum, [uid, count]) => sum + count - (before.get(uid) ?? 0), 0);
}

/** Kills the oldest of the processes in pods of a namespace, as the kernel does, and waits until Kubernetes has seen it. */
async function killIn(namespace: TestNamespace, selector: string, command: RegExp): Promise<void> {
    const before = await restarts(namespace, "-l", selector);
    const pids = runningIn([...before.keys()], command);
    assert.ok(pids.length > 0, `no process of ${selector} matches ${String(command)}`);
    process.kill(Math.min(...pids), "SIGKILL");
    const isSeen = async () => since(before, await restarts(namespace, "-l", selector)) > 0;
    await waitUntil(`${selector} to be started again`, isSeen, { timeout: 120 });
}

/** Kills a part of the cluster. */
export async function killPart(name: string): Promise<void> {
    const part = runningComponents().find((each) => each.name === name);
    assert.ok(part, `${name} does not run`);
    process.kill(part.pid, "SIGKILL");
    await waitUntil(`${name} to end`, () => !existsSync(`/proc/${part.pid}`), { timeout: 30, interval: 50 });
}

/** Brings the cluster back. */
export async function bringBack(): Promise<void> {
    await sandbox("up", "--no-images");
}

const service = (title: string, component: string, command: (system: System) => RegExp): Fault => ({
    title: `kill -9 of the ${title}`,
    strike: (system) => killIn(system.home, `component=${component}`, command(system)),
});

/** The services of a system. */
export const SERVICES: readonly Fault[] = [
    service("webserver", "webserver", () => /bots-webserver/),
    service("job queue", "jobqueue", () => /bots-jobqueueserver/),
    service("engine watch", "watch", () => /^python/),
    service("database", "database", ({ databaseServer }) => databaseServer),
];

/** The parts of the cluster. */
export const PARTS: readonly Fault[] = [
    ...componentNames.map((name) => ({
        title: `kill -9 of ${name}, back after ${AWAY} s`,
        strike: async () => {
            await killPart(name);
            await sleep(AWAY * 1000);
            await bringBack();
        },
    })),
    {
        title: "kill -9 of CoreDNS",
        strike: () => killIn(new TestNamespace("kube-system"), "k8s-app=kube-dns", /coredns/),
        // The sandbox has one: until it is back nobody finds the database.
        excuses: /status 503$/,
    },
];

/** The database is away for so long, and comes back by itself. */
export const databaseAway = (seconds: number): Fault => ({
    title: `database away for ${seconds} s`,
    strike: async (system) => {
        await system.kubectl("scale", "statefulset/bots-db", "--replicas=0");
        await sleep(seconds * 1000);
        await system.kubectl("scale", "statefulset/bots-db", "--replicas=1");
    },
});
