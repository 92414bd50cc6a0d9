/** One whole system on the real cluster, with the database that is asked for, and its data volume as a folder of this machine. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importProjectImages } from "../../sandbox/cluster/images";
import { waitUntil } from "../../operations/wait";
import { type Outcome } from "../../operations/exec";
import { TestNamespace } from "../e2e/namespace";
import { TestStack } from "../e2e/pulumi/testStack";
import { type DatabaseName } from "./plan";

const IMAGES = { mariadb: "localhost/bots-edi-mariadb:10.11", postgresql: "localhost/bots-edi-postgresql:15" };

/** The process of each database that all others of it depend on. */
const SERVERS = { mariadb: /^mariadbd\b/, postgresql: /^(\S*\/)?postgres( |$)/ };

interface Volume {
    readonly spec: { readonly hostPath?: { readonly path: string }; readonly local?: { readonly path: string } };
}

/** A deployed system. */
export class System {
    private constructor(
        readonly database: DatabaseName,
        readonly home: TestNamespace,
        readonly stack: TestStack,
        /** The Bots environment on the data volume. */
        readonly folder: string,
    ) {}

    /** Deploys a system with this program, its schedule suspended; `settings` are added to those that all have. */
    static async deploy(
        database: DatabaseName,
        namespace: string,
        settings: Record<string, unknown> = {},
    ): Promise<System> {
        await importProjectImages([database]);
        const home = new TestNamespace(namespace);
        await home.delete();
        const stack = await TestStack.botsEdi({
            namespace,
            protectData: "false",
            database: { engine: database, image: IMAGES[database], size: "1Gi" },
            storage: { data: "1Gi", logs: "64Mi", config: "64Mi" },
            engine: { schedule: "* * * * *", suspend: true },
            ...settings,
        });
        await stack.up();
        const claim = await home.get<{ spec: { volumeName: string } }>("pvc/bots-edi-data-pvc");
        const { spec } = await home.get<Volume>(`pv/${claim.spec.volumeName}`);
        const path = spec.hostPath?.path ?? spec.local?.path;
        assert.ok(path);
        return new System(database, home, stack, join(path, "env", "default"));
    }

    /** Removes it, its data included. */
    async remove(): Promise<void> {
        await this.home.delete();
        this.stack.remove();
    }

    get namespace(): string {
        return this.home.name;
    }

    /** The command line of the database's server. */
    get databaseServer(): RegExp {
        return SERVERS[this.database];
    }

    /** kubectl in its namespace. */
    kubectl(...args: string[]): Promise<string> {
        return this.home.kubectl(...args);
    }

    /** As `kubectl`, for calls that may fail. */
    tryKubectl(...args: string[]): Promise<Outcome> {
        return this.home.tryKubectl(args);
    }

    /** An object of its namespace. */
    read<T>(...what: string[]): Promise<T> {
        return this.home.get<T>(...what);
    }

    /** Runs a script of this folder in a webserver. */
    async python(script: string, ...args: string[]): Promise<string> {
        const code = readFileSync(join(__dirname, script), "utf8");
        return this.kubectl(
            "exec",
            "deployment/bots-webserver",
            "-c",
            "webserver",
            "--",
            "python",
            "-c",
            code,
            ...args,
        );
    }

    /** Waits until database, webserver and job queue are ready. */
    async ready(): Promise<void> {
        const workloads = "statefulset/bots-db,deployment/bots-webserver,deployment/bots-jobqueue".split(",");
        const isReady = async () => {
            const all = await Promise.all(workloads.map((name) => this.read<{ status: Record<string, number> }>(name)));
            return all.every(({ status }) => status.readyReplicas === 1 && (status.unavailableReplicas ?? 0) === 0);
        };
        await waitUntil(`${this.namespace} to be ready`, isReady, { timeout: 900, interval: 500 });
    }
}
