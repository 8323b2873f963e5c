#!/usr/bin/env bash
# Fuzzes every target for a while: `tests/fuzz/smoke.sh [SECONDS]`, 10 for each by default.
#
# `cargo fuzz` would build all dependencies again, in another profile and with coverage: eight minutes and more. This takes those that
# `cargo test` has built, and compiles only this workspace's own crates again (see instrument.sh). Cargo keeps them beside the ordinary
# ones, since the wrapper is part of their names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export seconds="${1:-10}"

fuzz() {
    local target="$1" corpus="target/fuzz/corpus/$1" artifacts="target/fuzz/artifacts/$1" log="target/fuzz/$1.log"
    mkdir -p "$corpus" "$artifacts"
    # New inputs go into the first folder only.
    if "target/debug/$target" "$corpus" "tests/fuzz/seeds/$target" -max_total_time="$seconds" -dict=tests/fuzz/words.dict \
        -max_len=4096 -timeout=30 -rss_limit_mb=2048 -artifact_prefix="$artifacts/" >"$log" 2>&1; then
        printf '%s: %s\n' "$target" "$(grep -w DONE "$log")"
    else
        tail -n 60 "$log"
        printf '%s: FAILED, with an input that is in %s; the whole log is %s\n' "$target" "$artifacts" "$log"
        return 1
    fi
}
export -f fuzz

mapfile -t targets < <(find tests/fuzz/fuzz_targets -name '*.rs' -exec basename --suffix .rs {} +)
# Of the whole workspace, so that dependencies have the features that `cargo test` gave them.
RUSTC_WORKSPACE_WRAPPER="$PWD/tests/fuzz/instrument.sh" cargo build --workspace "${targets[@]/#/--bin=}"
printf 'fuzzing for %s s each\n' "$seconds"
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I TARGET bash -c 'fuzz TARGET'
