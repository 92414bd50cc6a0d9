/** A system as it was before this program: from manifests of that time, with orders in its inbox. */
import assert from "node:assert/strict";
import {
    chmodSync,
    chownSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../../operations/exec";
import { waitUntil } from "../../../operations/wait";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { checkout } from "../../../sandbox/paths";
import { TestNamespace } from "../namespace";

const MANIFESTS = join(__dirname, "manifests-of-then");
const SAMPLE = join(checkout, "sandbox", "sample");
const ORDER = readFileSync(join(SAMPLE, "order.edi"), "latin1");

/** The user of the containers. */
const UID = 10001;

/** Milliseconds between two orders of {@link SystemOfThen.keepSending}. */
const EVERY = 3000;

export class SystemOfThen {
    readonly namespace: TestNamespace;
    private last = 0;

    constructor(name: string) {
        this.namespace = new TestNamespace(name);
    }

    /** An empty namespace with a database, which is nobody's but the partner's. */
    async open(): Promise<void> {
        await this.namespace.create();
        await this.namespace.kubectl("apply", "-f", join(MANIFESTS, "database.yaml"));
        await this.namespace.waitForPod("mariadb");
    }

    /** `kubectl apply -k`, as people did it, until everything runs. */
    async apply(folder: "kubectl" | "kustomize"): Promise<void> {
        await this.namespace.kubectl("apply", "-k", join(MANIFESTS, folder));
        await this.namespace.kubectl("wait", "job/bots-db-init", "--for=condition=complete", "--timeout=180s");
        for (const name of ["bots-webserver", "bots-jobqueue"]) {
            await this.namespace.kubectl("rollout", "status", `deployment/${name}`, "--timeout=180s");
        }
    }

    /** The old architecture: configuration and tables are made by hand, in the pod, and so is every run. */
    async applyMonolith(): Promise<void> {
        await this.namespace.kubectl("apply", "-f", join(MANIFESTS, "monolith", "app.yaml"));
        await this.namespace.kubectl("rollout", "status", "deployment/bots-edi", "--timeout=180s");
        for (const file of ["bots.ini", "settings.py"]) {
            const path = `/home/bots/.bots/env/default/config/${file}`;
            const text = readFileSync(join(MANIFESTS, "kubectl", file), "utf8");
            await this.sh("bots-edi", `mkdir -p "$(dirname ${path})" && cat > ${path}`, text);
        }
        await this.sh("bots-edi", "/entrypoint.sh init-db");
    }

    /** Runs something in a Deployment's pod. */
    async sh(deployment: string, script: string, input = ""): Promise<string> {
        const exec = ["exec", "-i", `deployment/${deployment}`, "--", "sh", "-c", script];
        const { code, stdout, stderr } = await this.namespace.tryKubectl(exec, input);
        assert.equal(code, 0, stderr);
        return stdout;
    }

    /** Makes the sample's route; each order has an output of its own, so that a second delivery shows. */
    async makeRoute(deployment: string): Promise<void> {
        const archive = await run("sh", ["-c", 'tar -C "$1" -c . | base64', "sh", SAMPLE]);
        await this.sh(deployment, "mkdir -p /tmp/sample && base64 -d | tar -x -C /tmp/sample", archive);
        await this.sh(deployment, "python /tmp/sample/load.py");
        const code = `from bots import botsinit
botsinit.generalinit("/home/bots/.bots/env/default/config")
from bots.models import channel
channel.objects.filter(idchannel="sample_out").update(filename="*.csv")`;
        await this.sh(deployment, "python -", code);
    }

    /** A folder of a claim, on this machine. */
    async folder(claim: string, ...parts: string[]): Promise<string> {
        const volume = await this.namespace.value(`pvc/${claim}`, ".spec.volumeName");
        const path = await kubectl(["get", "pv", volume, "-o", "jsonpath={.spec.hostPath.path}{.spec.local.path}"]);
        return join(path, "env", "default", ...parts);
    }

    /** Puts new orders into the inbox, each whole. */
    async send(count: number, claim = "bots-edi-data-pvc"): Promise<void> {
        const inbox = await this.folder(claim, "botssys", "infile", "sample");
        mkdirSync(inbox, { recursive: true });
        for (let sent = 0; sent < count; sent++) {
            const number = ++this.last;
            const partial = join(inbox, `.${number}.partial`);
            writeFileSync(partial, ORDER.replaceAll("PO-2026-0042", `PO-${number}`), "latin1");
            chownSync(partial, UID, UID);
            chmodSync(partial, 0o644);
            renameSync(partial, join(inbox, `${number}.edi`));
        }
    }

    /** Sends orders all the while that something is done. */
    async keepSending(work: () => Promise<unknown>): Promise<void> {
        let sending: Promise<void> = Promise.resolve();
        const timer = setInterval(() => {
            sending = sending.then(() => this.send(1));
        }, EVERY);
        try {
            await work();
        } finally {
            clearInterval(timer);
            await sending;
        }
    }

    /** The longest time of some work, in seconds, in which neither the old Deployment nor the new webserver was ready. */
    async pauseOf(work: () => Promise<unknown>): Promise<number> {
        const ready = "{range .items[*]}{.metadata.name}={.status.readyReplicas} {end}";
        const seen: number[] = [];
        let isDone = false;
        const look = async () => {
            while (!isDone) {
                const counts = await this.namespace.kubectl("get", "deployments", "-o", `jsonpath=${ready}`);
                if (/\b(bots-edi|bots-webserver)=[1-9]/.test(counts)) seen.push(Date.now());
                await sleep(500);
            }
        };
        await Promise.all([look(), work().finally(() => (isDone = true))]);
        return Math.max(...seen.slice(1).map((time, index) => time - (seen[index] ?? time))) / 1000;
    }

    /** How often each order has arrived. */
    private async arrived(claim: string): Promise<Map<number, number>> {
        const outbox = await this.folder(claim, "botssys", "outfile", "sample");
        const counts = new Map<number, number>();
        for (const name of existsSync(outbox) ? readdirSync(outbox) : []) {
            const number = Number(/^ORD;PO-(\d+);/.exec(readFileSync(join(outbox, name), "latin1"))?.[1]);
            counts.set(number, (counts.get(number) ?? 0) + 1);
        }
        return counts;
    }

    /** Every order that was sent arrives, and each once. */
    async allArriveOnce(claim = "bots-edi-data-pvc"): Promise<void> {
        const missing = async () => {
            const counts = await this.arrived(claim);
            const left = Array.from({ length: this.last }, (_, index) => index + 1).filter((one) => !counts.has(one));
            return left.length === 0 ? true : `not arrived: ${left.join(", ")}`;
        };
        await waitUntil("the orders", missing, { timeout: 150, interval: 1000 });
        const twice = [...(await this.arrived(claim))].filter(([, count]) => count !== 1);
        assert.deepEqual(twice, []);
        console.log(`        ${this.last} orders, each arrived once`);
    }
}
