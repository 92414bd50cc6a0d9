/** The init container of what needs the database: it may start before the network lets it through, and before db-init is done. */
import { fromSecret, HARDENED, PodContainer, Resources } from "./pod";
import { botsContainer, BotsRuntime } from "./podTemplate";

/** Name of the init container. */
export const DATABASE_WAIT = "wait-for-database";

/** Seconds after which the service starts all the same and says by itself what is wrong, unless it would only say "unknown host". */
const REACH_SECONDS = 20;

/** Seconds that a pod waits for db-init; then it says what is missing, and is tried again. */
const MIGRATIONS_SECONDS = 600;

/** Bash: ends with 1 where DNS does not know the database, which drivers report as a database that is down. */
const NAME_RESOLVES = `if [ -n "\${DB_HOST:-}" ] && command -v getent >/dev/null && ! timeout 15 getent ahosts "$DB_HOST" >/dev/null; then
  echo "DNS does not resolve $DB_HOST: networkPolicy.dns says where this cluster's DNS is; or DB_HOST in the Secret is wrong" >&2
  exit 1
fi`;

/** Bash: waits until the database's port can be reached, for so long at most. */
export const REACH = `if [ -n "\${DB_HOST:-}" ]; then
  until timeout 2 bash -c 'exec 3<>"/dev/tcp/$DB_HOST/$DB_PORT"' 2>/dev/null; do
    [ $SECONDS -lt ${REACH_SECONDS} ] || { echo "no connection to $DB_HOST:$DB_PORT within ${REACH_SECONDS} s"; break; }
    sleep 0.5
  done
fi
${NAME_RESOLVES}
`;

const REACH_AND_MIGRATIONS = `${REACH}exec python /config/migrations.py ${MIGRATIONS_SECONDS}\n`;

const command = (script: string) => ["/bin/bash", "-c", script];

/** Of the init container: more than it takes, whatever a service has. What Pulumi tells of a pod that fails is of its other containers. */
const RESOURCES: Resources = { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } };

/**
 * Waits until the database's port can be reached. A network policy that lets pods in by their labels takes effect only when
 * the network has learnt a new pod's address: by then a run that does not try again has failed.
 */
export function databaseWait(runtime: BotsRuntime): PodContainer {
    return {
        name: DATABASE_WAIT,
        image: runtime.image,
        imagePullPolicy: runtime.imagePullPolicy,
        command: command(REACH),
        env: [fromSecret(runtime.databaseSecret, "DB_HOST"), fromSecret(runtime.databaseSecret, "DB_PORT")],
        securityContext: HARDENED,
        terminationMessagePolicy: "FallbackToLogsOnError",
        resources: RESOURCES,
    };
}

/**
 * Waits, too, until the database is at the migrations of this image: so that a pod whose image was changed past db-init, by
 * whomever, does not run on tables that it does not fit.
 */
export function migrationsWait(runtime: BotsRuntime): PodContainer {
    return botsContainer(runtime, {
        name: DATABASE_WAIT,
        command: command(REACH_AND_MIGRATIONS),
        resources: RESOURCES,
        mountsFlat: true,
    });
}
