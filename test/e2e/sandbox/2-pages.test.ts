/** What people do in the browser: run, receive again, send again, and read what came of it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Browser } from "playwright-core";
import { inWebserver, NAMESPACE } from "../../../sandbox/bots";
import { binaryPath } from "../../../sandbox/cluster/binaries";
import { kubectl } from "../../../sandbox/cluster/kubectl";
import { waitUntil } from "../../../operations/wait";
import { checkout, kubeconfigPath } from "../../../sandbox/paths";
import { EXPECTED, OUTPUT } from "../../../sandbox/sampleOrder";
import { openBrowser, Pages } from "./browser";

const PAGE = "http://127.0.0.1:8080";
const OTHER_PORT = 18080;
const SAMPLE = readFileSync(join(checkout, "sandbox/sample/order.edi"), "latin1");
const NUMBER = "PO-2026-0042";
const OUTBOX = dirname(OUTPUT);
const INBOX = OUTBOX.replace("outfile", "infile");
const ADDED = "OK, job is added to queue";

const inEdi = (...args: string[]) => kubectl(["-n", NAMESPACE, ...args]);

/** Puts an order with this number into the inbox, whole or not at all. */
async function put(number: string): Promise<void> {
    const order = Buffer.from(SAMPLE.replace(NUMBER, number), "latin1").toString("base64");
    const script = `base64 -d > ${INBOX}/.${number} && mv ${INBOX}/.${number} ${INBOX}/${number}.edi`;
    await inWebserver(["sh", "-c", script], order);
}

/** The numbers of the orders in the outbox among these; each has to be what the sample becomes. */
async function sent(...numbers: string[]): Promise<string[]> {
    const listed = await inWebserver(["sh", "-c", `cd ${OUTBOX} && ls`]);
    const there = numbers.filter((number) => listed.includes(`order-${number}.csv`));
    for (const number of there) {
        const content = await inWebserver(["cat", `${OUTBOX}/order-${number}.csv`]);
        assert.equal(content, EXPECTED.replace(NUMBER, number));
    }
    return there;
}

/** Ends the queue's process as a failing node would; its container starts again. */
const KILL_QUEUE = `for p in /proc/[0-9]*; do
  if grep -q 'jobqueueserve[r]' $p/cmdline && [ $p != /proc/1 ]; then kill -9 \${p#/proc/}; fi
done`;

