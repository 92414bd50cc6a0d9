/** The main job: from nothing to a converted order. */
import { ADMIN, adminPassword, provideAdmin } from "./admin";
import { NAMESPACE, requireBots } from "./bots";
import { administrator } from "./cluster/kubectl";
import { SandboxError } from "./errors";
import { requireAdministrator } from "./cluster/preflight";
import { Steps } from "./steps";
import { runningComponents } from "./cluster/supervise";
import { up as clusterUp } from "./cluster/up";
import { isForwarded, requirePort } from "./forward";
import { interruptible } from "./interrupt";
import { importOwnImage, requireArchive } from "./ownImage";
import { convertSample, EXPECTED } from "./sampleOrder";
import { missingModules } from "./pulumi/cli";
import type { LocalStack } from "./pulumi/stack";
import { requireNoFormerStack, sandboxStack } from "./stack";
import {
    equipStack,
    install,
    installed,
    modulesOf,
    packagesOf,
    remove,
    requirePorts,
    stackSettings,
    withInstalled,
} from "./surroundings/install";
import { type Part } from "./surroundings/part";
import { serveWeb, URL, WEB } from "./web";

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Fails where there is no cluster to work on. */
export function requireCluster(): void {
    requireAdministrator();
    if (runningComponents().some(({ name }) => name === "kube-apiserver")) return;
    throw new SandboxError("the sandbox does not run; start it by `npm run sandbox`");
}

/** Does something with the stack: with one's own image where an archive of one is given. */
export async function deploy<T>(image: string | undefined, work: (stack: LocalStack) => Promise<T>): Promise<T> {
    let config = stackSettings();
    if (image !== undefined) {
        await new Steps(print).step(`image ${image} is in the node`, async () => {
            config = { ...config, ...(await importOwnImage(image)) };
        });
    }
    return interruptible(async (signal) => work(await sandboxStack({ config, signal })));
}

/**
 * Brings everything up, has the sample order converted, and says what to do next.
 *
 * @param image - an archive of one's own image
 * @param wanted - parts of the surroundings, beside those that are there
 */
export async function runSandbox(image: string | undefined, wanted: readonly Part[]): Promise<void> {
    requireAdministrator();
    if (image !== undefined) await requireArchive(image);
    const parts = withInstalled(wanted);
    await requirePort(WEB);
    await requirePorts(parts);
    requireNoFormerStack();
    const modules = [...(await missingModules()), ...modulesOf(parts)];
    await clusterUp({ withImages: true, modules, packages: packagesOf(parts) });
    await install(parts, new Steps(print));
    print("");
    const { changed, same } = await deploy(image, (stack) => stack.up());
    await requireBots();
    await equipStack();

    const steps = new Steps(print);
    print("");
    const isNew: boolean[] = [changed > 0];
    await steps.step(`user ${ADMIN}`, async () => told(isNew, await provideAdmin(), "password set"));
    await steps.step("sample order converted by the engine", async () => told(isNew, await convertSample(), "now"));
    await steps.step(`web page on ${URL}`, async () => told(isNew, await serveWeb(), "started"));

    print(`\n${EXPECTED}`);
    await administrator.show(["get", "deployments,statefulsets,cronjobs", "-n", NAMESPACE]);
    const nothingNew = `Nothing had to change: ${same} resources are as the program says.`;
    print(`\n${isNew.some(Boolean) ? `${changed} resources changed, ${same} did not.` : nothingNew}`);
    printNext();
}

/** Takes parts of the surroundings away. */
export async function removeParts(parts: readonly Part[]): Promise<void> {
    requireCluster();
    const steps = new Steps(print);
    for (const part of parts) {
        const isThere = installed().includes(part);
        await steps.step(`${part.name} removed`, () => (isThere ? remove(part) : "it was not there"));
        if (isThere && part.settings) steps.note("`npm run sandbox -- up` takes what the stack has with it away");
    }
}

/** Notes whether a step did something, and says so. */
function told(isNew: boolean[], done: boolean, what: string): string {
    isNew.push(done);
    return done ? what : "already";
}

/** How what runs is reached. */
export function printNext(): void {
    if (!isForwarded(WEB)) {
        print("\nThe web page is not served; `npm run sandbox` serves it.");
        return;
    }
    print(`
Web page   ${URL}   user ${ADMIN}, password ${adminPassword()}
Engine     npm run sandbox -- engine
Logs       npm run sandbox -- logs webserver | jobqueue | engine | init
Change     edit Pulumi.sandbox.yaml; npm run sandbox -- preview; npm run sandbox -- up
kubectl    npm run sandbox:cluster -- kubectl get pods -n ${NAMESPACE}
Remove     npm run sandbox -- destroy; npm run sandbox:cluster -- purge`);
    for (const line of installed().flatMap(({ next = [] }) => next)) print(line);
}
