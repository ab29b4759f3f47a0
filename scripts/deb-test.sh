#!/usr/bin/env bash
# Installs the Debian package of dist/ on a Debian with nothing else on it, and runs the demo there as a user without rights. The Debian is
# a folder that debootstrap fills; nothing of this machine's toolchain is in it. Needs root, or sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(dist/*.deb)
package=$(realpath "${packages[0]}")
[ -f "$package" ] || { echo "error: there is no package in dist/; run \`make release\` first" >&2; exit 1; }
if [ "$(id -u)" != 0 ]; then
    exec sudo "$0"
fi
if ! command -v debootstrap >/dev/null; then
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y debootstrap >&2
fi

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' | grep -v security | head -1)
# Kept, since it takes a minute; each test has its own copy of it.
kept=${CARGO_TARGET_DIR:-$PWD/target}/debian-$suite
if [ ! -d "$kept" ]; then
    rm -rf "$kept.new"
    debootstrap --variant=minbase --include=ca-certificates,passwd "$suite" "$kept.new" "$mirror" >&2
    mv "$kept.new" "$kept"
fi
folder=$(mktemp -d /tmp/provisioning-debian.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cp -a "$kept/." "$folder/"
cp "$package" "$folder/package.deb"

# With mounts and processes of its own: nothing of it is left when it ends.
within() { unshare --mount --pid --fork --mount-proc="$folder/proc" chroot "$folder" "$@"; }
within /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec '
    for compiler in rustc cargo cc; do
        if command -v "$compiler"; then echo "error: there is a compiler" >&2; exit 1; fi
    done
    dpkg --install /package.deb
    getent passwd provisioning
    test -f /lib/systemd/system/provisioning.service
    ls /usr/share/man/man1/host-harness*.1.gz >/dev/null
    useradd --create-home tester'
within /usr/bin/env -i PATH=/usr/bin:/bin HOME=/home/tester su tester -c 'cd && host-harness --version && host-harness demo --users 50'
within /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec 'dpkg --remove host-harness >/dev/null; ! command -v host-harness'
echo "$(basename "$package") installs on a bare Debian $suite, runs the demo there, and goes again."
