import assert from "node:assert/strict";
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ground } from "./rootHooks";
import { environmentFolder, System, until } from "./system";

const sample = join(__dirname, "../../../sandbox/sample");
const resultName = "order-PO-2026-0042.csv";
const expected = readFileSync(join(sample, "expected", resultName));

describe("engine", () => {
    let system: System;
    let outbox: string;
    let inbox: string;

    before(async () => {
        system = new System(ground());
        await system.startDatabase();
        assert.equal((await system.entrypoint("init-db")).code, 0);
        const { code, output } = await system.run(["sh", "-c", "/entrypoint.sh init-db && python /sample/load.py"]);
        assert.equal(code, 0, output);
        outbox = system.environmentPath("botssys/outfile/sample");
        inbox = system.environmentPath("botssys/infile/sample");
    });
    after(() => system.stop());

    /** Puts a file into the inbox as its sender would: whole, and readable and removable by Bots. */
    function drop(content: Buffer): void {
        writeFileSync(join(inbox, ".order"), content);
        chownSync(join(inbox, ".order"), 10001, 10001);
        renameSync(join(inbox, ".order"), join(inbox, "order.edi"));
    }

    it("installs the sample again without a change", async () => {
        const rows =
            "SELECT (SELECT COUNT(*) FROM routes), (SELECT COUNT(*) FROM channel), (SELECT COUNT(*) FROM translate)";
        assert.equal(await system.sql(rows), "1\t2\t1");
        const { code, output } = await system.run([
            "sh",
            "-c",
            "/entrypoint.sh init-db && python /sample/load.py --drop",
        ]);
        assert.equal(code, 0, output);
        assert.equal(await system.sql(rows), "1\t2\t1");
        assert.deepEqual(readdirSync(inbox), ["order.edi"]);
    });

    it("converts the sample order, byte by byte, and says so on the console", async () => {
        const { code, output } = await system.entrypoint("engine", "--new");
        assert.equal(code, 0, output);
        assert.deepEqual(readFileSync(join(outbox, resultName)), expected);
        assert.match(output, /1 files without errors,\s+1 files send in run/);
        assert.deepEqual(readdirSync(inbox), []);
    });

    it("does nothing when there is nothing new", async () => {
        const before = statSync(join(outbox, resultName)).mtimeMs;
        const rows = "SELECT COUNT(*) FROM ta WHERE filename <> ''";
        const counted = await system.sql(rows);
        const { code, output } = await system.entrypoint("engine", "--new");
        assert.equal(code, 0, output);
        assert.match(output, /Nothing to do in run|0 files received/);
        assert.deepEqual(readdirSync(outbox), [resultName]);
        assert.equal(statSync(join(outbox, resultName)).mtimeMs, before);
        assert.equal(await system.sql(rows), counted);
    });

    it("takes --routeid as the program gives it", async () => {
        drop(readFileSync(join(sample, "order.edi")));
        await system.entrypoint("engine", "--new", "--routeid=another_route");
        assert.deepEqual(readdirSync(inbox), ["order.edi"], "only the route that was named runs");
        const { code, output } = await system.entrypoint("engine", "--new", "--routeid=sample_order");
        assert.equal(code, 0, output);
        assert.deepEqual(readFileSync(join(outbox, resultName)), expected);
        assert.deepEqual(readdirSync(inbox), []);
    });

    it("refuses an argument that it does not know, in place of a usage text and success", async () => {
        const { code, output } = await system.entrypoint("engine", "--neww");
        assert.equal(code, 1);
        assert.match(output, /unknown argument '--neww'; known: --new /);
    });

    it("ended by SIGTERM in the middle of a run says so, and the next run recovers and converts the order", async () => {
        drop(readFileSync(join(sample, "order.edi")));
        const locked = system.sql("LOCK TABLES routes WRITE; SELECT SLEEP(6)");
        const engine = system.bots(["/entrypoint.sh", "engine", "--new"]);
        await until("the engine waits for the routes", 30, async () => {
            assert.ok(engine.running, engine.log);
            return (await system.sql("SELECT COUNT(*) FROM mutex")) === "1";
        });
        const { code, seconds } = await engine.terminate();
        assert.equal(code, 143, "killed is not done");
        assert.ok(seconds < 5, `took ${seconds} s`);
        await locked;
        const next = await system.entrypoint("engine", "--new");
        assert.match(next.output, /crash recovery/);
        assert.equal(next.code, 0, next.output);
        assert.deepEqual(readFileSync(join(outbox, resultName)), expected);
        assert.deepEqual(readdirSync(inbox), []);
        assert.equal(await system.sql("SELECT COUNT(*) FROM mutex"), "0");
    });

    it("keeps exit code 2: ran, with errors in the data", async () => {
        drop(Buffer.from(readFileSync(join(sample, "order.edi"), "latin1").replace("CNT+2:3'", "XXX+2:3'"), "latin1"));
        const { code, output } = await system.entrypoint("engine", "--new");
        assert.equal(code, 2, output);
        assert.match(output, /1 files with errors/);
    });

    it("keeps exit code 3: another engine holds the port", async () => {
        const hold =
            "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 28081)); print('held'); time.sleep(300)";
        const other = system.bots(["python", "-c", hold]);
        await until("the port is held", 30, () => other.log.includes("held"));
        const { code, output } = await system.entrypoint("engine", "--new");
        assert.equal(code, 3, output);
        await other.kill();
    });

    it("writes nowhere but to the data volume and /tmp", async () => {
        const { output } = await system.run([
            "sh",
            "-c",
            "id -u; touch /home/bots/x /usr/local/bots/x /config/x /x; ls /tmp",
        ]);
        assert.match(output, /^10001$/m);
        assert.equal(output.match(/Read-only file system|Permission denied/g)?.length, 4, output);
        assert.ok(existsSync(system.environmentPath("botssys/logging/engine.log")));
        assert.ok(environmentFolder.startsWith("/home/bots/.bots/"));
    });
});
