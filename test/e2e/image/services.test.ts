import assert from "node:assert/strict";
import {
    appendFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Container, Outcome } from "./container";
import { ground } from "./rootHooks";
import { environmentFolder, expected, healthcheck, order, System, until } from "./system";

const configOption = `-c${environmentFolder}/config`;
const slowRun = `import pathlib, time
def pre(*args, **kwargs):
    pathlib.Path("${environmentFolder}/botssys/begun").touch()
    time.sleep(8)
    pathlib.Path("${environmentFolder}/botssys/done").touch()
`;

describe("services", () => {
    let system: System;
    before(async () => {
        system = new System(ground());
        appendFileSync(
            system.path("config/bots.ini"),
            `\n[dirmonitor1]\npath = ${environmentFolder}/botssys/infile/sample\nfilemask = *.edi\nroute = sample_order\n`,
        );
        await system.startDatabase();
        await system.installSample();
    });
    after(() => system.stop());

    async function startJobqueue(): Promise<Container> {
        const jobqueue = system.bots(["/entrypoint.sh", "jobqueueserver"]);
        await until("the job queue listens", 60, async () => {
            assert.ok(jobqueue.running, jobqueue.log);
            return (await jobqueue.exec(...healthcheck, "ready", "--quiet")).code === 0;
        });
        return jobqueue;
    }

    /** Checks that a service ended in good order and in time. */
    function assertStopped(
        { code, seconds, output }: Outcome & { seconds: number },
        expected: number,
        limit: number,
    ): void {
        assert.equal(code, expected, output);
        assert.ok(seconds < limit, `took ${seconds} s of ${limit} s`);
        assert.doesNotMatch(output, /Traceback/);
    }

    it("webserver: SIGTERM answers the request that is under way, then ends with 0 within 30 s", async () => {
        const webserver = await system.startWebserver();
        assert.equal((await system.get("/login/")).status, 200);
        // The login page reads the session from the database: held up by a lock, it is still being made when SIGTERM comes.
        const locked = system.sql("LOCK TABLES auth_user WRITE, django_session WRITE; SELECT SLEEP(3)");
        await until("the tables are locked", 10, async () =>
            (await system.sql("SHOW OPEN TABLES WHERE In_use > 0")).includes("auth_user"),
        );
        const script =
            "import urllib.request, urllib.parse, http.cookiejar, re;" +
            "o = urllib.request.build_opener(urllib.request.HTTPCookieProcessor());" +
            "u = 'http://127.0.0.1:8080/login/'; p = o.open(u).read().decode();" +
            "t = re.search('csrfmiddlewaretoken.*?value=\"([^\"]+)', p).group(1); print('asking', flush=True);" +
            "d = urllib.parse.urlencode({'csrfmiddlewaretoken': t, 'username': 'a', 'password': 'b'}).encode();" +
            "print(o.open(u, d).status)";
        const client = system.bots(["python", "-c", script]);
        await until("the request is under way", 30, () => client.log.includes("asking"));
        await until("the request waits for the lock", 10, async () =>
            (await system.sql("SHOW PROCESSLIST")).includes("metadata lock"),
        );
        assertStopped(await webserver.terminate(), 0, 30);
        assert.deepEqual(await client.ended, { code: 0, output: "asking\n200\n" });
        await locked;
    });

    it("jobqueueserver: SIGTERM ends it with 0 within 60 s", async () => {
        const jobqueue = await startJobqueue();
        assertStopped(await jobqueue.terminate(), 0, 60);
    });

    it("jobqueueserver: SIGTERM lets the running job finish first", async () => {
        const jobqueue = await startJobqueue();
        const done = system.environmentPath("botssys/done");
        // Bots' engine calls this script as each run begins.
        const script = system.environmentPath("usersys/routescripts/botsengine.py");
        mkdirSync(dirname(script), { recursive: true });
        writeFileSync(script, slowRun);
        const queued = await jobqueue.exec("bots-job2queue", configOption, "bots-engine");
        assert.equal(queued.code, 0, queued.output);
        await until("the job runs", 30, () => existsSync(system.environmentPath("botssys/begun")));
        assert.ok(!existsSync(done));
        assertStopped(await jobqueue.terminate(), 0, 60);
        assert.ok(existsSync(done), "the job was cut off");
        rmSync(script);
    });

    it("jobqueueserver: starts nothing but bots-engine", async () => {
        const jobqueue = await startJobqueue();
        const { code, output } = await jobqueue.exec("bots-job2queue", configOption, "touch", "/tmp/started");
        assert.equal(code, 3, output);
        assert.match(output, /^Refused: the job queue takes bots-engine alone\.$/m);
        await jobqueue.kill();
    });

    it("jobqueueserver: not live where it does not listen", async () => {
        const stopped = system.bots(["bash", "-c", "exec -a bots-jobqueueserver sleep 60"]);
        await until("it runs", 10, async () => (await stopped.exec("true")).code === 0);
        const { code, output } = await stopped.exec(...healthcheck, "live");
        assert.equal(code, 1, output);
        assert.match(output, /^live: ConnectionRefusedError: /);
        await stopped.kill();
    });

    it("dirmonitor sees a new file, the job queue runs the engine, and the order is converted; SIGTERM ends both", async () => {
        const jobqueue = await startJobqueue();
        const dirmonitor = system.bots(["/entrypoint.sh", "dirmonitor"]);
        await until("the directory is watched", 30, () => {
            assert.ok(dirmonitor.running, dirmonitor.log);
            // It says so when it begins, and again when its watches are on their way.
            return dirmonitor.log.split("Bots dirmonitor started").length > 2;
        });
        system.drop(order);
        const isConverted = () => existsSync(system.result) && readdirSync(system.inbox).length === 0;
        await until("the order is converted", 60, isConverted);
        assertStopped(await dirmonitor.terminate(), 143, 30);
        assertStopped(await jobqueue.terminate(), 0, 60);
        assert.deepEqual(readFileSync(system.result), expected);
    });

    it("bots-plugoutindex writes the routes and channels", async () => {
        const script = `/entrypoint.sh init-db && bots-plugoutindex ${configOption}`;
        const { code, output } = await system.run(["sh", "-c", script]);
        assert.equal(code, 0, output);
        assert.match(readFileSync(system.environmentPath("usersys/index.py"), "utf8"), /sample_order/);
    });

    it("an unknown service is refused, with those that there are", async () => {
        const { code, output } = await system.entrypoint("webserer");
        assert.equal(code, 1);
        assert.match(output, /unknown service 'webserer'; usage: \/entrypoint\.sh webserver \| jobqueueserver/);
    });

    it("a missing configuration is named", async () => {
        renameSync(system.path("config/settings.py"), system.path("config/other.py"));
        const { code, output } = await system.entrypoint("webserver");
        renameSync(system.path("config/other.py"), system.path("config/settings.py"));
        assert.equal(code, 1);
        assert.match(output, /no settings\.py: mount it at \/config\/settings\.py, readable by uid 10001/);
    });
});
