#!/bin/sh
# Exit code 0 when every check that was asked for passes. The options are those of the official image's healthcheck.sh.
set -eu

[ $# -gt 0 ] || { echo "usage: healthcheck.sh [--connect] [--innodb_initialized]" >&2; exit 2; }

# Over TCP, as Bots connects, with the account that the first start made for this.
query() {
    mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf --protocol=tcp --host=127.0.0.1 --connect-timeout=3 \
        --skip-column-names --batch --execute="$1"
}

for check do
    case $check in
    --connect)
        query "SELECT 1" >/dev/null
        ;;
    --innodb_initialized)
        found=$(query "SELECT COUNT(*) FROM information_schema.ENGINES WHERE ENGINE = 'InnoDB' AND SUPPORT IN ('YES', 'DEFAULT')")
        [ "$found" = 1 ] || { echo "healthcheck.sh: InnoDB is not available" >&2; exit 1; }
        ;;
    *)
        echo "healthcheck.sh: unknown option '$check'; known: --connect --innodb_initialized" >&2
        exit 2
        ;;
    esac
done
