#!/bin/sh
# Makes the data directory on the first start, then becomes the server. Arguments go to mariadbd.
set -eu

data=/var/lib/mysql
# Stands there while the data directory is made: what it marks is not whole, and is made anew.
unfinished=$data/.bots-edi-initialising

fail() { echo "mariadb: $*" >&2; exit 1; }

# SQL string and identifier quoting.
text() { printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"; }
name() { printf '`%s`' "$(printf %s "$1" | sed 's/`/``/g')"; }

random_password() { head -c 24 /dev/urandom | base64; }

# printf throughout: the shell's echo would eat the backslashes of a password.
initial_sql() {
    # mariadb-install-db leaves root accounts without a password for 127.0.0.1, ::1 and the host name.
    printf '%s\n' "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
    printf '%s\n' "DELETE FROM mysql.proxies_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
    # The bootstrap server checks no privileges, and knows accounts only after this.
    printf '%s\n' "FLUSH PRIVILEGES;"
    printf '%s\n' "CREATE USER 'healthcheck'@'127.0.0.1' IDENTIFIED BY $(text "$health_password");"
    printf '%s\n' "ALTER USER 'root'@'localhost' IDENTIFIED BY $(text "${MARIADB_ROOT_PASSWORD:-$(random_password)}");"
    if [ -n "${MARIADB_DATABASE:-}" ]; then
        printf '%s\n' "CREATE DATABASE $(name "$MARIADB_DATABASE") CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"
    fi
    if [ -n "${MARIADB_USER:-}" ]; then
        printf '%s\n' "CREATE USER $(text "$MARIADB_USER")@'%' IDENTIFIED BY $(text "$MARIADB_PASSWORD");"
    fi
    if [ -n "${MARIADB_USER:-}" ] && [ -n "${MARIADB_DATABASE:-}" ]; then
        # In a GRANT, _ and % are wildcards of database names.
        pattern=$(printf %s "$MARIADB_DATABASE" | sed 's/[\\_%]/\\&/g')
        printf '%s\n' "GRANT ALL ON $(name "$pattern").* TO $(text "$MARIADB_USER")@'%';"
    fi
}

initialise() {
    [ -n "${MARIADB_ROOT_PASSWORD:-}${MARIADB_RANDOM_ROOT_PASSWORD:-}" ] ||
        fail "the data directory is empty: set MARIADB_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD=1"
    [ -z "${MARIADB_USER:-}" ] || [ -n "${MARIADB_PASSWORD:-}" ] || fail "MARIADB_USER is set and MARIADB_PASSWORD is not"
    echo "mariadb: making the data directory"
    touch "$unfinished" || fail "uid $(id -u) cannot write to $data: give the volume to it (fsGroup 999)"
    find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found ! -path "$unfinished" -exec rm -rf {} +
    mariadb-install-db --skip-test-db --skip-name-resolve --auth-root-authentication-method=normal >/tmp/install.log 2>&1 ||
        fail "mariadb-install-db failed: $(head -c 1000 /tmp/install.log | tr '\n' ' ')"
    health_password=$(random_password)
    initial_sql | mariadbd --bootstrap --silent-startup || fail "could not make the database and its user"
    (umask 077 && printf '[client]\nuser=healthcheck\npassword=%s\n' "$health_password" >"$data/.my-healthcheck.cnf")
    sync
    rm "$unfinished"
}

[ "${1-}" != mariadbd ] || shift
case ${1-} in '' | -*) ;; *) exec "$@" ;; esac
if [ -e "$unfinished" ] || [ ! -d "$data/mysql" ]; then initialise; fi
exec mariadbd "$@"
