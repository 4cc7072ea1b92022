#!/usr/bin/env bash
# Which lines of the libraries their own tests reach, those of the CUDA kernels run on the CPU among them; what only the
# program's tests or tests in documents reach counts as not reached. Prints a line for each crate, and each file's lines
# that no test reaches into target/uncovered.txt; ends with 1 if optim, datasets or claims has fewer than the bound.
#
#   ci/coverage.sh [LEAST]       in percent; 95
#
# Gets `cargo-llvm-cov` from the package index where it is not installed. LLVM's own tools are those of the Rust
# toolchain, or of the system by LLVM_COV and LLVM_PROFDATA.
set -euo pipefail
cd "$(dirname "$0")/.."
least="${1:-95}"
command -v cargo-llvm-cov >/dev/null || cargo install --locked --quiet cargo-llvm-cov
lines="$PWD/${CARGO_TARGET_DIR:-target}/coverage.lcov"
cargo llvm-cov clean --workspace --profraw-only
cargo llvm-cov --locked --no-report -p hamiltonian-descent -p hamiltonian-descent-datasets -p claims -p rows -p hamiltonian-descent-gpu --lib --tests
cargo llvm-cov --locked --no-report -p hamiltonian-descent -p hamiltonian-descent-gpu --lib --features hamiltonian-descent-gpu/emulated,hamiltonian-descent/emulated \
  --test kernels --test layers --test residuals --test staging --test devices --test golden_numbers --test networks
cargo llvm-cov report --lcov --output-path "$lines"
python3 ci/coverage.py "$lines" "$least" "${CARGO_TARGET_DIR:-target}/uncovered.txt"
