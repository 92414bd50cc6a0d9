#!/bin/sh
# Makes the data directory on the first start, then becomes the server. Arguments go to postgres.
set -eu

fail() { echo "postgresql: $*" >&2; exit 1; }

initialise() {
    [ -n "${POSTGRES_PASSWORD:-}" ] || fail "the data directory is empty: set POSTGRES_PASSWORD"
    user=${POSTGRES_USER:-postgres}
    made=$PGDATA.unfinished
    echo "postgresql: making the data directory"
    rm -rf "$made"
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --pgdata="$made" --username="$user" --pwfile=/tmp/password --encoding=UTF8 --auth-local=trust \
        --auth-host=scram-sha-256 >/tmp/initdb.log 2>&1 || fail "initdb failed: $(head -c 1000 /tmp/initdb.log | tr '\n' ' ')"
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$made/pg_hba.conf"
    name=$(printf %s "${POSTGRES_DB:-$user}" | sed 's/"/""/g')
    [ "$name" = postgres ] || printf 'CREATE DATABASE "%s"\n' "$name" |
        postgres --single -D "$made" postgres >/tmp/create.log 2>&1 || fail "could not make the database: $(tail -n 3 /tmp/create.log)"
    mv -T "$made" "$PGDATA"  # whole or not at all
}

[ "${1-}" != postgres ] || shift
case ${1-} in '' | -*) ;; *) exec "$@" ;; esac
[ -s "$PGDATA/PG_VERSION" ] || initialise
exec postgres -c listen_addresses='*' "$@"
