#!/usr/bin/env bash
# The one command for a machine with a GPU: what `ci/cuda.sh bundle` packed, or this repository with the
# program built there by `ci/cuda.sh build`.
#
#   ci/gpu.sh [FOLDER [DATA]]
#
# Runs the bundle's tests on the GPU, checks the theory, measures the GPU's rates, then Table 2, the one-GPU table and the plots, and leaves
# rows, tables, manifests and logs in FOLDER (default: gpu-results). DATA is a folder with the data sets
# (default: HARNESS_DATA_DIR; without any, generated sets stand in and nothing is said of the paper).
# DEVICES says on what (default: cuda, all GPUs).
set -uo pipefail
cd "$(dirname "$0")/.."

results="${1:-gpu-results}"
data="${2:-${HARNESS_DATA_DIR:-}}"
devices="${DEVICES:-cuda}"
mkdir -p "$results"

# In a bundle it lies here; in the repository that is the name of a folder.
program=
for built in ./harness "${CARGO_TARGET_DIR:-target}/cuda/release/harness" "${CARGO_TARGET_DIR:-target}/release/harness"; do
  if [ -z "$program" ] && [ -f "$built" ] && [ -x "$built" ]; then program="$built"; fi
done
if [ -z "$program" ]; then
  echo "no program here: unpack a bundle (ci/cuda.sh bundle makes one), or build it (ci/cuda.sh build)" >&2
  exit 2
fi
more=()
if [ -n "$data" ]; then more=(--data-dir "$data"); fi

failed=0
# Each step with its own log; one that fails is named, and the others go on.
step() { # name, command…
  local name="$1"
  shift
  printf '\n== %s\n' "$name"
  if ! "$@" 2>&1 | tee "$results/$name.log"; then
    echo "$name failed" | tee -a "$results/failures.txt" >&2
    failed=1
  fi
}
reproduce() { # target, more options…
  local target="$1"
  shift
  step "$target" "$program" reproduce "$target" --devices "$devices" --out "$results/$target" \
    ${more[@]+"${more[@]}"} "$@"
}

for test in tests/*; do
  if [ -x "$test" ] && [ -f "$test" ]; then step "test-${test#tests/}" "$test"; fi
done
step doctor "$program" doctor --devices "$devices" --measure ${more[@]+"${more[@]}"}
reproduce lemmas --profile gate
reproduce table2
reproduce autotune
exit "$failed"
