#!/bin/sh
# Packages provisioning-runtime as a registry would get it, and builds a crate outside the workspace that embeds it with that one
# dependency.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-$PWD/target}
# Without cargo's own try: the crate below builds what is packaged.
"$cargo" package --locked --allow-dirty --no-verify --package provisioning-runtime --target-dir "$target"

version=$("$cargo" pkgid --package provisioning-runtime | sed 's/.*[#@]//')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
tar -xf "$target/package/provisioning-runtime-$version.crate" -C "$folder"
cat >"$folder/Cargo.toml" <<END
[package]
name = "platform"
edition = "2024"

[dependencies]
provisioning-runtime = { path = "$folder/provisioning-runtime-$version" }

[workspace]

# It only has to run, not to run fast.
[profile.dev]
debug = false
END
cat >"$folder/src/main.rs" <<END
use provisioning_runtime::{Connector, Job, JobError, LoadError, Runtime, Tenant};

fn load(runtime: &Runtime, component: &[u8]) -> Result<Connector, LoadError> {
    runtime.load(component)
}

#[allow(dead_code)]
async fn job(runtime: &Runtime, connector: &Connector, tenant: &Tenant) -> Result<Job, JobError> {
    runtime.start(connector, tenant).await
}

fn main() {
    let runtime = Runtime::builder().jobs(1).build().expect("a runtime");
    let refusal = load(&runtime, b"no component").err().expect("a refusal");
    println!("{refusal}");
}
END
# The versions that the workspace is tested with.
cp Cargo.lock "$folder/Cargo.lock"
said=$("$cargo" run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$target/embedding")
case $said in
"this is not a WebAssembly component that can be run here"*) ;;
*)
    echo "error: the embedding crate said: $said" >&2
    exit 1
    ;;
esac
tree=$("$cargo" tree --locked --package provisioning-runtime --edges normal --prefix none --format '{p}')
for crate in axum rusqlite clap askama argon2 salesforce-emulator csv chrono; do
    if echo "$tree" | grep -q "^$crate v"; then
        echo "error: provisioning-runtime depends on $crate" >&2
        exit 1
    fi
done
echo "provisioning-runtime is packaged, and a crate outside the workspace embeds it."
