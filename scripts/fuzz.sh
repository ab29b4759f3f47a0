#!/usr/bin/env bash
# Tries each fuzz target, or those that are named, for FUZZ_SECONDS (60) each. What is found is in tests/fuzz/artifacts; a finding is
# fixed with its input in tests/fuzz/corpus, which `make test` tries from then on. Needs a nightly compiler, or builds without
# sanitizers on the stable one.
#
#     FUZZ_SECONDS=600 scripts/fuzz.sh placement echo
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-fuzz >/dev/null; then
    echo "cargo-fuzz isn't installed; installing it" >&2
    cargo install --locked cargo-fuzz --version '^0.13'
fi
# The targets find mistakes by what they assert; unsafe code, which an address sanitizer is for, is denied in these crates.
# In the versions that everything else is built with.
cp Cargo.lock tests/fuzz/Cargo.lock
options=(--fuzz-dir tests/fuzz --sanitizer none --jobs 1)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list --fuzz-dir tests/fuzz)
failed=()
for target in "${targets[@]}"; do
    mkdir -p "tests/fuzz/found/$target"
    # New inputs go to the first folder and stay on this machine.
    cargo fuzz run "${options[@]}" "$target" "tests/fuzz/found/$target" "tests/fuzz/corpus/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        2>&1 | grep -E '^(stat::|SUMMARY|==|Test unit|artifact|thread|INFO: seed|Done)|panicked|error' || failed+=("$target")
    ls "tests/fuzz/artifacts/$target" 2>/dev/null | grep -q . && failed+=("$target") || true
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'found something: %s\n' "${failed[*]}" >&2
    exit 1
fi
