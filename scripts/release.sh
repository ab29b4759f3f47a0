#!/usr/bin/env bash
# Makes what a release consists of, in dist/, from what is committed:
#
#     the component, and its bill of materials (CycloneDX)
#     the WIT package, as registries take it
#     the program for this machine's architecture, stripped, and its bill of materials
#     a Debian package of it
#     RELEASE, which says of which commit and with which compiler
#     SHA256SUMS, and signatures if SIGNING_KEY names minisign's secret key
#
#     scripts/release.sh                 makes all of it
#     scripts/release.sh component       only what is of WebAssembly (a minute or two)
#     scripts/release.sh check           makes what is of WebAssembly again, from the same commit in another folder, and compares
#                                        it with dist/
#     scripts/release.sh check all       makes everything again
#
# RELEASE_SOURCE is where the source is, for the component's metadata, until the manifest has a `repository`. The same commit gives the
# same bytes with the same compiler: nothing has a time but the commit's, and no path of this machine gets in.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
what=${1:-all}
scope=${2:-component}

cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-$root/target}
home=${CARGO_HOME:-$HOME/.cargo}

say() { echo "release: $*" >&2; }
tool() { "$cargo" "$1" --version >/dev/null 2>&1 || { say "installing cargo-$1"; "$cargo" install "cargo-$1" --locked >&2; }; }

if [ "$what" = check ]; then
    [ -f dist/RELEASE ] || { say "there is no dist/ to compare with; run it without \`check\` first"; exit 1; }
    revision=$(sed -n 's/^revision //p' dist/RELEASE)
    RELEASE_SOURCE=$(sed -n 's/^source //p' dist/RELEASE)
elif [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    say "there are changes that aren't committed; a release is made of a commit"
    exit 1
else
    revision=$(git rev-parse HEAD)
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$revision")
export SOURCE_DATE_EPOCH
export COMPONENT_REVISION=$revision
export COMPONENT_AUDITABLE=1
export COMPONENT_SOURCE=${RELEASE_SOURCE:-$(git remote get-url origin 2>/dev/null | grep '^https://' || true)}
[ -n "$COMPONENT_SOURCE" ] || say "RELEASE_SOURCE isn't set, so the component doesn't say where its source is"
tool auditable
tool cyclonedx
"$root/scripts/wasm-target.sh"

# Copies the commit into a folder, with the commit's time on each file, so that what was built before is known to be current.
copy() {
    rm -rf "$1"
    mkdir -p "$1"
    git archive --format=tar "$revision" | tar -x -C "$1"
}

version=$("$cargo" metadata --format-version 1 --no-deps --offline |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "host-harness"))')
interface=$(sed -n 's/^package identity:provisioning@\(.*\);$/\1/p' wit/connector.wit)
machine=$(rustc -vV | sed -n 's/^host: //p')

# The bill of materials of a package in a folder of the copy, for a target.
bill() {
    local source=$1 package=$2 for_target=$3 to=$4
    (cd "$source" && "$cargo" cyclonedx --quiet --format json --spec-version 1.5 --target "$for_target" --override-filename bill)
    # Packages of the workspace are named by their folders.
    sed "s|path+file://$source|path+file:///source|g; s|file://$source|file:///source|g" "$source/$package/bill.json" > "$to"
    find "$source" -name bill.json -delete
}

# What is of WebAssembly, from the copy in a folder.
wasm() {
    local source=$1 built=$2 dist=$3
    say "the component"
    "$cargo" build --quiet --locked --package component-build --features tool --target-dir "$target"
    local tool=$target/debug/component-build component
    component=$(cd "$source" && CARGO="$cargo" "$tool" component salesforce-portal-connector "$built/component")
    cp "$component" "$dist/salesforce-portal-connector-$version.wasm"
    say "the WIT package"
    "$tool" wit "$source/wit" "$dist/identity-provisioning-$interface.wasm"
    say "its bill of materials"
    bill "$source" . wasm32-unknown-unknown "$dist/salesforce-portal-connector-$version.cdx.json"
    if grep -aqE "$HOME|$root" "$dist/salesforce-portal-connector-$version.wasm"; then
        say "the component has a path of this machine in it"
        exit 1
    fi
    grep -aq '\.dep-v0' "$dist/salesforce-portal-connector-$version.wasm" || { say "the component has no list of dependencies"; exit 1; }
}

