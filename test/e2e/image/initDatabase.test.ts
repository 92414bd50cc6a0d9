import assert from "node:assert/strict";
import { ground } from "./rootHooks";
import { healthcheck, System, until } from "./system";

/** What init-db makes: every table's definition, and which migrations ran. */
async function state(system: System): Promise<string> {
    const columns =
        "SELECT table_name, column_name, column_type, column_default, is_nullable, column_key " +
        "FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";
    return `${await system.sql(columns)}\n${await system.sql("SELECT app, name, applied FROM django_migrations ORDER BY id")}`;
}

describe("init-db", () => {
    let system: System;
    before(() => (system = new System(ground())));
    after(() => system.stop());

    it("fails within 60 s, with one clear line, while there is no database", async () => {
        const start = Date.now();
        const { code, output } = await system.entrypoint("init-db");
        assert.equal(code, 1, output);
        assert.match(output, /^init-database: OperationalError: .*connect.*127\.0\.0\.1.*\n$/i);
        assert.ok(Date.now() - start < 60_000);
    });

    it("fails within 60 s, with one clear line, with a wrong password; nothing is made", async () => {
        await system.startDatabase();
        const start = Date.now();
        const { code, output } = await system.run(["/entrypoint.sh", "init-db"], { DB_PASSWORD: "wrong" });
        assert.equal(code, 1, output);
        assert.match(output, /^init-database: OperationalError: .*Access denied for user 'bots'.*\n$/);
        assert.ok(Date.now() - start < 60_000);
        assert.equal(await system.sql("SHOW TABLES"), "");
    });

    it("leaves the startup check failing until it has run, which names the missing tables", async () => {
        const { code, output } = await system.run([...healthcheck, "startup", "--quiet"]);
        assert.equal(code, 1);
        assert.match(output, /^startup: LookupError: tables are missing: auth_user, .*mutex, .*ta, uniek\n$/);
    });

    it("makes all tables, with the column defaults that the engine needs", async () => {
        await system.succeed("init-db");
        const found = (await system.sql("SHOW TABLES")).split("\n");
        for (const table of ["ta", "mutex", "persist", "uniek", "routes", "channel", "auth_user", "django_session"]) {
            assert.ok(found.includes(table), `no table ${table}`);
        }
        const withDefault =
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'ta' AND column_default = '0'";
        assert.ok(Number(await system.sql(withDefault)) >= 10);
        assert.deepEqual(await system.run([...healthcheck, "startup", "--quiet"]), { code: 0, output: "" });
    });

    it("changes nothing when it runs again", async () => {
        const before = await state(system);
        await system.succeed("init-db");
        assert.equal(await state(system), before);
    });

    it("makes the same tables when four run at once", async () => {
        const tables =
            "SELECT COUNT(*), COUNT(DISTINCT table_name) FROM information_schema.tables WHERE table_schema = DATABASE()";
        const expected = await system.sql(tables);
        await system.emptyDatabase();
        await Promise.all([1, 2, 3, 4].map(() => system.succeed("init-db")));
        assert.equal(await system.sql(tables), expected);
        const twice = "SELECT app, name FROM django_migrations GROUP BY app, name HAVING COUNT(*) > 1";
        assert.equal(await system.sql(twice), "", "a migration ran twice");
    });

    // MySQL cannot undo half a migration: these tables are made by the first, a middle and the last step.
    for (const table of ["bots_edi_initialising", "auth_permission", "django_session"]) {
        it(`begins anew where it was killed as soon as ${table} was there`, async () => {
            await system.emptyDatabase();
            const killed = system.bots(["/entrypoint.sh", "init-db"]);
            await until("the table is there", 60, async () => (await system.sql("SHOW TABLES")).includes(table));
            await killed.kill();
            await system.succeed("init-db");
            assert.equal((await system.run([...healthcheck, "startup"])).code, 0);
        });
    }

    for (const service of ["init-db", "webserver"]) {
        it(`SIGTERM ends it at once while ${service} waits for another one, and nothing runs`, async () => {
            const before = await state(system);
            const locked = system.sql("SELECT GET_LOCK('bots-edi-init:bots_edi', 5), SLEEP(10)");
            const waiting = system.bots(["/entrypoint.sh", service], { DB_INIT_SKIP: "false" });
            await until("it has a connection of its own", 15, async () =>
                (await system.sql("SHOW PROCESSLIST")).includes("Sleep"),
            );
            const { code, seconds } = await waiting.terminate();
            assert.equal(code, 143, waiting.log);
            assert.ok(seconds < 5, `it took ${seconds} s`);
            assert.equal(await state(system), before);
            await locked;
        });
    }

    it("is not finished for the startup check while it fills the database", async () => {
        await system.sql("CREATE TABLE bots_edi_initialising (id integer)");
        const { code, output } = await system.run([...healthcheck, "startup"]);
        assert.equal(code, 1);
        assert.match(output, /^startup: LookupError: the initialisation of the database has not finished\n$/);
    });
});
