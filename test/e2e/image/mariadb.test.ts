import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ground } from "./rootHooks";
import { healthy, query, System, until } from "./system";

describe("mariadb image", () => {
    let system: System;
    before(() => (system = new System(ground())));
    after(() => system.stop());

    it("makes the database in utf8mb4 and its user on the first start, and keeps data over a restart", async () => {
        const first = await system.startDatabase();
        assert.equal(await query(first, "SELECT @@character_set_database"), "utf8mb4");
        await query(first, "CREATE TABLE kept (word VARCHAR(20)); INSERT INTO kept VALUES ('Bürobedarf')");
        await first.terminate();
        const second = await system.startDatabase();
        assert.doesNotMatch(second.log, /making the data directory/);
        assert.equal(await query(second, "SELECT * FROM kept"), "Bürobedarf");
        await second.terminate();
    });

    it("lets nobody in without a password, and its health check leaves no denied log-in in the log", async () => {
        const database = await system.startDatabase();
        assert.doesNotMatch(database.log, /Access denied/);
        for (const user of ["root", "mysql", "healthcheck", ""]) {
            for (const way of [["--host=127.0.0.1", "--protocol=tcp"], ["--protocol=socket"]]) {
                const { code, output } = await database.exec(
                    "mariadb",
                    `--user=${user}`,
                    ...way,
                    "--execute",
                    "SELECT 1",
                );
                assert.equal(code, 1, `user '${user}' ${way.join(" ")}`);
                assert.match(output, /Access denied/);
            }
        }
        await database.terminate();
    });

    it("SIGTERM ends it in good order within 60 s", async () => {
        const database = await system.startDatabase();
        const { code, seconds, output } = await database.terminate();
        assert.equal(code, 0, output);
        assert.ok(seconds < 60, `took ${seconds} s`);
        assert.match(output, /mariadbd: Shutdown complete/);
    });

    for (const moment of [0, 200, 400, 800]) {
        it(`killed ${moment} ms into its first start, makes a whole data directory on the next`, async () => {
            const volume = `mysql-killed-${moment}`;
            system.volume(volume, 999);
            const killed = system.startMariadb({}, volume);
            await until("the first start has begun", 30, () =>
                existsSync(join(system.path(volume), ".bots-edi-initialising")),
            );
            await sleep(moment);
            await killed.kill();
            const next = system.startMariadb({}, volume);
            await healthy(next);
            assert.equal(await query(next, "SELECT DATABASE()"), "bots_edi");
            await next.terminate();
        });
    }

    it("refuses to start without a root password on an empty data directory, and says what to set", async () => {
        system.volume("mysql-empty", 999);
        const { code, output } = await system.startMariadb({ MARIADB_RANDOM_ROOT_PASSWORD: "" }, "mysql-empty").ended;
        assert.equal(code, 1);
        assert.match(output, /set MARIADB_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD=1/);
    });
});
