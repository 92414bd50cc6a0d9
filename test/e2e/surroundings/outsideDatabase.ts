/** A database that is not the stack's, in a namespace of its own. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestNamespace } from "../namespace";

/** Its image, which has the client of backups too. */
export const MARIADB = "localhost/bots-edi-mariadb:10.11";

/** What a Secret holds, by its keys. */
export type Values = Record<string, string>;

/** A Secret, as far as it is looked at here. */
export interface Secret {
    readonly data: Readonly<Record<string, string>>;
}

/** What a Secret holds. */
export function valuesOf({ data }: Secret): Values {
    return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
}

const NAME = "botsedi";

export class OutsideDatabase {
    constructor(private readonly namespace: TestNamespace) {}

    /** Starts it, and returns what the stack's Secret has to hold. */
    async start(): Promise<Values> {
        const password = randomBytes(18).toString("hex");
        const env = {
            MARIADB_ROOT_PASSWORD: randomBytes(18).toString("hex"),
            MARIADB_DATABASE: NAME,
            MARIADB_USER: NAME,
            MARIADB_PASSWORD: password,
        };
        const container = {
            name: "mariadb",
            image: MARIADB,
            env: Object.entries(env).map(([name, value]) => ({ name, value })),
            readinessProbe: {
                exec: { command: ["healthcheck.sh", "--connect", "--innodb_initialized"] },
                periodSeconds: 2,
                timeoutSeconds: 10,
            },
            volumeMounts: [{ name: "data", mountPath: "/var/lib/mysql" }],
        };
        const metadata = { name: "mariadb", labels: { app: "mariadb" } };
        const volumes = [{ name: "data", emptyDir: {} }];
        const spec = { securityContext: { fsGroup: 999 }, containers: [container], volumes };
        const service = { selector: metadata.labels, ports: [{ port: 3306 }] };
        await this.namespace.apply(
            { apiVersion: "v1", kind: "Service", metadata, spec: service },
            { apiVersion: "v1", kind: "Pod", metadata, spec },
        );
        await this.namespace.waitForPod("mariadb");
        return {
            DB_NAME: NAME,
            DB_USER: NAME,
            DB_PASSWORD: password,
            DB_HOST: `mariadb.${this.namespace.name}.svc`,
            DB_PORT: "3306",
            DJANGO_SECRET_KEY: randomBytes(32).toString("hex"),
        };
    }

    /** Has it let the user in with each of these passwords. */
    async letIn(...passwords: string[]): Promise<void> {
        const ways = passwords.map((password) => `mysql_native_password USING PASSWORD('${password}')`).join(" OR ");
        const client = 'exec mariadb -N -uroot -p"$MARIADB_ROOT_PASSWORD"';
        const statement = `ALTER USER '${NAME}'@'%' IDENTIFIED VIA ${ways};`;
        const exec = ["exec", "-i", "mariadb", "--", "sh", "-c", client];
        const { code, stderr } = await this.namespace.tryKubectl(exec, statement);
        assert.equal(code, 0, stderr);
    }
}
