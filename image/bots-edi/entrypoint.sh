#!/bin/sh
# The image contract's one command: lays out the environment on the data volume, then becomes the service.
set -eu

env_dir=/home/bots/.bots/env/${BOTSENV:-default}
config_dir=$env_dir/config
scripts=/usr/local/bots/scripts

usage="usage: /entrypoint.sh webserver | jobqueueserver | engine [--new] [--routeid=ROUTE] ... | init-db | dirmonitor | shell"

say() { echo "entrypoint: $*" >&2; }
fail() { say "$*"; exit 1; }

# A file of /config reaches the environment whole or not at all: pods may share the volume.
copy_config() {
    source=/config/$1
    target=$config_dir/$1
    if [ -r "$source" ]; then
        cp "$source" "$target.$$" && mv -f "$target.$$" "$target" || fail "cannot copy $source to $config_dir"
    elif [ ! -e "$target" ]; then
        fail "no $1: mount it at $source, readable by uid $(id -u)"
    fi
}

# The package's own usersys is the start of an empty one. One rename, so that pods that start together cannot mix.
seed_usersys() {
    usersys=$env_dir/usersys
    [ -z "$(ls -A "$usersys")" ] || return 0
    seed=$(mktemp -d "$env_dir/.usersys.XXXXXX")
    chmod 755 "$seed"
    cp -R /usr/local/bots/usersys/. "$seed"
    mv -T "$seed" "$usersys" 2>/dev/null || rm -rf "$seed"
}

prepare() {
    mkdir -p "$config_dir" "$env_dir/botssys" "$env_dir/usersys" ||
        fail "uid $(id -u) cannot write to $env_dir: give the data volume to it (fsGroup), the folders on the way too"
    copy_config bots.ini
    copy_config settings.py
    seed_usersys
}

# As the first process of a container the shell has to pass SIGTERM on by itself.
init_db() {
    python "$scripts/init-database.py" --config-dir "$config_dir" &
    trap 'kill -TERM $!; wait $!; exit 143' TERM INT
    wait $!
    trap - TERM INT
}

# Bots 3.3 takes routes as plain words, and answers an option that it does not know with its usage and exit code 0.
run_engine() {
    for argument do
        shift
        case $argument in
        --routeid=?*) set -- "$@" "${argument#--routeid=}" ;;
        --new | --resend | --rereceive | --automaticretrycommunication | --cleanup | [!-]*) set -- "$@" "$argument" ;;
        *) fail "engine: unknown argument '$argument'; known: --new --resend --rereceive --automaticretrycommunication --cleanup --routeid=ROUTE ROUTE" ;;
        esac
    done
    exec dumb-init --single-child -- bots-engine "-c$config_dir" "$@"
}

service=${1-}
[ $# -eq 0 ] || shift
case $service in
webserver | jobqueueserver | jobqueue)
    prepare
    if [ "$service" = webserver ] && [ "${DB_INIT_SKIP:-false}" != true ]; then init_db; fi
    # Both end in good order on SIGINT (requests answered, the running job finished) and at once on SIGTERM.
    exec dumb-init --single-child --rewrite 15:2 -- "bots-${service%server}server" "-c$config_dir" "$@"
    ;;
engine)
    prepare
    run_engine "$@"
    ;;
dirmonitor)
    prepare
    exec dumb-init --single-child -- bots-dirmonitor "-c$config_dir" "$@"
    ;;
init-db)
    prepare
    exec dumb-init --single-child -- python "$scripts/init-database.py" --config-dir "$config_dir"
    ;;
shell)
    prepare
    exec /bin/bash "$@"
    ;;
*)
    fail "unknown service '$service'; $usage"
    ;;
esac
