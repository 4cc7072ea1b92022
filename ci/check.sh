#!/usr/bin/env bash
# Everything a change has to pass: formatting, lints, tests, the regression gate. Needs a
# Rust toolchain, and for the CUDA kernels a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  printf '\n== %s\n' "$*"
  local begin=$SECONDS
  "$@"
  echo "== in $((SECONDS - begin)) s"
}

verify_kept() {
  local journal folder
  for journal in $(git ls-files 'reports/reference/*journal.jsonl'); do
    folder="$(dirname "$journal")"
    "${CARGO_TARGET_DIR:-target}/debug/harness" verify "$folder" --sample 0 >"${CARGO_TARGET_DIR:-target}/verified" ||
      { cat "${CARGO_TARGET_DIR:-target}/verified"; return 1; }
  done
  # What needs no data, and was measured with its lines sealed: a few cells of each run again.
  "${CARGO_TARGET_DIR:-target}/debug/harness" verify reports/reference/theory
}

step cargo fmt --all --check
step cargo clippy --locked --workspace --all-targets -- -D warnings
if command -v python3 >/dev/null; then
  # Import circles, and type names that are declared more than once.
  step python3 ci/house.py
fi
step env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
# What can be published has all that its package needs.
step cargo package --locked --no-verify --allow-dirty --quiet \
  -p hamiltonian-descent-gpu -p hamiltonian-descent -p hamiltonian-descent-datasets
# The README's test command, as it stands there.
step cargo test --workspace
# The measured results that are kept: as they were written, and what is shown of them as their rows make it.
step verify_kept
# The page as a browser shows it, where there is one (75: there is none).
page() {
  local reports="${CARGO_TARGET_DIR:-target}/page" code=0
  rm -rf "$reports" && mkdir -p "$reports"
  for target in spring lemmas coordinate; do
    "${CARGO_TARGET_DIR:-target}/debug/harness" reproduce "$target" --profile smoke --out "$reports/$target" \
      >"$reports/said" 2>&1 || { cat "$reports/said"; return 1; }
  done
  # The claims of all targets, most of which were not run.
  cp configs/claims.yaml "$reports/claims.yaml"
  "${CARGO_TARGET_DIR:-target}/debug/harness" report "$reports" >"$reports/said" 2>&1 || { cat "$reports/said"; return 1; }
  python3 ci/page.py "$reports/index.html" || code=$?
  [ "$code" = 75 ] || return "$code"
}
if command -v python3 >/dev/null; then
  step page
fi
# A run as others' tools read it.
if command -v python3 >/dev/null; then
  step bash ci/ro-crate.sh "${CARGO_TARGET_DIR:-target}/debug/harness"
fi
# Faults injected, a part of each class.
if command -v gcc >/dev/null && command -v python3 >/dev/null; then
  step bash ci/faults.sh --quick "${CARGO_TARGET_DIR:-target}/debug/harness"
fi
# The CUDA kernels' sources, run on the CPU thread by thread.
if command -v c++ >/dev/null; then
  # The whole workspace's features, which what it is built on was compiled with.
  step cargo test --locked --workspace --features hamiltonian-descent-gpu/emulated,hamiltonian-descent/emulated \
    --test kernels --test layers --test residuals --test staging --test devices --test golden_numbers --test networks
else
  echo "no C++ compiler: the CUDA kernels are not run on the CPU" >&2
fi
# How many instructions kernels and windows take; where there is no valgrind that is said.
step cargo run --locked -p harness -- regress --baseline ci/regression.yaml --only instructions
# What is counted as recorded, and no ratio of speeds below its bound.
step cargo run --locked -p harness -- regress --baseline ci/regression.yaml \
  --json "${CARGO_TARGET_DIR:-target}/regression.json"
