#!/bin/sh
# Compares the public interfaces of the crates that are published with those of the last release (cargo-semver-checks, which it installs where
# missing). The last release is the newest tag vX.Y.Z that HEAD descends from, or BASELINE. Before the first there is nothing to compare with.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
baseline=${BASELINE:-$(git describe --tags --abbrev=0 --match 'v[0-9]*.[0-9]*.[0-9]*' 2>/dev/null || true)}
if [ -z "$baseline" ]; then
    echo "nothing has been released yet, so there is nothing to compare with"
    exit 0
fi
"$cargo" semver-checks --version >/dev/null 2>&1 || "$cargo" install cargo-semver-checks --locked >&2
crates=$("$cargo" metadata --format-version 1 --no-deps --offline | python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["publish"] != []:
        print(package["name"])')
arguments=
for crate in $crates; do arguments="$arguments --package $crate"; done
# shellcheck disable=SC2086
exec "$cargo" semver-checks check-release --baseline-rev "$baseline" $arguments
