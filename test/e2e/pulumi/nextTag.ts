/** A small system whose image is in the node under a second tag, too: what is new about that one is the roll-out. */
import { ctr } from "../../../sandbox/cluster/ctr";
import { type TestNamespace } from "../namespace";
import { TestStack } from "./testStack";

const BOTS = "localhost/bots-edi";

/** Its second tag, which is the namespace's own: suites run beside each other, and each takes its tag away. */
export const nextTagOf = ({ name }: TestNamespace) => `3.3.2-${name}`;

/** Deploys it into a namespace of its own, its schedule suspended. */
export async function deployWithNextTag(namespace: TestNamespace): Promise<TestStack> {
    await namespace.delete();
    await ctr(["images", "tag", "--force", `${BOTS}:3.3.1`, `${BOTS}:${nextTagOf(namespace)}`]);
    const stack = await TestStack.botsEdi({
        namespace: namespace.name,
        protectData: "false",
        database: { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" },
        engine: { suspend: true },
    });
    await stack.up();
    return stack;
}

/** Removes it, the tag too. */
export async function removeWithNextTag(stack: TestStack | undefined, namespace: TestNamespace): Promise<void> {
    stack?.remove();
    await namespace.delete();
    await ctr(["images", "remove", `${BOTS}:${nextTagOf(namespace)}`]);
}
