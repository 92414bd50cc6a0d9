/** The database's own client, beside what asks it to dump or to load. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromSecret, HARDENED, PodContainer, Resources } from "./pod";
import { BotsRuntime } from "./podTemplate";

const EXCHANGE_DIR = "/exchange";

/** Where the two containers meet: requests, answers and a pipe, so nothing of size. */
export const EXCHANGE_VOLUME = { name: "exchange", emptyDir: { sizeLimit: "16Mi" } };

/** The same as a mount of a container. */
export const EXCHANGE_MOUNT = { name: EXCHANGE_VOLUME.name, mountPath: EXCHANGE_DIR };

/** The same as a variable of a container. */
export const EXCHANGE_ENV = { name: "EXCHANGE", value: EXCHANGE_DIR };

const SCRIPT = readFileSync(join(__dirname, "..", "config", "database_client.sh"), "utf8");

/**
 * An init container that goes on beside the others and ends with them: Bots' image need not have the client.
 *
 * @param image - an image with `mariadb-dump` and `mariadb`, `mysqldump` and `mysql`, or `pg_dump` and `psql`
 */
export function databaseClient(runtime: BotsRuntime, image: string, resources: Resources): PodContainer {
    const engine = fromSecret(runtime.databaseSecret, "DB_ENGINE", { optional: true });
    const tls = ["DB_SSL_MODE", "DB_SSL_CA"].map((key) => ({
        name: key,
        valueFrom: { configMapKeyRef: { name: runtime.configMaps.env, key, optional: true } },
    }));
    const credentials = ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT"];
    return {
        name: "database-client",
        image,
        imagePullPolicy: "IfNotPresent",
        restartPolicy: "Always",
        command: ["/bin/sh", "-c", SCRIPT],
        env: [engine, ...credentials.map((key) => fromSecret(runtime.databaseSecret, key)), ...tls, EXCHANGE_ENV],
        securityContext: HARDENED,
        resources,
        volumeMounts: [EXCHANGE_MOUNT, { name: "tmp", mountPath: "/tmp" }],
    };
}
