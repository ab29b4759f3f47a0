#!/bin/sh
# Lints the connector as it is compiled for WebAssembly: the bindings and conversions exist only there.
set -eu

target=wasm32-unknown-unknown
set -- -p salesforce-portal-connector --lib --locked --target "$target" --target-dir target/component

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    exec cargo clippy "$@" -- -D warnings
fi

# Debian's compiler needs Debian's clippy, and cargo needs to be told of both.
if [ ! -x /usr/bin/clippy-driver ]; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends rust-web-clippy >&2
fi
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTC_WORKSPACE_WRAPPER=/usr/bin/clippy-driver
# What `cargo clippy -- -D warnings` hands to the driver.
export CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"
exec cargo check "$@" -Zbuild-std=std,panic_abort
