/** The main job as a user does it: from nothing to a converted order, by the commands of the README. */
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { adminPassword } from "../../../sandbox/admin";
import { inWebserver, NAMESPACE } from "../../../sandbox/bots";
import { waitUntil } from "../../../operations/wait";
import { kubeconfigPath, stateDir } from "../../../sandbox/paths";
import { EXPECTED, OUTPUT } from "../../../sandbox/sampleOrder";
import { idlePod, requirePolicies } from "../cluster/sandbox";
import { TestNamespace } from "../namespace";
import { sandbox } from "./command";

const PAGE = "http://127.0.0.1:8080";
const edi = new TestNamespace(NAMESPACE);

/** Runs a command that has to succeed, and returns what it said. */
async function succeed(...args: string[]): Promise<string> {
    const { code, text } = await sandbox(...args);
    assert.equal(code, 0);
    return text;
}

describe("npm run sandbox", () => {
    before("brings everything up", async function () {
        this.timeout(45 * 60_000);
        // What is looked at here is a stack's first day.
        if (existsSync(kubeconfigPath) && (await edi.has(`namespace/${NAMESPACE}`))) await sandbox("destroy");
        const text = await succeed();
        assert.ok(text.includes(EXPECTED), "the converted order is not shown");
        assert.match(text, /Web page {3}http:\/\/127\.0\.0\.1:8080\/ {3}user admin, password \S+/);
    });

    it("runs what it deploys, under Pod Security restricted", async () => {
        // An update does not wait for the engine's watch.
        await edi.kubectl("wait", "deployments", "--all", "--for=condition=Available", "--timeout=60s");
        const deployments = (await edi.kubectl("get", "deployments", "-o", "name")).trim().split("\n");
        assert.deepEqual(
            deployments.map((name) => name.split("/")[1]),
            ["bots-engine-watch", "bots-jobqueue", "bots-webserver"],
        );
        const level = ".metadata.labels.pod-security\\.kubernetes\\.io/enforce";
        assert.equal(await edi.value(`namespace/${NAMESPACE}`, level), "restricted");
        assert.equal(await edi.value("cronjob/bots-engine", ".spec.schedule"), "*/5 * * * *");
        assert.equal(await edi.value("cronjob/bots-engine", ".spec.suspend"), "false");
    });

    for (const path of ["/login/", "/health/live", "/health/ready", "/health/startup", "/metrics"]) {
        it(`answers ${path} through the Service`, async () => {
            const response = await fetch(PAGE + path);
            assert.equal(response.status, 200, await response.text());
        });
    }

    it("lets the admin log in with the password that it prints", async () => {
        const page = await fetch(`${PAGE}/login/`);
        const cookie = page.headers.getSetCookie().map((line) => line.split(";")[0]);
        const field = /name=["']csrfmiddlewaretoken["'] value=["']([^"']+)/.exec(await page.text())?.[1] ?? "";
        const body = new URLSearchParams({ csrfmiddlewaretoken: field, username: "admin", password: adminPassword() });
        const headers = { cookie: cookie.join("; "), referer: `${PAGE}/login/` };
        const answer = await fetch(`${PAGE}/login/`, { method: "POST", body, headers, redirect: "manual" });
        assert.equal(answer.status, 302);
    });

    it("converted the sample order to the byte", async () => {
        assert.equal(await inWebserver(["cat", OUTPUT]), EXPECTED);
    });

    it("kept the configuration that it runs with", async () => {
        const annotation = "{.items[0].metadata.annotations.checksum/config}";
        const checksum = await edi.kubectl("get", "pods", "-l", "component=webserver", "-o", `jsonpath=${annotation}`);
        const log = await edi.kubectl("logs", "job/bots-db-init");
        assert.ok(checksum !== "" && log.includes(`Configuration kept in /config-backup/${checksum}`), log);
    });

    it("changes nothing when it is run again, within 30 s", async () => {
        const begin = Date.now();
        assert.match(await succeed(), /Nothing had to change/);
        const seconds = (Date.now() - begin) / 1000;
        assert.ok(seconds <= 30, `it took ${seconds} s`);
    });

    it("previews nothing where nothing changed", async () => {
        assert.match(await succeed("preview"), /0 resources would change/);
    });

    it("runs the engine now, on one route, and finds nothing new", async () => {
        assert.notEqual(await succeed("engine", "--routeid", "sample_order"), "");
        assert.equal(await inWebserver(["cat", OUTPUT]), EXPECTED);
    });

    for (const service of ["webserver", "jobqueue", "engine", "init"]) {
        it(`shows the log of ${service}`, async () => {
            assert.notEqual(await succeed("logs", service), "");
        });
    }

    it("shows the log of an engine's run that has only just begun", async () => {
        await edi.kubectl("create", "job", "bots-engine-begun", "--from=cronjob/bots-engine");
        // Its own, or that of the schedule's run which began in the meantime.
        assert.match(await succeed("logs", "engine"), /^\[pod\/bots-engine-/m);
    });

    it("saves everything as a set on the backup volume", async () => {
        await edi.kubectl("create", "job", "bots-backup-e2e", "--from=cronjob/bots-config-backup");
        await edi.kubectl("wait", "job/bots-backup-e2e", "--for=condition=complete", "--timeout=120s");
        const log = await edi.kubectl("logs", "job/bots-backup-e2e");
        assert.match(
            log,
            /Saved \/backup\/\d+T\d+Z: \d+ bytes, [1-9]\d* files of the data volume, [1-9]\d* files of usersys/,
        );
    });

    it("shows what runs", async () => {
        assert.match(await succeed("status"), /bots-webserver/);
    });

    describe("network policies", () => {
        const client = "e2e-client";
        const ingress = new TestNamespace("kube-system");
        const other = new TestNamespace("default");
        const edi = new TestNamespace(NAMESPACE);
        const ask = (namespace: TestNamespace, url: string) =>
            namespace.tryKubectl(["exec", client, "--", "wget", "-qO-", url]);

        before(async function () {
            await requirePolicies(this);
            for (const namespace of [ingress, other]) await namespace.apply(idlePod(client));
            await edi.apply(idlePod(client, { labels: { app: "bots-edi", component: "engine" } }));
            for (const namespace of [ingress, other, edi]) await namespace.waitForPod(client);
        });
        after(async () => {
            for (const namespace of [ingress, other, edi]) {
                await namespace.kubectl("delete", "pod", client, "--ignore-not-found");
            }
        });

        it("let the Ingress controller's namespace reach the webserver, and no other", async () => {
            const url = "http://bots-webserver.edi:8080/health/live";
            // A pod that has just started is let in once its address is known.
            await waitUntil("the webserver to answer", async () => (await ask(ingress, url)).code === 0, {
                timeout: 30,
            });
            assert.notEqual((await ask(other, url)).code, 0);
        });

        it("let Bots reach its database, and nobody else", async () => {
            const dial = (host: string) => inWebserver(["bash", "-c", `exec 3<>/dev/tcp/${host}`]);
            await dial("bots-db/3306");
            assert.match((await ask(ingress, "http://bots-db.edi:3306/")).stderr, /can't connect|timed out/);
        });

        it("let webservers reach the job queue, which takes only what is signed, and nobody else", async () => {
            const url = "http://bots-jobqueue.edi:28083/";
            const task = '{"task": ["bots-engine", "--new"], "priority": 5}';
            const unsigned = ["curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-d", task, url];
            assert.equal(await inWebserver(unsigned), "403");
            for (const namespace of [ingress, other, edi]) {
                const { code, stderr } = await ask(namespace, url);
                assert.notEqual(code, 0, namespace.name);
                assert.match(stderr, /can't connect|timed out/, namespace.name);
            }
        });

        it("let Bots reach nothing else", async () => {
            await assert.rejects(inWebserver(["timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/10.213.1.1/443"]));
        });
    });

    it("lets nobody but root read the cluster's keys and the stack's state", () => {
        assert.equal(statSync(stateDir).mode & 0o777, 0o700);
    });

    it("refuses what it does not know, in one line that says what it takes", async () => {
        for (const [args, message] of [
            [
                ["logs", "printer"],
                /^sandbox: there is no service printer; takes webserver \| jobqueue \| engine \| init \| backup \| database$/m,
            ],
            [["frobnicate"], /^sandbox: there is no command frobnicate; takes preview \| up \| destroy \| .* engine/m],
            [
                ["engine", "--routeid", "nowhere"],
                /^sandbox: the Job .* failed: .*: there is no active route nowhere; /m,
            ],
            [["--frobnicate"], /^sandbox: unknown option '--frobnicate'; --help tells what it takes$/m],
            [["--image", "/nowhere.tar"], /^sandbox: there is no file \/nowhere\.tar; --image takes/m],
            [["--image", __filename], /^sandbox: .* is no OCI or Docker archive/m],
        ] as const) {
            const { code, text } = await sandbox(...args);
            assert.equal(code, 1, args.join(" "));
            assert.match(text, message);
        }
    });
});
