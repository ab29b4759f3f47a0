#!/bin/sh
# Makes sure that the component can be compiled: installs the standard library of wasm32-unknown-unknown where it is missing.
# rustup first; where rustup has no server to ask, Debian's compiler with its library sources (the build script of
# host-harness finds either by itself). Says nothing when there is nothing to do.
set -eu

target=wasm32-unknown-unknown
debian_rustc=/usr/bin/rustc
debian_sources=/usr/lib/rustlib/src/rust/library/std

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    exit 0
fi
if [ -x "$debian_rustc" ] && [ -d "$debian_sources" ]; then
    exit 0
fi

echo "Installing the Rust standard library for $target ..." >&2
if command -v rustup >/dev/null 2>&1 && timeout 300 rustup target add "$target" >&2; then
    exit 0
fi

echo "rustup cannot fetch it; taking Debian's compiler and library sources instead." >&2
if ! command -v apt-get >/dev/null 2>&1; then
    echo "error: neither rustup nor apt-get can install $target; run \`rustup target add $target\` where the network allows it" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
fi
$as_root apt-get update -q >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends rustc-web rust-web-src >&2
if [ ! -d "$debian_sources" ]; then
    echo "error: Debian's package rust-web-src did not bring $debian_sources; install $target with rustup instead" >&2
    exit 1
fi
