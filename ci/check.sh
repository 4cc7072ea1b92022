#!/usr/bin/env bash
# Everything a change has to pass: formatting, lints, tests, the regression gate. Needs nothing but a
# Rust toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; "$@"; }

step cargo fmt --all --check
step cargo clippy --locked --workspace --all-targets -- -D warnings
step env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
# The README's test command, as it stands there.
step cargo test --workspace
# What is counted as recorded, and no ratio of speeds below its bound.
step cargo run --locked -p harness -- regress --baseline ci/regression.yaml \
  --json "${CARGO_TARGET_DIR:-target}/regression.json"
