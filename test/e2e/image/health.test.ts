import assert from "node:assert/strict";
import type { Container } from "./container";
import { ground } from "./rootHooks";
import { healthcheck, System, until } from "./system";

describe("health", () => {
    let system: System;
    let database: Container;
    let webserver: Container;
    before(async () => {
        system = new System(ground());
        database = await system.startDatabase();
        webserver = await system.startWebserver();
    });
    after(() => system.stop());

    /** The answers of the three endpoints and the exit codes of the three exec checks. */
    async function answers(): Promise<Record<string, number>> {
        const found: Record<string, number> = {};
        for (const check of ["live", "ready", "startup"]) {
            found[`GET ${check}`] = (await system.get(`/health/${check}`)).status;
            found[`exec ${check}`] = (await webserver.exec(...healthcheck, check, "--quiet")).code;
        }
        return found;
    }

    const well = {
        "GET live": 200,
        "exec live": 0,
        "GET ready": 200,
        "exec ready": 0,
        "GET startup": 200,
        "exec startup": 0,
    };

    it("before init-db: live and ready, not started", async () => {
        assert.deepEqual(await answers(), { ...well, "GET startup": 503, "exec startup": 1 });
    });

    it("after init-db: all well, and the login page is served", async () => {
        await system.succeed("init-db");
        assert.deepEqual(await answers(), well);
        assert.equal((await system.get("/login/")).status, 200);
        assert.equal((await system.get("/health/other")).status, 404);
    });

    it("takes the spec's own commands, as people type them into a pod", async () => {
        for (const check of ["live", "ready", "startup"]) {
            const page = `http://localhost:8080/health/${check}`;
            assert.equal((await webserver.exec("curl", "-sf", page)).code, 0, page);
        }
        const [python = "", script = ""] = healthcheck;
        const { code, output } = await webserver.exec(python, script, "--check", "ready");
        assert.equal(code, 0, output);
        assert.match(output, /^ready: ok/);
    });

    it("with the database stopped: live at once, not ready within 2 s", async () => {
        await database.terminate();
        const live = await system.get("/health/live");
        assert.equal(live.status, 200);
        assert.ok(live.seconds < 1, `live took ${live.seconds} s`);
        const ready = await system.get("/health/ready");
        assert.equal(ready.status, 503);
        assert.ok(ready.seconds < 2, `ready took ${ready.seconds} s`);
        assert.deepEqual(await answers(), {
            ...{ "GET live": 200, "GET ready": 503, "GET startup": 503 },
            ...{ "exec live": 0, "exec ready": 1, "exec startup": 1 },
        });
    });

    it("with the database started again: all well, without a restart", async () => {
        await system.startDatabase();
        await until("ready again", 10, async () => (await system.get("/health/ready")).status === 200);
        assert.deepEqual(await answers(), well);
        assert.equal((await system.get("/login/")).status, 200);
    });

    it("exec checks say what is wrong with their arguments", async () => {
        const { code, output } = await webserver.exec(...healthcheck, "other");
        assert.equal(code, 2);
        assert.match(output, /invalid choice: 'other'/);
    });
});
