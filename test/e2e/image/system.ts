import assert from "node:assert/strict";
import { chownSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Container, type ContainerOptions, type Outcome } from "./container";
import { get, type Machine } from "./machine";
import type { UnpackedImage } from "./unpackedImage";

const repository = join(__dirname, "../../..");
const botsHome = "/home/bots/.bots";

/** Where Bots keeps its environment in a container. */
export const environmentFolder = `${botsHome}/env/default`;

const sample = join(repository, "sandbox/sample");
const resultName = "order-PO-2026-0042.csv";

/** The sample order, and what has to become of it. */
export const order = readFileSync(join(sample, "order.edi"));
export const expected = readFileSync(join(sample, "expected", resultName));

/** The image's own health check. */
export const healthcheck = ["python", "/usr/local/bots/scripts/healthcheck.py", "--config-dir", "/config", "--check"];

/** What the program's Secret gives to every pod. The password has what shells and SQL trip over. */
export const credentials = {
    DB_NAME: "bots_edi",
    DB_USER: "bots",
    DB_PASSWORD: `it's a \\ "pass" %`,
    DB_HOST: "127.0.0.1",
    DB_PORT: "3306",
    DJANGO_SECRET_KEY: "only-for-this-test",
};

/** The test machine and the images; the root hooks make it once for all suites. */
export interface Ground {
    machine: Machine;
    bots: UnpackedImage;
    mariadb: UnpackedImage;
}

let systems = 0;

/** Bots and its database, as the program's pods run them, with volumes of its own. A suite has one and stops it at its end. */
export class System {
    private readonly volumes: string;
    private readonly containers: Container[] = [];
    private database: Container | undefined;

    constructor(private readonly ground: Ground) {
        this.volumes = join(ground.machine.folder, "volumes", String(++systems));
        this.volume("mysql", ground.mariadb.uid);
        // Made by their owner beforehand: a mount point that the runtime has to make belongs to root.
        const environment = ["bots", "bots/env", "bots/env/default", "bots/env/default/config"];
        for (const folder of [...environment, "backup", "exchange"]) {
            this.volume(folder, ground.bots.uid);
        }
        const isSource = (path: string) => !path.endsWith("__pycache__");
        cpSync(join(repository, "config"), join(this.volumes, "config"), { recursive: true, filter: isSource });
    }

    /** Kills what still runs, and removes the volumes. */
    async stop(): Promise<void> {
        await Promise.all(this.containers.map((container) => container.kill()));
        rmSync(this.volumes, { recursive: true, force: true });
    }

    /** A path in the volumes, on this machine: `config/bots.ini`, `mysql`. */
    path(...parts: string[]): string {
        return join(this.volumes, ...parts);
    }

    /** A path in Bots' environment, on this machine: `botssys/outfile`. */
    environmentPath(...parts: string[]): string {
        return this.path("bots/env/default", ...parts);
    }

    /** Where the sample order is put, and what becomes of it, on this machine. */
    get inbox(): string {
        return this.environmentPath("botssys/infile/sample");
    }

    get result(): string {
        return this.environmentPath("botssys/outfile/sample", resultName);
    }

    /** Puts a file into the inbox as its sender would: whole, and readable and removable by Bots. */
    drop(content: Buffer): void {
        writeFileSync(join(this.inbox, ".order"), content);
        chownSync(join(this.inbox, ".order"), 10001, 10001);
        renameSync(join(this.inbox, ".order"), join(this.inbox, "order.edi"));
    }

    /** Makes an empty folder in the volumes that this user may write to. */
    volume(name: string, uid: number): void {
        mkdirSync(this.path(name), { recursive: true });
        chownSync(this.path(name), uid, uid);
    }

    /** Starts MariaDB over a volume, as the program's StatefulSet does. */
    startMariadb(environment: Record<string, string> = {}, volume = "mysql"): Container {
        return this.start({
            image: this.ground.mariadb,
            environment: {
                MARIADB_DATABASE: credentials.DB_NAME,
                MARIADB_USER: credentials.DB_USER,
                MARIADB_PASSWORD: credentials.DB_PASSWORD,
                MARIADB_RANDOM_ROOT_PASSWORD: "1",
                ...environment,
            },
            volumes: { "/var/lib/mysql": this.path(volume) },
            temporary: ["/run/mysqld"],
        });
    }

    /** Starts the database and waits until its own health check passes. */
    async startDatabase(): Promise<Container> {
        this.database = this.startMariadb();
        await healthy(this.database);
        return this.database;
    }

    /** Runs SQL in the database as Bots' user; returns the rows, tab separated. */
    async sql(statement: string): Promise<string> {
        assert.ok(this.database, "the database was not started");
        return query(this.database, statement);
    }

