#!/usr/bin/env bash
# The one command for a machine with a GPU: what `ci/cuda.sh bundle` packed, or this repository with the
# program built there by `ci/cuda.sh build`.
#
#   ci/gpu.sh [FOLDER [DATA]]
#
# Asks the GPU what it is and measures its rates, runs the bundle's tests on it, then Table 2 (once more
# with four workers on one GPU, where there is one), the one-GPU table, the GPU's PyTorch and JAX beside this
# program, the figures, and Figure 4 as far as it gets. Leaves rows, tables, plots, manifests and logs in
# FOLDER (default: gpu-results), and all but pages and checkpoints packed in FOLDER.tar.gz, after each step
# anew. DATA is a folder with the data sets (default: HARNESS_DATA_DIR; without any, generated sets stand in
# and nothing is said of the paper).
# DEVICES says on what (default: cuda, all GPUs); PYTHON which Python has PyTorch and JAX (default:
# python3; without them they are left out). MINUTES is what all of it may take (default: 9): what would
# not end in time is left out, and said so. STEPS are the steps to run (default: all).
set -uo pipefail
cd "$(dirname "$0")/.."

results="${1:-gpu-results}"
data="${2:-${HARNESS_DATA_DIR:-}}"
devices="${DEVICES:-cuda}"
minutes="${MINUTES:-9}"
python="${PYTHON:-python3}"
mkdir -p "$results"
results="$(realpath "$results")"

# In a bundle it lies here; in the repository that is the name of a folder.
program=
for built in ./harness "${CARGO_TARGET_DIR:-target}/cuda/release/harness" "${CARGO_TARGET_DIR:-target}/release/harness"; do
  if [ -z "$program" ] && [ -f "$built" ] && [ -x "$built" ]; then program="$built"; fi
done
if [ -z "$program" ]; then
  echo "no program here: unpack a bundle (ci/cuda.sh bundle makes one), or build it (ci/cuda.sh build)" >&2
  exit 2
fi
program="$(realpath "$program")"
# Where the program and the tests look.
if [ -n "$data" ]; then
  data="$(realpath "$data")"
  export HARNESS_DATA_DIR="$data"
fi
# A test that finds no GPU has failed here. What the driver compiles at first use is kept, all of it.
export GPU_TESTS=required CUDA_CACHE_MAXSIZE=4294967296 RUST_BACKTRACE=1
if [ "${devices#cuda}" = "$devices" ]; then unset GPU_TESTS; fi

# What the program says of CUDA's libraries that it does not find.
missing() { "$program" doctor --offline --devices cuda 2>&1 | grep -o "CUDA's libraries were not all found.*" | head -1; }
# cuBLAS and cuRAND come with PyTorch and JAX too.
find_libraries() {
  if [ -z "$(missing)" ]; then return; fi
  local packaged
  packaged="$("$python" -c '
import glob, os, sysconfig
here = sysconfig.get_paths()["purelib"] + "/nvidia/*/lib/lib*.so*"
print(":".join(sorted({os.path.dirname(path) for path in glob.glob(here)})))' 2>/dev/null)"
  export LD_LIBRARY_PATH="$packaged${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  if [ "${devices#cuda}" != "$devices" ] && [ -n "$(missing)" ]; then
    missing >&2
    exit 3
  fi
}

failed=0
# Seconds left of all.
left() { echo $((minutes * 60 - SECONDS)); }
# Each step with its own log and its own time; one that fails is named, and the others go on.
step() { # name, seconds, command…
  local name="$1" most="$2"
  shift 2
  if [ -n "${STEPS:-}" ] && ! grep -qw -- "$name" <<<"$STEPS"; then return; fi
  if [ "$(left)" -lt "$most" ]; then most="$(left)"; fi
  printf '\n== %s, %d s left, of which %d for this\n' "$name" "$(left)" "$most"
  if [ "$most" -lt 10 ]; then
    echo "$name left out: no time" | tee -a "$results/failures.txt" >&2
    failed=1
    return
  fi
  local begin="$SECONDS" status=0
  timeout -k 5 "$most" "$@" > >(tee "$results/$name.log") 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then status="not done after $most s"; fi
    echo "$name failed: $status" | tee -a "$results/failures.txt" >&2
    failed=1
  fi
  echo "$name $((SECONDS - begin)) s" >>"$results/times.txt"
  pack
}
# What there is to bring home; pages repeat the rows, checkpoints are large.
pack() {
  tar -czf "$results.tar.gz.new" --exclude checkpoints --exclude '*.html' \
    -C "$(dirname "$results")" "$(basename "$results")" && mv "$results.tar.gz.new" "$results.tar.gz"
}
reproduce() { # target, seconds, more options…
  local target="$1" most="$2"
  shift 2
  # From within, so that all targets are one report, and Figure 3 takes Figure 2's runs.
  step "$target" "$most" env -C "$results" "$program" reproduce "$target" --devices "$devices" "$@"
}
the_tests() { # seconds, name…
  local most="$1" test
  shift
  for test in "$@"; do
    if [ -x "tests/$test" ]; then step "test-$test" "$most" "tests/$test"; fi
  done
}

find_libraries
{
  nvidia-smi
  nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,power.limit --format=csv
} 2>&1 | tee "$results/machine.log"

step doctor 60 "$program" doctor --devices "$devices" --measure
the_tests 60 gpu-kernels gpu-layers gpu-residuals optim-devices optim-golden_numbers
# What a kernel reads or writes where it should not, and threads that race for the same place.
if command -v compute-sanitizer >/dev/null && [ -x tests/gpu-kernels ]; then
  for tool in memcheck racecheck; do
    # One test after the other: it has been seen not to end where several threads launch kernels.
    step "$tool" 90 compute-sanitizer --tool "$tool" --error-exitcode 1 tests/gpu-kernels --test-threads=1
  done
fi
reproduce lemmas 30 --profile gate
reproduce table2 100
if [ "$devices" = cuda ]; then
  # Streams, replicas and the exchange between them, whose times on one GPU are those of one worker.
  step table2-four-workers 60 "$program" reproduce table2 --devices cuda:0x4 --out "$results/four-workers"
fi
reproduce autotune 100
the_tests 120 harness-same_numbers
# JAX and PyTorch of this machine, as far as it has them, on its first GPU; contestants run in folders of the bundle.
if [ "${devices#cuda}" != "$devices" ]; then
  if [ ! -e bench/peers/.venv/bin/python ]; then
    mkdir -p bench/peers/.venv/bin
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v "$python")" >bench/peers/.venv/bin/python
    chmod +x bench/peers/.venv/bin/python
  fi
  step peers 180 "$program" reproduce peers --devices cuda:0 --profile short --datasets a8a,mnist --out "$results/peers"
fi
reproduce fig2 90
reproduce fig3 30
if [ "${devices#cuda}" != "$devices" ]; then
  reproduce fig4 600 --profile gpu
  # What did not end in time is shown as far as it got; run again, it goes on from its last epoch.
  if [ -s "$results/reports/fig4/journal.jsonl" ]; then
    "$program" report "$results/reports/fig4"
    pack
  fi
fi
exit "$failed"
