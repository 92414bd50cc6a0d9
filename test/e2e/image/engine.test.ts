import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { ground } from "./rootHooks";
import { environmentFolder, expected, order, System, until } from "./system";

describe("engine", () => {
    let system: System;
    before(async () => {
        system = new System(ground());
        await system.startDatabase();
        await system.installSample();
    });
    after(() => system.stop());

    /** The order was converted, byte by byte, and has left the inbox. */
    const assertConverted = () => {
        assert.deepEqual(readFileSync(system.result), expected);
        assert.deepEqual(readdirSync(system.inbox), []);
    };

    it("installs the sample again without a change", async () => {
        const rows =
            "SELECT (SELECT COUNT(*) FROM routes), (SELECT COUNT(*) FROM channel), (SELECT COUNT(*) FROM translate)";
        assert.equal(await system.sql(rows), "1\t2\t1");
        await system.installSample("--drop");
        assert.equal(await system.sql(rows), "1\t2\t1");
        assert.deepEqual(readdirSync(system.inbox), ["order.edi"]);
    });

    it("converts the sample order, and says so on the console", async () => {
        const output = await system.succeed("engine", "--new");
        assertConverted();
        assert.match(output, /1 files without errors,\s+1 files send in run/);
    });

    it("does nothing when there is nothing new", async () => {
        const before = statSync(system.result).mtimeMs;
        const rows = "SELECT COUNT(*) FROM ta WHERE filename <> ''";
        const counted = await system.sql(rows);
        assert.match(await system.succeed("engine", "--new"), /Nothing to do in run|0 files received/);
        assert.deepEqual(readdirSync(dirname(system.result)), [basename(system.result)]);
        assert.equal(statSync(system.result).mtimeMs, before);
        assert.equal(await system.sql(rows), counted);
    });

    it("takes --routeid as the program gives it", async () => {
        system.drop(order);
        await system.entrypoint("engine", "--new", "--routeid=another_route");
        assert.deepEqual(readdirSync(system.inbox), ["order.edi"], "only the route that was named runs");
        await system.succeed("engine", "--new", "--routeid=sample_order");
        assertConverted();
    });

    it("refuses an argument that it does not know, in place of a usage text and success", async () => {
        const { code, output } = await system.entrypoint("engine", "--neww");
        assert.equal(code, 1);
        assert.match(output, /unknown argument '--neww'; known: --new /);
    });

    it("ended by SIGTERM in the middle of a run says so, and the next run recovers and converts the order", async () => {
        system.drop(order);
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
        assert.match(await system.succeed("engine", "--new"), /crash recovery/);
        assertConverted();
        assert.equal(await system.sql("SELECT COUNT(*) FROM mutex"), "0");
    });

    it("keeps exit code 2: ran, with errors in the data", async () => {
        system.drop(Buffer.from(order.toString("latin1").replace("CNT+2:3'", "XXX+2:3'"), "latin1"));
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
        const script = "id -u; touch /home/bots/x /usr/local/bots/x /config/x /x; ls /tmp";
        const { output } = await system.run(["sh", "-c", script]);
        assert.match(output, /^10001$/m);
        assert.equal(output.match(/Read-only file system|Permission denied/g)?.length, 4, output);
        assert.ok(existsSync(system.environmentPath("botssys/logging/engine.log")));
        assert.ok(environmentFolder.startsWith("/home/bots/.bots/"));
    });
});
