#!/usr/bin/env bash
# The one command for a machine with a GPU: what `ci/cuda.sh bundle` packed, or this repository with the
# program built there by `ci/cuda.sh build`.
#
#   ci/gpu.sh [FOLDER [DATA]]
#
# Runs the bundle's tests on the GPU, measures the GPU's rates, checks the theory, then Table 2, the
# one-GPU table, the GPU's PyTorch and JAX beside this program, and the figures, Figure 4 as far as it gets
# (by cuDNN, if the system or PYTHON's packages have it), and leaves rows, tables, plots, manifests and logs
# in FOLDER (default: gpu-results). DATA is a folder with the data sets
# (default: HARNESS_DATA_DIR; without any, generated sets stand in and nothing is said of the paper).
# DEVICES says on what (default: cuda, all GPUs); PYTHON which Python has PyTorch and JAX (default:
# python3; without them they are left out). MINUTES is what all of it may take (default: 9): what would
# not end in time is left out, and said so.
set -uo pipefail
cd "$(dirname "$0")/.."

results="${1:-gpu-results}"
data="${2:-${HARNESS_DATA_DIR:-}}"
devices="${DEVICES:-cuda}"
minutes="${MINUTES:-9}"
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
program="$(realpath "$program")"
# Where the program and the tests look.
if [ -n "$data" ]; then
  data="$(realpath "$data")"
  export HARNESS_DATA_DIR="$data"
fi

failed=0
# Seconds left; a step gets no more.
left() { echo $((minutes * 60 - SECONDS)); }
# Each step with its own log; one that fails is named, and the others go on.
step() { # name, command…
  local name="$1"
  shift
  printf '\n== %s, %d s left\n' "$name" "$(left)"
  if [ "$(left)" -lt 10 ]; then
    echo "$name left out: no time" | tee -a "$results/failures.txt" >&2
    failed=1
    return
  fi
  local begin="$SECONDS" status=0
  timeout "$(left)" "$@" > >(tee "$results/$name.log") 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    if [ "$status" -eq 124 ]; then status="no time left"; fi
    echo "$name failed: $status" | tee -a "$results/failures.txt" >&2
    failed=1
  fi
  echo "$name $((SECONDS - begin)) s" >>"$results/times.txt"
}
reproduce() { # target, more options…
  local target="$1"
  shift
  # From within, so that all targets are one report, and Figure 3 takes Figure 2's runs.
  step "$target" env -C "$results" "$program" reproduce "$target" --devices "$devices" "$@"
}
# From here on the program that makes convolutions by cuDNN, if it is here and they work.
prefer_cudnn() {
  local by_cudnn packaged
  by_cudnn="$(dirname "$program")/harness-cudnn"
  packaged="$("${PYTHON:-python3}" -c 'import nvidia.cudnn as c; print(c.__path__[0] + "/lib")' 2>/dev/null)"
  if [ -n "$packaged" ]; then export LD_LIBRARY_PATH="$packaged${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; fi
  # It opens more libraries when it first convolves, so that starting proves nothing: a small network does.
  if timeout 60 "$by_cudnn" reproduce fig4 --profile smoke --devices "$devices" --data surrogate \
    --set 'profiles.smoke.images={train: 64, test: 32}' --set profiles.smoke.epochs=1 \
    --set 'profiles.smoke.network={width: 2, blocks: [1]}' --out "$results/cudnn" \
    >"$results/cudnn.log" 2>&1; then
    program="$by_cudnn"
  else
    echo "no cuDNN ($results/cudnn.log): convolutions by the tensor library's own kernels"
  fi
}

for test in tests/*; do
  if [ -x "$test" ] && [ -f "$test" ]; then step "test-${test#tests/}" "$test"; fi
done
step doctor "$program" doctor --devices "$devices" --measure
reproduce lemmas --profile gate
reproduce table2
reproduce autotune
# JAX and PyTorch of this machine, on its first GPU.
peer="$(dirname "$program")/peer"
if [ -x "$peer" ] && [ "${devices#cuda}" != "$devices" ]; then
  step peers "${PYTHON:-python3}" bench/peers/run.py --python "$(command -v "${PYTHON:-python3}")" --gpu 0 \
    --quick --binary "$peer" --out "$results/peers" ${data:+--data-dir "$data"}
fi
reproduce fig2
reproduce fig3
if [ "${devices#cuda}" != "$devices" ]; then
  prefer_cudnn
  reproduce fig4 --profile quick
  # What did not end in time is shown as far as it got; run again, it goes on from its last epoch.
  if [ -s "$results/reports/fig4/journal.jsonl" ]; then "$program" report "$results/reports/fig4"; fi
fi
exit "$failed"
