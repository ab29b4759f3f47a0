#!/bin/sh
# Puts faults into the code, one at a time and in a copy of the tree, and lists those that no test notices (cargo-mutants, which
# it installs where missing). What is set in the environment, or behind `make mutants`, narrows it:
#
#   PACKAGE=salesforce-emulator   one package; otherwise a sample of each
#   SHARD=3/50                    every fiftieth fault, from the third on (counted from 0); by default 0/200, and all of a FILE or DIFF
#   FILE='src/diagnosis/*.rs'     the faults of these files, by a pattern from the root of the workspace
#   DIFF=main                     the faults in what differs from a branch or commit
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
if ! "$cargo" mutants --version >/dev/null 2>&1; then
    "$cargo" install cargo-mutants --locked >&2
fi

out=$PWD/target/mutants
mkdir -p "$out"
set --
if [ -n "${DIFF:-}" ]; then
    git diff --merge-base "$DIFF" >"$out/own.diff"
    if ! [ -s "$out/own.diff" ]; then
        echo "nothing differs from $DIFF" >&2
        exit 0
    fi
    set -- "$@" --in-diff "$out/own.diff"
fi
if [ -n "${FILE:-}" ]; then
    set -- "$@" --file "$FILE"
fi
if [ -n "${SHARD:-}" ]; then
    set -- "$@" --sharding round-robin --shard "$SHARD"
elif [ -z "${DIFF:-}${FILE:-}" ]; then
    set -- "$@" --sharding round-robin --shard 0/200
fi

# Dependencies are compiled once for all runs.
export CARGO_TARGET_DIR="$out/build"

# Tries faults in the package with the tests of another or its own, and keeps what it finds in a folder.
look() {
    tests=$1
    found=$out/$2/mutants.out
    rm -rf "$found"
    shift 2
    status=0
    "$cargo" mutants --package "$package" --test-package "$tests" --output "${found%/*}" --no-shuffle --jobs 1 "$@" || status=$?
    case $status in
        # 2 and 3 say that there were faults which no test noticed, or which ran into the time limit.
        0 | 2 | 3) ;;
        *) exit "$status" ;;
    esac
}

# Tries once more what was missed.
again() {
    users=$1
    set --
    while IFS= read -r fault; do
        set -- "$@" --re "^$(printf '%s' "$fault" | sed 's/[][\\.*^$+?(){}|]/\\&/g')\$"
    done <"$found/missed.txt"
    look "$users" "$package-by-$users" "$@"
}

: >"$out/survivors.txt"
for package in ${PACKAGE:-salesforce-portal-connector salesforce-emulator provisioning-runtime provisioning-directory provisioning-conformance provisioning-console host-harness}; do
    look "$package" "$package" "$@"
    # What a package's own tests let pass is tried again with those of who uses it. The tests of the connector against an org
    # take minutes a fault.
    case $package in
        salesforce-portal-connector) users=native ;;
        *) users= ;;
    esac
    if [ -n "$users" ] && [ -s "$found/missed.txt" ]; then
        again "$users"
    fi
    # What ran into the time limit was noticed.
    if [ -s "$found/missed.txt" ]; then
        cat "$found/missed.txt" >>"$out/survivors.txt"
    fi
done

if [ -s "$out/survivors.txt" ]; then
    printf '\nNo test noticed these:\n'
    cat "$out/survivors.txt"
    exit 1
fi
