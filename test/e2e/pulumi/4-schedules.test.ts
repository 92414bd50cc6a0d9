/** Several schedules of the engine, one that cannot start, one that is late, and a directory that is watched. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { waitUntil } from "../../../operations/wait";
import { run } from "../../../operations/exec";
import { checkout } from "../../../sandbox/paths";
import { EXPECTED, OUTPUT } from "../../../sandbox/sampleOrder";
import { TestNamespace } from "../namespace";
import { TestStack } from "./testStack";

const namespace = new TestNamespace("pulumi-schedules");
const POD_START = 75;
const IMAGE = "localhost/bots-edi:3.3.1";

/** No schedule receives anything: what arrives has been brought by the directory monitor. */
const SETTINGS = {
    namespace: namespace.name,
    protectData: "false",
    database: { engine: "mariadb", image: "localhost/bots-edi-mariadb:10.11", size: "1Gi" },
    engine: {
        schedule: "* * * * *",
        arguments: ["--resend"],
        startingDeadlineSeconds: 15,
        podStartSeconds: POD_START,
        schedules: [
            { name: "retry", schedule: "* * * * *", arguments: ["--automaticretrycommunication", "--cleanup"] },
            { name: "lost", schedule: "* * * * *", routes: ["nowhere"] },
        ],
    },
    jobqueue: {
        directoryMonitors: [{ path: "/home/bots/.bots/env/default/botssys", filemask: "order.edi", recursive: true }],
    },
};

interface Job {
    readonly metadata: { readonly name: string; readonly creationTimestamp: string };
    readonly status: {
        readonly conditions?: {
            readonly type: string;
            readonly status: string;
            readonly reason?: string;
            readonly lastTransitionTime: string;
        }[];
    };
}

/** The Jobs that a CronJob has made, the newest last. */
async function jobsOf(cronJob: string): Promise<Job[]> {
    const { items } = await namespace.get<{ items: Job[] }>("jobs", "--sort-by=.metadata.creationTimestamp");
    return items.filter(({ metadata }) => new RegExp(`^${cronJob}-\\d+$`).test(metadata.name));
}

/** How a Job ended. */
function ending({ status }: Job) {
    return status.conditions?.find((one) => one.status === "True" && /^(Complete|Failed)$/.test(one.type));
}

/** Waits for a Job of a CronJob that ended so, and returns it. */
async function ended(cronJob: string, type: string, timeout: number, since = ""): Promise<Job> {
    let found: Job | undefined;
    await waitUntil(
        `a Job of ${cronJob} that is ${type}`,
        async () => {
            const seen = await jobsOf(cronJob);
            found = seen.find((job) => job.metadata.creationTimestamp > since && ending(job)?.type === type);
            return found !== undefined || JSON.stringify(seen.map(({ status }) => status));
        },
        { timeout, interval: 1000 },
    );
    assert.ok(found);
    return found;
}

const logOf = (job: Job) => namespace.kubectl("logs", `job/${job.metadata.name}`, "-c", "engine");

const inWebserver = (command: readonly string[], input?: string) =>
    kubectl(["exec", "-i", "-n", namespace.name, "deployment/bots-webserver", "-c", "webserver", "--", ...command], {
        input,
        timeout: 120,
    });

/** Whether a schedule's newest run is said to have had no errors. */
async function success(cronJob: string): Promise<string | undefined> {
    const ask = "import urllib.request as r; print(r.urlopen('http://localhost:8080/metrics').read().decode())";
    const metrics = await inWebserver(["python", "-c", ask]);
    return new RegExp(`^bots_schedule_run_success\\{cronjob="${cronJob}"\\} (\\d)$`, "m").exec(metrics)?.[1];
}

/** What the events of a reason say. */
async function told(reason: string): Promise<string[]> {
    interface Event {
        readonly message: string;
        readonly involvedObject: { readonly kind: string; readonly name: string };
    }
    const { items } = await namespace.get<{ items: Event[] }>("events", `--field-selector=reason=${reason}`);
    return items.map(({ involvedObject: { kind, name }, message }) => `${kind} ${name}: ${message}`);
}

/** Sets the engine's image behind the program's back, as somebody may who tries a version. */
async function setImage(image: string): Promise<void> {
    const spec = { containers: [{ name: "engine", image }] };
    const patch = { spec: { jobTemplate: { spec: { template: { spec } } } } };
    await namespace.kubectl("patch", "cronjob", "bots-engine", "-p", JSON.stringify(patch));
}

