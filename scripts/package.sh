#!/bin/sh
# Packages each crate that is published as a registry would get it, and sees that its manifest says all that a registry asks for. Builds
# nothing unless it is told to:
#
#     scripts/package.sh           some seconds
#     scripts/package.sh verify    has cargo build each of them from its package as well
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
verify=--no-verify
[ "${1:-}" != verify ] || verify=

crates=$("$cargo" metadata --format-version 1 --no-deps --offline | python3 -c '
import json, sys
missing = []
for package in json.load(sys.stdin)["packages"]:
    if package["publish"] == []:
        continue
    print(package["name"])
    for field in ("description", "license", "documentation", "readme", "keywords", "categories", "rust_version"):
        if not package[field]:
            missing.append(package["name"] + " has no " + field)
    for dependency in package["dependencies"]:
        if dependency.get("path") and dependency["kind"] != "dev" and dependency["req"] == "*":
            missing.append(package["name"] + " names no version of " + dependency["name"])
if missing:
    sys.exit("error: " + "; ".join(missing))
')
arguments=
for crate in $crates; do arguments="$arguments --package $crate"; done
# shellcheck disable=SC2086
said=$("$cargo" package --locked --allow-dirty $verify $arguments 2>&1) || { echo "$said" >&2; exit 1; }
# The emulator's tests and benchmarks stay in the repository.
warnings=$(echo "$said" | grep '^warning: ' | grep -v '^warning: ignoring \(test\|benchmark\)' || true)
if [ -n "$warnings" ]; then
    printf '%s\nerror: cargo warns of a package\n' "$warnings" >&2
    exit 1
fi
echo "packaged: $(echo "$crates" | tr '\n' ' ')"
