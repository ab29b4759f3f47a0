#!/usr/bin/env bash
# Publishes the component and the WIT package of dist/ with wkg in a registry on loopback, and has a host add the component from there and
# run it against an emulated organization. The registry is Debian's docker-registry; both are installed where missing.
#
#     scripts/registry-test.sh [HOST-HARNESS]      by default the one in target/debug
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-$PWD/target}
harness=$(realpath "${1:-$target/debug/host-harness}")
component=$(realpath dist/salesforce-portal-connector-*.wasm)
wit=$(realpath dist/identity-provisioning-*.wasm)
for program in docker-registry minisign; do
    if ! command -v "$program" >/dev/null; then
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -q >&2
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends docker-registry minisign >&2
    fi
done
# It only has to run, not to run fast.
command -v wkg >/dev/null || "$cargo" install wkg --locked --debug >&2

folder=$(mktemp -d /tmp/provisioning-registry.XXXXXX)
started=()
stop() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
refused() {
    local words=$1
    shift
    if said=$("$@" 2>&1); then
        echo "error: this was not refused: $*" >&2
        exit 1
    fi
    case $said in
    *"$words"*) echo "refused: $said" ;;
    *)
        echo "error: \`$*\` said: $said" >&2
        exit 1
        ;;
    esac
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
registry=127.0.0.1:$port
cat > registry.yml <<END
version: 0.1
storage: { filesystem: { rootdirectory: $folder/storage } }
http: { addr: $registry }
END
docker-registry serve registry.yml > registry.log 2>&1 &
started+=($!)
for _ in $(seq 100); do
    python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()" 2>/dev/null && break
    sleep 0.1
done

minisign -G -W -p acme.pub -s acme.key >/dev/null
minisign -G -W -p stranger.pub -s stranger.key >/dev/null
minisign -S -s acme.key -m "$component" -x component.minisig -t "connector of a test" >/dev/null
push() { wkg oci push --insecure "$registry" "$registry/$1" "$2" "${@:3}" | sed -n 's/^digest: //p'; }
signature() { echo "dev.provisioning.component.minisig=$(base64 -w0 "$1")"; }
digest=$(push acme/connector:1 "$component" --annotation "$(signature component.minisig)")
echo "wkg has published $digest"

export PROVISIONING_DATA=$folder/data
own=$(sha256sum "$component" | cut -d' ' -f1)
"$harness" component add "oci://$registry/acme/connector@$digest" --key acme.pub --approve
"$harness" component list
# The digest of the component leads there as well; then the signature is handed over.
"$harness" component add "oci://$registry/acme/connector@sha256:$own" --key acme.pub --signature component.minisig >/dev/null

"$harness" emulator --users 40 --seed 3 --tenants-file emulated.toml > emulator.log 2>&1 &
started+=($!)
for _ in $(seq 300); do [ -s emulated.toml ] && break; sleep 0.1; done
"$harness" tenant import-toml emulated.toml
tenant=$("$harness" tenant list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["name"])')
"$harness" tenant edit "$tenant" --set "component=sha256:$own"
"$harness" test-credentials "$tenant"
"$harness" import "$tenant"

export PROVISIONING_DATA=$folder/other
# A signature by somebody else, one for something else, and none.
cp "$component" other.wasm
minisign -S -s stranger.key -m other.wasm -x stranger.minisig >/dev/null
stranger=$(push acme/other:1 other.wasm --annotation "$(signature stranger.minisig)")
refused "isn't among the trusted ones" "$harness" component add "oci://$registry/acme/other@$stranger" --key acme.pub
minisign -S -s acme.key -m "$wit" -x wit.minisig >/dev/null
wrong=$(push acme/other:2 other.wasm --annotation "$(signature wit.minisig)")
refused "isn't for this component" "$harness" component add "oci://$registry/acme/other@$wrong" --key acme.pub
without=$(push acme/other:3 other.wasm)
refused "isn't signed" "$harness" component add "oci://$registry/acme/other@$without" --key acme.pub

# A byte that was changed in the registry's storage.
blob=$(find storage -path "*/${own:0:2}/$own/data")
python3 - "$blob" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(4000)
    byte = file.read(1)
    file.seek(4000)
    file.write(bytes([byte[0] ^ 1]))
END
refused "was changed" "$harness" component add "oci://$registry/acme/connector@$digest" --key acme.pub

push identity/provisioning:latest "$wit" >/dev/null
wkg oci pull --insecure "$registry" "$registry/identity/provisioning:latest" --output pulled.wasm >/dev/null
cmp "$wit" pulled.wasm
echo "The component and the WIT package were published by wkg; a host has added the component by its digest and its signature, and run it."
