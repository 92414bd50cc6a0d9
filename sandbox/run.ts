/** The main job: from nothing to a converted order. */
import { ADMIN, adminPassword, provideAdmin } from "./admin";
import { interactive, NAMESPACE } from "./bots";
import { SandboxError } from "./errors";
import { requireAdministrator } from "./cluster/preflight";
import { Steps } from "./cluster/steps";
import { runningComponents } from "./cluster/supervise";
import { up as clusterUp } from "./cluster/up";
import { chooseDeployer } from "./chooseDeployer";
import { importOwnImage, requireArchive } from "./ownImage";
import { convertSample, EXPECTED } from "./sampleOrder";
import { isServed, requirePort, serveWeb, URL } from "./web";

/** Options of everything that deploys. */
export interface RunOptions {
    /** An archive of one's own image. Default: the reference image. */
    readonly image?: string;
    /** Ends what is under way; what is done is kept. */
    readonly signal: AbortSignal;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Fails where there is no cluster to work on. */
export function requireCluster(): void {
    requireAdministrator();
    if (runningComponents().some(({ name }) => name === "kube-apiserver")) return;
    throw new SandboxError("the sandbox does not run; start it by `npm run sandbox`");
}

/** What deploys the stack, with one's own image where one is given. */
export async function deployerFor({ image, signal }: RunOptions) {
    return chooseDeployer({ config: image === undefined ? {} : await importOwnImage(image), signal });
}

/** Brings everything up, has the sample order converted, and says what to do next. */
export async function runSandbox(options: RunOptions): Promise<void> {
    requireAdministrator();
    if (options.image !== undefined) await requireArchive(options.image);
    await requirePort();
    await clusterUp({ withImages: true });

    const chosen = await deployerFor(options);
    print(`\nDeploying with ${chosen.name}`);
    const { changed, same } = await chosen.up();
    options.signal.throwIfAborted();

    const steps = new Steps(print);
    print("");
    const isNew: boolean[] = [changed > 0];
    await steps.step(`user ${ADMIN}`, async () => told(isNew, await provideAdmin(), "password set"));
    await steps.step("sample order converted by the engine", async () => told(isNew, await convertSample(), "now"));
    await steps.step(`web page on ${URL}`, async () => told(isNew, await serveWeb(), "started"));

    print(`\n${EXPECTED}`);
    await interactive(["get", "deployments,statefulsets,cronjobs", "-n", NAMESPACE]);
    const nothingNew = `Nothing had to change: ${same} resources are as they should be.`;
    print(`\n${isNew.some(Boolean) ? `${changed} resources changed, ${same} did not.` : nothingNew}`);
    printNext();
}

/** Notes whether a step did something, and says so. */
function told(isNew: boolean[], done: boolean, what: string): string {
    isNew.push(done);
    return done ? what : "already";
}

/** What runs, and how it is reached. */
export async function printStatus(): Promise<void> {
    requireCluster();
    await interactive(["get", "deployments,statefulsets,cronjobs,jobs,pods", "-n", NAMESPACE]);
    print(isServed() ? "" : "\nThe web page is not served; `npm run sandbox` serves it.");
    if (isServed()) printNext();
}

function printNext(): void {
    print(`
Web page   ${URL}   user ${ADMIN}, password ${adminPassword()}
Engine     npm run sandbox -- engine
Logs       npm run sandbox -- logs webserver | jobqueue | engine | init
Change     edit Pulumi.sandbox.yaml; npm run sandbox -- preview; npm run sandbox -- up
kubectl    npm run sandbox:cluster -- kubectl get pods -n ${NAMESPACE}
Remove     npm run sandbox -- destroy; npm run sandbox:cluster -- purge`);
}
