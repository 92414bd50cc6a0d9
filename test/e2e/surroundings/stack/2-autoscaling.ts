/** The webserver's autoscaler, with the figures of metrics-server: more pods under load, fewer after it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { waitUntil } from "../../../../operations/wait";
import { NAMESPACE } from "../../../../sandbox/bots";
import { kubeconfigPath } from "../../../../sandbox/paths";
import { sandboxStack } from "../../../../sandbox/stack";
import { stackSettings } from "../../../../sandbox/surroundings/install";
import { TestNamespace } from "../../namespace";
import { ops } from "../../operations/ops";
import { Requests } from "../../requests";

/** A target that ten requests a second are three times too much for: a busy machine answers them all the same. */
const SETTINGS = { autoscaling: { minReplicas: 1, maxReplicas: 3, targetCPUUtilization: 20 } };
const HPA = "hpa/bots-webserver";
const edi = new TestNamespace(NAMESPACE);

/** Seconds that the autoscaler may take: it looks every 15 s, at figures that are up to 20 s old, and a pod has to start. */
const LIMIT = 180;

/** Waits until so many pods serve, and no other is there. */
async function waitForPods(wanted: number): Promise<void> {
    const areThere = async () => {
        const pods = (await edi.kubectl("get", "pods", "-l", "component=webserver", "-o", "name")).trim().split("\n");
        const ready = await edi.value("deployment/bots-webserver", ".status.readyReplicas");
        return (pods.length === wanted && ready === `${wanted}`) || `${pods.length} pods, ${ready} ready`;
    };
    await waitUntil(`${wanted} webservers`, areThere, { timeout: LIMIT, interval: 1000 });
}

/** Sends requests until so many pods serve; none of them may fail. Says how long it took. */
async function scaleTo(wanted: number, rate: number): Promise<void> {
    const begin = Date.now();
    const requests = await Requests.start(NAMESPACE, rate);
    const outcome = await waitForPods(wanted).catch((error: unknown) => error);
    const { sent, failures } = await requests.stop();
    if (outcome instanceof Error) throw outcome;
    assert.deepEqual(failures.slice(0, 20), [], `${failures.length} of ${sent} requests failed`);
    console.log(
        `        ${wanted} pods after ${Math.round((Date.now() - begin) / 1000)} s; ${sent} requests, none failed`,
    );
}

describe("metrics-server", () => {
    it("tells `top` to a person who may not ask the nodes", async () => {
        const person = "somebody-of-the-team";
        const folder = mkdtempSync(join(tmpdir(), "bots-edi-top-"));
        const config = parse(readFileSync(kubeconfigPath, "utf8")) as { users: { user: { as?: string } }[] };
        for (const { user } of config.users) user.as = person;
        const kubeconfig = join(folder, "kubeconfig");
        writeFileSync(kubeconfig, stringify(config));
        await edi.kubectl("create", "rolebinding", person, "--clusterrole=edit", `--user=${person}`);
        try {
            const { code, text } = await ops(["top", "--stack", "sandbox"], { kubeconfig });
            assert.equal(code, 0);
            assert.match(text, /^bots-webserver-\S+ +webserver +\d+m of 1 \(\d+ %\) +\d+Mi of 1Gi \(\d+ %\)$/m);
        } finally {
            await edi.kubectl("delete", "rolebinding", person);
            rmSync(folder, { recursive: true });
        }
    });

    it("lets the webserver scale from 1 to 3 under load, and back; no request fails", async () => {
        const config = { ...stackSettings(), "bots-edi:webserver": JSON.stringify(SETTINGS) };
        await (await sandboxStack({ config, signal: new AbortController().signal })).up();
        // An autoscaler lets five minutes pass before it takes a pod away, unless it is told otherwise.
        const patch = JSON.stringify({ spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } });
        await edi.kubectl("patch", HPA, "--type=merge", "-p", patch);
        await waitForPods(1);
        await scaleTo(3, 10);
        await scaleTo(1, 1);
    });
});
