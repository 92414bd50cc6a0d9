/** Changes of a stack that is in use: nobody who uses it notices, however often it is changed. */
import assert from "node:assert/strict";
import { kubectl } from "../../sandbox/cluster/kubectl";
import { nodeName } from "../../sandbox/cluster/settings";
import { waitUntil } from "../../operations/wait";
import { TestNamespace } from "../e2e/namespace";
import { deployWithNextTag, nextTagOf, removeWithNextTag } from "../e2e/pulumi/nextTag";
import { type TestStack } from "../e2e/pulumi/testStack";
import { withoutFailure } from "../e2e/requests";
import { drain, open } from "./drain";
import { Measured } from "./measured";
import { plan } from "./plan";

const namespace = new TestNamespace("reliability-changes");

describe(`the pages of a system that is changed (${plan.name})`, function () {
    this.timeout("1h").bail(false);
    let stack: TestStack;
    const measured = new Measured("changes", ["Changed under 50 requests a second", "Times", "Requests", "Failed"]);

    before(async function () {
        this.timeout("10m");
        stack = await deployWithNextTag(namespace);
    });
    after(() => removeWithNextTag(stack, namespace));

    const up = async (settings: Record<string, unknown>) => {
        stack.set(settings);
        await stack.up();
    };

    /** What a service's pods are known by: others have come once it differs. */
    const podsOf = (component: string) =>
        namespace.kubectl("get", "pods", "-l", `component=${component}`, "-o", "jsonpath={..metadata.uid}");

    /** A change that all pods of the webserver are replaced for, until they have ended; fails where one was not. */
    const rolls = async (change: () => Promise<unknown>) => {
        const before = (await podsOf("webserver")).split(" ");
        await change();
        const areReplaced = async () => {
            const there = await podsOf("webserver");
            return before.every((uid) => !there.includes(uid));
        };
        await waitUntil("the webserver's pods to be replaced", areReplaced, { timeout: 60 });
    };

    /** Evicts all pods as `kubectl drain` does. The only node stands for the other ones as well: new pods find room there. */
    const drainTwoReplicas = async () => {
        await up({ webserver: { replicas: 2 } });
        const before = (await podsOf("webserver")).split(" ");
        const drained = drain(namespace, "component=webserver");
        const isCordoned = async () =>
            (await kubectl(["get", "node", nodeName, "-o", "jsonpath={.spec.unschedulable}"])) === "true";
        await waitUntil("the node to be closed to new pods", isCordoned, { timeout: 30, interval: 100 });
        await open();
        await drained;
        const rollout = ["rollout", "status", "deployment/bots-webserver", "--timeout=120s"];
        await kubectl(["-n", namespace.name, ...rollout], { timeout: 130 });
        const after = await podsOf("webserver");
        for (const uid of before) assert.ok(!after.includes(uid), "a pod of the webserver was not evicted");
        await up({ webserver: {} });
    };

    const CHANGES: Readonly<Record<string, (time: number) => Promise<void>>> = {
        "image bump, and going back": async () => {
            await rolls(() => up({ imageTag: nextTagOf(namespace) }));
            await rolls(() => up({ imageTag: "3.3.1" }));
        },
        "configuration edit": (time) => rolls(() => up({ env: { CHANGED: String(time) } })),
        "secret rotation": (time) =>
            rolls(async () => {
                await stack.succeed("config", "set", "--secret", "--path", "secretEnv.ROTATED", String(time));
                await stack.up();
            }),
        "scaling from 1 to 3 and back": async () => {
            await up({ webserver: { replicas: 3 } });
            await up({ webserver: { replicas: 1 } });
        },
        "to an autoscaler, and back": async () => {
            await up({ webserver: { autoscaling: { minReplicas: 2, maxReplicas: 3 } } });
            await up({ webserver: {} });
        },
        "node drain with two replicas": drainTwoReplicas,
    };

    for (const [title, change] of Object.entries(CHANGES)) {
        it(`answer every request: ${title}`, async () => {
            let requests = 0;
            for (let time = 1; time <= plan.repeats; time++) {
                requests += await withoutFailure(namespace.name, () => change(time));
            }
            await measured.add(title, plan.repeats, requests, 0);
        });
    }
});