    /** Empties the database. */
    async emptyDatabase(): Promise<void> {
        await this.sql(`DROP DATABASE ${credentials.DB_NAME}; CREATE DATABASE ${credentials.DB_NAME}`);
    }

    /** Starts a service of Bots, as the program's pods do. */
    bots(command: string[], environment: Record<string, string> = {}): Container {
        return this.start({
            image: this.ground.bots,
            command,
            environment: { ...credentials, BOTSENV: "default", DB_INIT_SKIP: "true", ...environment },
            volumes: {
                [botsHome]: this.path("bots"),
                "/config": this.path("config"),
                "/sample": sample,
                "/backup": this.path("backup"),
                "/exchange": this.path("exchange"),
            },
            temporary: [`${environmentFolder}/config`],
        });
    }

    /** Runs a command of the Bots image to its end. */
    async run(command: string[], environment: Record<string, string> = {}): Promise<Outcome> {
        return this.bots(command, environment).ended;
    }

    /** Runs config/backup.py as its pod does, the database's client beside it as the same user; returns what it printed. */
    async backup(...args: string[]): Promise<string> {
        const exchange = { EXCHANGE: "/exchange" };
        const client = this.start({
            image: { ...this.ground.mariadb, uid: this.ground.bots.uid },
            command: ["/bin/sh", "-c", readFileSync(this.path("config/database_client.sh"), "utf8")],
            environment: { ...credentials, ...exchange },
            volumes: { "/exchange": this.path("exchange") },
        });
        const config = `${environmentFolder}/config`;
        const folders = { BACKUP_CONFIG: config, BACKUP_DATA: botsHome, BACKUP_TARGET: "/backup" };
        const script = `cp /config/* ${config} && exec python /config/backup.py "$@"`;
        const { code, output } = await this.run(["sh", "-c", script, "sh", ...args], { ...folders, ...exchange });
        await client.kill();
        assert.equal(code, 0, output);
        return output;
    }

    /** Runs a service of the entrypoint to its end. */
    async entrypoint(...args: string[]): Promise<Outcome> {
        return this.run(["/entrypoint.sh", ...args]);
    }

    /** As {@link entrypoint}, for what has to succeed; returns what it printed. */
    async succeed(...args: string[]): Promise<string> {
        const { code, output } = await this.entrypoint(...args);
        assert.equal(code, 0, output);
        return output;
    }

    /** Initialises the database and installs the sample order's route. */
    async installSample(...options: string[]): Promise<void> {
        const script = '/entrypoint.sh init-db && python /sample/load.py "$@"';
        const { code, output } = await this.run(["sh", "-c", script, "sh", ...options]);
        assert.equal(code, 0, output);
    }

    /** Starts the web server and waits until it serves. */
    async startWebserver(): Promise<Container> {
        const webserver = this.bots(["/entrypoint.sh", "webserver"]);
        await until("the web server serves", 60, async () => {
            assert.ok(webserver.running, webserver.log);
            return (await this.get("/health/live")).status === 200;
        });
        return webserver;
    }

    /** GET of a page of the web server. */
    async get(path: string): Promise<{ status: number; body: string; seconds: number }> {
        return get(this.ground.machine, `http://127.0.0.1:8080${path}`);
    }

    private start(options: ContainerOptions): Container {
        const container = Container.start(this.ground.machine, options);
        this.containers.push(container);
        return container;
    }
}

/** Runs SQL in a MariaDB container, over TCP as Bots' user. */
export async function query(database: Container, statement: string): Promise<string> {
    const { DB_USER, DB_PASSWORD, DB_NAME } = credentials;
    const login = ["--protocol=tcp", "--host=127.0.0.1", `--user=${DB_USER}`, `--password=${DB_PASSWORD}`];
    const client = ["mariadb", "--batch", "--skip-column-names", ...login, DB_NAME, "--execute", statement];
    const { code, output } = await database.exec(...client);
    assert.equal(code, 0, output);
    return output.trim();
}

/** Waits until MariaDB's health check passes; fails at once where the server has ended. */
export async function healthy(database: Container): Promise<void> {
    await until("MariaDB is healthy", 60, async () => {
        assert.ok(database.running, `MariaDB ended:\n${database.log}`);
        return (await database.exec("healthcheck.sh", "--connect", "--innodb_initialized")).code === 0;
    });
}

/** Asks again and again until it is so. */
export async function until(what: string, seconds: number, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await isSo())) {
        if (Date.now() > deadline) assert.fail(`not within ${seconds} s: ${what}`);
        await sleep(200);
    }
}
