#!/usr/bin/env bash
# Calls rustc with the coverage that libFuzzer follows: what `cargo fuzz` passes for every crate, here as RUSTC_WORKSPACE_WRAPPER for
# this workspace's own crates only. Generic code of others, such as serde_json's reader, is compiled into ours and so is followed too.
set -euo pipefail

case " $* " in
# A build script is no fuzz target: nothing would answer the calls that coverage makes.
*" --crate-name build_script_"*) exec "$@" ;;
*" --crate-name "*) ;;
*) exec "$@" ;;
esac
exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