# The program and the Debian package, from the copy in a folder.
program() {
    local source=$1 built=$2 dist=$3
    tool deb
    say "the program"
    local maps="--remap-path-prefix=$source=/source --remap-path-prefix=$built=/target --remap-path-prefix=$home/registry/src=/registry"
    local c="-ffile-prefix-map=$home/registry/src=/registry -ffile-prefix-map=$built=/target"
    (cd "$source" && RUSTFLAGS="$maps" CFLAGS="$c" CARGO_TARGET_DIR="$built" \
        "$cargo" auditable build --locked --profile dist --package host-harness)
    local program=$built/dist/host-harness
    cp "$program" "$dist/host-harness-$version-$machine"
    local embedded
    embedded=$("$program" describe --json --cache off | python3 -c 'import json, sys; print(json.load(sys.stdin)["component"]["sha256"])')
    if [ "$embedded" != "$(sha256sum "$dist/salesforce-portal-connector-$version.wasm" | cut -d' ' -f1)" ]; then
        say "the component in the program isn't the one in dist/"
        exit 1
    fi
    say "its bill of materials"
    bill "$source" host-harness/cli "$machine" "$dist/host-harness-$version.cdx.json"

    say "the Debian package"
    local made=$source/host-harness/cli/debian/made
    mkdir -p "$made"
    # The unit is the guide's, so there is one of it.
    awk '/^```ini/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/docs/hardening.md" |
        sed 's|/usr/local/bin/host-harness|/usr/bin/host-harness|' > "$made/provisioning.service"
    "$program" man "$made/man" >/dev/null
    "$program" completion bash > "$made/host-harness.bash"
    "$program" completion zsh > "$made/_host-harness"
    "$program" completion fish > "$made/host-harness.fish"
    "$program" licenses > "$made/third-party-licences"
    cp "$dist/host-harness-$version.cdx.json" "$made/host-harness.cdx.json"
    (cd "$source" && CARGO_TARGET_DIR="$built" "$cargo" deb --quiet --no-build --no-strip --profile dist --package host-harness \
        --output "$dist/")
}

make_into() {
    local source=$1 built=$2 dist=$3
    copy "$source"
    rm -rf "$dist"
    mkdir -p "$dist"
    printf 'revision %s\nsource %s\n%s\n' "$revision" "$COMPONENT_SOURCE" "$(rustc -V)" > "$dist/RELEASE"
    wasm "$source" "$built" "$dist"
    [ "$4" = component ] || program "$source" "$built" "$dist"
    (cd "$dist" && sha256sum -- * > SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
}

sign() {
    if ! command -v minisign >/dev/null; then
        local sudo
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -q >&2
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y minisign >&2
    fi
    # What a host checks is the component's; everything else is in SHA256SUMS.
    for file in "salesforce-portal-connector-$version.wasm" SHA256SUMS; do
        minisign -S -s "$SIGNING_KEY" -m "dist/$file" -t "$file of $version, revision $revision" >&2
    done
}

case $what in
all | component)
    make_into "$target/release-source" "$target/release-built" "$root/dist" "$what"
    [ -z "${SIGNING_KEY:-}" ] || sign
    cat dist/SHA256SUMS
    ;;
check)
    other=$(mktemp -d /tmp/provisioning-release.XXXXXX)
    trap 'rm -rf "$other"' EXIT
    make_into "$other/source" "$other/built" "$other/dist" "$scope"
    (cd dist && grep -F -f <(cd "$other/dist" && find . -type f ! -name SHA256SUMS -printf '%f\n') SHA256SUMS) > "$other/expected"
    if ! diff "$other/expected" "$other/dist/SHA256SUMS" >&2; then
        say "what was built again is different"
        exit 1
    fi
    say "built again in $other, all is the same:"
    cat "$other/expected"
    ;;
*)
    sed -n '2,/^set/p' "$0" | grep '^#' >&2
    exit 2
    ;;
esac
