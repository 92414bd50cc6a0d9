# Dumps and loads the database with its own client, whenever backup.py asks: beside it, in a container with that client.
# In the folder EXCHANGE: `request` says what to do, `data` is the pipe, `said` gets the errors, `answer` the exit code.
set -u
cd "$EXCHANGE" || exit 1
trap 'exit 0' TERM INT

# The first of these commands that the image has.
client() {
    for name do
        command -v "$name" && return
    done
    echo "the image of the database's client has none of: $*. Set backup.clientImage to one that has" >&2
    return 127
}

# Not as an argument, which can be seen.
export MYSQL_PWD="$DB_PASSWORD" PGPASSWORD="$DB_PASSWORD"
export PGHOST="$DB_HOST" PGPORT="$DB_PORT" PGUSER="$DB_USER" PGDATABASE="$DB_NAME"

# As settings.py takes them: prefer is left to the client.
export PGSSLMODE="${DB_SSL_MODE:-prefer}" PGSSLROOTCERT="${DB_SSL_CA:-}"

mysql_with() {
    command=$1
    shift
    case ${DB_SSL_MODE:-prefer}:$("$command" --help 2>/dev/null) in
    prefer:*) ;;
    require:*ssl-mode*) set -- --ssl-mode=REQUIRED "$@" ;;
    verify-ca:*ssl-mode*) set -- --ssl-mode=VERIFY_CA --ssl-ca="$DB_SSL_CA" "$@" ;;
    verify-full:*ssl-mode*) set -- --ssl-mode=VERIFY_IDENTITY --ssl-ca="$DB_SSL_CA" "$@" ;;
    require:*) set -- --ssl --skip-ssl-verify-server-cert "$@" ;;
    verify-ca:*) set -- --ssl --ssl-ca="$DB_SSL_CA" --skip-ssl-verify-server-cert "$@" ;;
    verify-full:*) set -- --ssl --ssl-ca="$DB_SSL_CA" --ssl-verify-server-cert "$@" ;;
    esac
    "$command" --host="$DB_HOST" --port="$DB_PORT" --user="$DB_USER" --default-character-set=utf8mb4 "$@" "$DB_NAME"
}

dump_mysql() {
    command=$(client mariadb-dump mysqldump) || return
    # MySQL's own client would write what only an administrator may read back.
    case $("$command" --help 2>/dev/null) in *gtid-purged*) set -- --set-gtid-purged=OFF ;; *) set -- ;; esac
    mysql_with "$command" --single-transaction --no-tablespaces --hex-blob --skip-dump-date "$@"
}
load_mysql() {
    command=$(client mariadb mysql) || return
    mysql_with "$command"
}
dump_postgresql() {
    command=$(client pg_dump) || return
    "$command" --no-password --no-owner --no-privileges
}
load_postgresql() {
    command=$(client psql) || return
    "$command" --no-password --no-psqlrc --quiet --single-transaction --set=ON_ERROR_STOP=1 --output=/dev/null
}

while :; do
    until [ -e request ]; do sleep 0.2; done
    request=$(cat request)
    rm request
    case $request in
    dump) "dump_${DB_ENGINE:-mysql}" >data 2>said ;;
    load) "load_${DB_ENGINE:-mysql}" <data >/dev/null 2>said ;;
    esac
    echo $? >answer.part
    mv answer.part answer
done
