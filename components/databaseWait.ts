/** The init container of what runs to an end: it may start before the network lets it through to the database. */
import { fromSecret, HARDENED, PodContainer, Resources } from "./pod";
import { BotsRuntime } from "./podTemplate";

/** Name of the init container. */
export const DATABASE_WAIT = "wait-for-database";

/** Seconds after which the service starts all the same and says by itself what is wrong, unless it would only say "unknown host". */
const LIMIT = 20;

/** Shell: ends with 1 where DNS does not know the database, which drivers report as a database that is down. */
export const NAME_RESOLVES = `if [ -n "\${DB_HOST:-}" ] && command -v getent >/dev/null && ! timeout 15 getent ahosts "$DB_HOST" >/dev/null; then
  echo "DNS does not resolve $DB_HOST: networkPolicy.dns says where this cluster's DNS is; or DB_HOST in the Secret is wrong" >&2
  exit 1
fi`;

const SCRIPT = `[ -n "$DB_HOST" ] || exit 0
while [ $SECONDS -lt ${LIMIT} ]; do
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$DB_HOST/$DB_PORT"' 2>/dev/null && exit 0
  sleep 0.5
done
echo "no connection to $DB_HOST:$DB_PORT within ${LIMIT} s"
${NAME_RESOLVES}
`;

/**
 * Waits until the database's port can be reached. A network policy that lets pods in by their labels takes effect only when
 * the network has learnt a new pod's address: by then a run that does not try again has failed.
 */
export function databaseWait(runtime: BotsRuntime, resources: Resources): PodContainer {
    return {
        name: DATABASE_WAIT,
        image: runtime.image,
        imagePullPolicy: runtime.imagePullPolicy,
        command: ["/bin/bash", "-c", SCRIPT],
        env: [fromSecret(runtime.databaseSecret, "DB_HOST"), fromSecret(runtime.databaseSecret, "DB_PORT")],
        securityContext: HARDENED,
        terminationMessagePolicy: "FallbackToLogsOnError",
        resources,
    };
}