describe("the engine's schedules", function () {
    this.timeout("5m");
    let stack: TestStack;
    let brokenSince = "";

    before(async () => {
        await namespace.delete();
        stack = await TestStack.botsEdi(SETTINGS);
        await stack.up();
    });
    after(async () => {
        await stack.pulumi("destroy", "--yes", "--skip-preview");
        stack.remove();
        await namespace.delete();
    });

    it("run by themselves, each with its own arguments, and /metrics tells how each went", async () => {
        const [resend, retry] = [
            await ended("bots-engine", "Complete", 120),
            await ended("bots-engine-retry", "Complete", 120),
        ];
        assert.match(await logOf(resend), /Run "resend"/);
        const said = await logOf(retry);
        assert.match(said, /Run "automaticretrycommunication"/);
        assert.doesNotMatch(said, /Run "(new|resend)"/);
        assert.equal(await success("bots-engine"), "1");
        assert.equal(await success("bots-engine-retry"), "1");
    });

    it("run nothing where one names a route that there is not, and say so in one line, once", async () => {
        const job = await ended("bots-engine-lost", "Failed", 60);
        assert.equal(ending(job)?.reason, "PodFailurePolicy");
        const lines = (await logOf(job)).split("\n").filter((line) => line.startsWith("Bots engine: nothing"));
        assert.deepEqual(lines, [
            "Bots engine: nothing was run: there is no active route nowhere; the pages list them under Configuration",
        ]);
        assert.equal(await success("bots-engine-lost"), "0");
    });

    it("are not needed for a file in a watched directory, a new one below it: without a route all active ones run", async () => {
        // In the meantime the next test's image is not there.
        brokenSince = (await jobsOf("bots-engine")).at(-1)?.metadata.creationTimestamp ?? "";
        await setImage("localhost/bots-edi:nowhere");
        const archive = await run("sh", ["-c", 'tar -C "$1" -c . | base64', "sh", join(checkout, "sandbox", "sample")]);
        await inWebserver(["sh", "-c", "mkdir /tmp/sample && base64 -d | tar -x -C /tmp/sample"], archive);
        await inWebserver(["python", "/tmp/sample/load.py", "--drop"]);
        const isThere = async () => (await namespace.tryKubectl(catOutput)).stdout === EXPECTED;
        const catOutput = ["exec", "deployment/bots-webserver", "--", "cat", OUTPUT];
        const begin = Date.now();
        await waitUntil("the order to arrive", isThere, { timeout: 90, interval: 1000 });
        console.log(`        the order arrived ${Math.round((Date.now() - begin) / 1000)} s after its file`);
    });

    it("give up a run whose pod cannot start, tell so and that the next is late, and run the mended image at the next tick", async () => {
        const job = await ended("bots-engine", "Failed", 60 + POD_START + 60, brokenSince);
        assert.equal(ending(job)?.reason, "DeadlineExceeded");
        const { name, creationTimestamp } = job.metadata;
        const seconds = (Date.parse(ending(job)?.lastTransitionTime ?? "") - Date.parse(creationTimestamp)) / 1000;
        console.log(`        given up after ${seconds} s, where a pod has ${POD_START} s to start`);
        // With the default of 240 s that is within five minutes.
        assert.ok(seconds <= POD_START + 60, `${seconds} s`);
        await setImage(IMAGE);
        const mended = new Date().toISOString();
        const because = `given up, since its pod has not started within ${POD_START} s: (ImagePullBackOff|ErrImagePull): .*nowhere`;
        const events = await told("EngineNotStarted");
        for (const about of [`Job ${name}: ${because}`, `CronJob bots-engine: Job ${name} is ${because}`]) {
            assert.ok(
                events.some((message) => new RegExp(`^${about}`).test(message)),
                events.join("\n"),
            );
        }
        const late = await told("EngineLate");
        const about = new RegExp(`^CronJob bots-engine: late: the run of .* within 15 s: ${name} is still there$`);
        assert.ok(
            late.some((message) => about.test(message)),
            late.join("\n"),
        );
        // One that was started between the two has the old image.
        const next = await ended("bots-engine", "Complete", 150, creationTimestamp);
        console.log(
            `        the mended image's run began ${(Date.parse(next.metadata.creationTimestamp) - Date.parse(mended)) / 1000} s after it`,
        );
    });
});
