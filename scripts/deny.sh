#!/bin/sh
# Holds the dependencies to deny.toml with cargo-deny, which it installs where missing.
#
# The database of advisories is fetched from GitHub. Where that can't be reached, the copy of an earlier run serves; where there
# is none, the rest is checked and the last line says that advisories were not. ADVISORIES=required makes that a failure.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
if ! "$cargo" deny --version >/dev/null 2>&1; then
    "$cargo" install cargo-deny --locked >&2
fi

"$cargo" deny --locked --workspace check bans licenses sources
copies=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs
if "$cargo" deny --locked fetch db 2>/dev/null; then
    "$cargo" deny --locked --workspace check advisories
elif ls -d "$copies"/*/ >/dev/null 2>&1; then
    "$cargo" deny --locked --workspace --offline check advisories
    echo "advisories were checked against the copy of an earlier run: the database could not be reached"
elif [ "${ADVISORIES:-}" = required ]; then
    echo "error: advisories were not checked: the database could not be reached, and there is no copy of it" >&2
    exit 1
else
    echo "advisories were NOT checked: the database could not be reached, and there is no copy of it"
fi
