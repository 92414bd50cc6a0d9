import { existsSync, mkdirSync } from "node:fs";
import { buildImages, buildPackages } from "../../image/build";
import { kubeconfigPath } from "../paths";
import { applyAddons } from "./addons";
import { clusterModules } from "./binaries";
import { makeCgroups } from "./cgroups";
import { component, type ComponentName } from "./components";
import { writeConfigFiles } from "./configFiles";
import { prepareHost } from "./host";
import { importProjectImages, provideClusterImages } from "./images";
import { writeKubeconfigs } from "./kubeconfig";
import { layout } from "./layout";
import { withLock } from "../lock";
import { makeNetwork } from "./network";
import { lackForPolicies, linkIptables } from "./networkPolicies";
import { providePackages } from "./packages";
import { issueClusterCertificates } from "./pki";
import { plan } from "./plan";
import { requireAdministrator, requireFreeNetwork, requireResources } from "./preflight";
import {
    waitForApiServer,
    waitForContainerd,
    waitForControllers,
    waitForDns,
    waitForNode,
    waitForPolicies,
    waitForRuntime,
    waitForStorage,
} from "./readiness";
import { buildModules, type GoModule, isBuilt } from "../goModules";
import { Steps } from "../steps";
import { start, stopOutdated } from "./supervise";

export interface UpOptions {
    /** Whether the images of Bots EDI and MariaDB are wanted too. */
    withImages: boolean;
    /** What else has to be built from Go modules: the Pulumi CLI and what surrounds Bots. */
    modules: readonly GoModule[];
    /** What else has to be unpacked from the distribution's packages. Default: nothing. */
    packages?: readonly string[];
}

/** Brings the cluster up from whatever state it is in: new, stopped, half killed, or running already. */
export async function up({ withImages, modules, packages = [] }: UpOptions): Promise<void> {
    requireAdministrator();
    const missing = [...clusterModules, ...modules].filter((module) => !isBuilt(module));
    requireResources({ isNew: !existsSync(layout.etcdData), isBuilt: missing.length === 0 });
    const steps = new Steps();
    const installed = withImages ? buildPackages : [];
    for (const line of await plan(missing, installed)) steps.note(line);
    await alone(steps, async () => {
        await steps.step("packages", async () => (await providePackages(installed, packages)) ?? "all there");
        await steps.step("address ranges are free", requireFreeNetwork);
    });
    await buildAll(steps, modules, withImages);
    await alone(steps, async () => {
        await bringUp(steps);
        if (withImages) await steps.step("Bots EDI images are in the node", importProjectImages);
    });
    steps.end(`the cluster is up; its kubeconfig is ${kubeconfigPath}`);
}

/** Builds what the caches lack, beside each other: what links, unpacks or waits for a download leaves a core to the others. */
async function buildAll(steps: Steps, modules: readonly GoModule[], withImages: boolean): Promise<void> {
    const note = (line: string) => {
        steps.note(line);
    };
    const build = (what: string, wanted: readonly GoModule[]) =>
        steps.step(what, async () => ((await buildModules(wanted, note)).length > 0 ? "built" : "cached"));
    const works = [
        build("cluster's binaries", clusterModules),
        ...(modules.length > 0 ? [build("other binaries", modules)] : []),
        ...(withImages ? [steps.step("Bots EDI images are built", () => buildImages(note))] : []),
    ];
    // All are waited for: what one of them has built counts at the next run, whatever became of another.
    const outcomes = await Promise.allSettled(works);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

function alone(steps: Steps, work: () => Promise<void>): Promise<void> {
    return withLock(layout.lock, work, {
        onWait: () => {
            steps.note("another process is changing the sandbox; waiting for it");
        },
    });
}

async function bringUp(steps: Steps): Promise<void> {
    await steps.step("kernel settings and cgroups", async () => {
        await prepareHost();
        makeCgroups();
    });
    await steps.step("bridge and firewall", makeNetwork);
    await steps.step("certificates and configuration", configure);
    // One that sees the API server go empties the chain of its address, and the next one takes what is there for whole.
    await stopOutdated(component("kube-proxy"));
    await startControlPlane(steps);
    await startNode(steps);
    await steps.step("DNS, storage and access rules applied", applyAddons);
    await steps.step("node is Ready", waitForNode);
    await steps.step("network policies are enforced", startPolicies);
    await steps.step("pods can be reached", waitForRuntime);
    await steps.step("DNS answers", waitForDns);
    await steps.step("storage is ready", waitForStorage);
}

async function startControlPlane(steps: Steps): Promise<void> {
    const begin = Date.now();
    // containerd has nothing to wait for, so it starts beside the control plane.
    await steps.step("etcd, API server and containerd", () => startAll("etcd", "kube-apiserver", "containerd"));
    await steps.step("API server is ready", waitForApiServer);
    await steps.step("controller manager and scheduler", () => startAll("kube-controller-manager", "kube-scheduler"));
    await steps.step("controllers are ready", waitForControllers);
    steps.note(`control plane ready after ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

async function startNode(steps: Steps): Promise<void> {
    await steps.step("the cluster's own images", async () => {
        await waitForContainerd();
        const imported = await provideClusterImages();
        return imported > 0 ? `imported ${imported}` : "all there";
    });
    await steps.step("kubelet and kube-proxy", () => startAll("kubelet", "kube-proxy"));
}

/** kube-router looks for its node first, so the node has to be there. */
async function startPolicies(): Promise<string> {
    const lack = await lackForPolicies();
    if (lack !== undefined) return `no, this kernel cannot: ${lack}`;
    linkIptables();
    const remark = await startAll("kube-router");
    await waitForPolicies();
    return remark;
}

async function configure(): Promise<string> {
    const issued = await issueClusterCertificates();
    writeKubeconfigs();
    writeConfigFiles();
    mkdirSync(layout.volumes, { recursive: true });
    return issued > 0 ? `issued ${issued} certificates` : "all valid";
}

async function startAll(...names: ComponentName[]): Promise<string> {
    const started: string[] = [];
    for (const name of names) if (await start(component(name))) started.push(name);
    return started.length > 0 ? `started ${started.join(", ")}` : "already running";
}