describe("the pages in a browser", () => {
    const stamp = Date.now().toString(36);
    const [again, resent, other, survivor] = ["A", "B", "C", "D"].map((letter) => `PO-${stamp}-${letter}`) as [
        string,
        string,
        string,
        string,
    ];
    let browser: Browser;
    let pages: Pages;

    before(async function () {
        this.timeout(600_000);
        browser = await openBrowser();
        // A run of the schedule would take the orders before the pages' run comes to them.
        await inEdi("patch", "cronjob/bots-engine", "-p", '{"spec":{"suspend":true}}');
        await inEdi("scale", "deployment/bots-webserver", "--replicas=2");
        await inEdi("rollout", "status", "deployment/bots-webserver", "--timeout=180s");
        const active = ["get", "jobs", "-l", "component=engine", "-o", "jsonpath={.items[*].status.active}"];
        await waitUntil("no engine to run", async () => (await inEdi(...active)) === "", { timeout: 120 });
    });
    after(async () => {
        await browser.close();
        await inEdi("scale", "deployment/bots-webserver", "--replicas=1");
        await inEdi("patch", "cronjob/bots-engine", "-p", '{"spec":{"suspend":false}}');
    });

    it("log in", async () => {
        pages = await Pages.login(browser, PAGE);
    });

    it("run what is new, and show the report", async () => {
        await put(again);
        await put(resent);
        const [line, { type, ...files }] = await pages.runToEnd("Run (only new)");
        assert.deepEqual([line, type], [ADDED, "new"]);
        assert.deepEqual([files.received, files.sent], [2, 2]);
        assert.deepEqual(await sent(again, resent), [again, resent]);
    });

    it("mark a file to be received again and one to be sent again, run both, and show the reports", async () => {
        await inWebserver(["sh", "-c", `rm ${OUTBOX}/order-PO-${stamp}-*`]);
        assert.equal(await pages.mark("Incoming", `${again}.edi`, "Rereceive"), true);
        assert.equal(await pages.mark("Outgoing", `order-${resent}.csv`, "Resend"), true);

        const [rereceiveLine, rereceived] = await pages.runToEnd("Run user-indicated rereceives");
        assert.deepEqual([rereceiveLine, rereceived.type], [ADDED, "rereceive"]);
        assert.deepEqual([rereceived.received, rereceived.sent], [1, 1]);
        assert.deepEqual(await sent(again, resent), [again]);

        const [resendLine, resend] = await pages.runToEnd("Run user-indicated resends");
        assert.deepEqual([resendLine, resend.type, resend.sent], [ADDED, "resend", 1]);
        assert.deepEqual(await sent(again, resent), [again, resent]);
    });

    it("retry and clean up", async () => {
        assert.equal(await pages.run("Retry failed out-communications"), ADDED);
        assert.equal(await pages.run("Run cleanup"), ADDED);
        assert.equal(await pages.run("Run cleanup"), "Duplicate job, not added.");
    });

    it("do so from each web server", async () => {
        const names = (await inEdi("get", "pods", "-l", "component=webserver", "-o", "name")).trim().split("\n");
        assert.equal(names.length, 2);
        for (const name of names) {
            const args = ["--kubeconfig", kubeconfigPath, "port-forward", "-n", NAMESPACE, name, `${OTHER_PORT}:8080`];
            const forward = spawn(binaryPath("kubectl"), args, { stdio: "ignore" });
            try {
                const answers = () =>
                    fetch(`http://localhost:${OTHER_PORT}/health/live`).then(
                        ({ ok }) => ok,
                        () => false,
                    );
                await waitUntil(`${name} to answer`, answers, { timeout: 30 });
                await put(other);
                const line = await (await Pages.login(browser, `http://localhost:${OTHER_PORT}`)).run("Run (only new)");
                assert.equal(line, ADDED);
                const isSent = async () => (await sent(other)).length === 1;
                await waitUntil(`the order that ${name} ran`, isSent, { timeout: 90, interval: 1000 });
            } finally {
                forward.kill();
            }
            await inWebserver(["rm", `${OUTBOX}/order-${other}.csv`]);
        }
    });

    it("say in one line what they do not run, and start nothing", async () => {
        assert.match(
            await pages.type("/runengine/?clparameter=--frobnicate"),
            /^Nothing was started: '--frobnicate' is no option of bots-engine and no id of a route; the job queue takes/,
        );
        assert.equal(
            await pages.type("/runengine/?clparameter=nowhere"),
            "Nothing was started: there is no active route 'nowhere'.",
        );
    });

    it("lose no job that was taken when the queue's process dies", async () => {
        await put(survivor);
        assert.equal(await pages.run("Run (only new)"), ADDED);
        const kill = ["exec", "deployment/bots-jobqueue", "-c", "jobqueue", "--", "sh", "-c", KILL_QUEUE];
        // The container may end before the command in it does; the log tells whether the queue was killed.
        await inEdi(...kill).catch(() => undefined);
        const isSent = async () => (await sent(survivor)).length === 1;
        await waitUntil("the order that was to be run", isSent, { timeout: 120, interval: 1000 });
        const log = await inEdi("logs", "deployment/bots-jobqueue", "-c", "jobqueue");
        assert.match(log, /Given back, since it did not come to its end: \['bots-engine', .*'--new'\]/);
    });

    it("say that the queue is away, and that nothing was started", async () => {
        await inEdi("scale", "deployment/bots-jobqueue", "--replicas=0");
        await inEdi("wait", "pod", "-l", "component=jobqueue", "--for=delete", "--timeout=90s");
        try {
            assert.match(await pages.run("Run (only new)"), /^Nothing was started: the job queue is away/);
        } finally {
            await inEdi("scale", "deployment/bots-jobqueue", "--replicas=1");
            await inEdi("rollout", "status", "deployment/bots-jobqueue", "--timeout=180s");
        }
        assert.equal(await pages.run("Run (only new)"), ADDED);
    });
});
