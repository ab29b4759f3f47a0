#!/bin/sh
# Walks the console in a real browser: installs what is missing (Debian's chromium with its driver, Node.js, and from npm
# playwright-core and axe-core, as the lock file says), builds the host and runs tests/browser.
# With `pictures` it makes the pictures of the README instead.
set -eu
cd "$(dirname "$0")/.."

missing=
if ! command -v chromium >/dev/null 2>&1; then
    missing="chromium chromium-driver fonts-dejavu-core"
fi
if ! command -v node >/dev/null 2>&1; then
    missing="$missing nodejs npm"
fi
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "error: install $missing first; this script knows Debian's apt-get only" >&2
        exit 1
    fi
    echo "Installing $missing ..." >&2
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
    fi
    $as_root apt-get update -q >&2
    # shellcheck disable=SC2086 # several packages
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
fi

# As the suite builds it: by itself, its dependencies would be compiled once more, with fewer of their features.
"${CARGO:-cargo}" test --locked --workspace --no-run --test command_line
cd tests/browser
# Nothing of it is built, and the browser is the one above.
npm ci --ignore-scripts --no-audit --no-fund >&2
exec npm run --silent "${1:-test}"
