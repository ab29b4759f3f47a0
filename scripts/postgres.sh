#!/usr/bin/env bash
# Runs a command beside a private PostgreSQL server, whose address is in PROVISIONING_TEST_POSTGRES. The server keeps its data in
# a temporary folder, listens on a free port of 127.0.0.1 alone, and goes with the command. Where there is none, Debian's is
# installed first.
#
#     scripts/postgres.sh cargo test -p provisioning-directory
set -euo pipefail

newest() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }

if [ -z "$(newest)" ]; then
    echo "PostgreSQL isn't installed; installing Debian's" >&2
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q postgresql >&2
fi
bin=$(newest)

folder=$(mktemp -d /tmp/provisioning-postgres.XXXXXX)
# The server refuses to run as root, so it runs as the user that Debian's package makes.
as=()
if [ "$(id -u)" = 0 ]; then
    as=(runuser -u postgres --)
    chown postgres "$folder"
fi
stop() {
    "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

password=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')
(umask 077 && printf '%s' "$password" >"$folder/password")
[ "$(id -u)" = 0 ] && chown postgres "$folder/password"
cd "$folder"
"${as[@]}" "$bin/initdb" -D "$folder/data" -U provisioning -A scram-sha-256 --pwfile "$folder/password" \
    --locale C.UTF-8 -E UTF8 >"$folder/initdb.log"
# What a test loses in a power cut, nobody misses: without waiting for the disk a suite takes half the time.
cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 500
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
autovacuum_naptime = 5s
CONF
for _ in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    if "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -o "-p $port" -w start >/dev/null; then
        started=1
        break
    fi
done
[ -n "${started:-}" ] || { cat "$folder/log" >&2; exit 1; }
cd - >/dev/null
export PROVISIONING_TEST_POSTGRES="postgres://provisioning:$password@127.0.0.1:$port/postgres?sslmode=disable"
export PROVISIONING_TEST_POSTGRES_CONTROL="${as[*]} $bin/pg_ctl -D $folder/data -w"
"$@"
