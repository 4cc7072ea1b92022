#!/usr/bin/env bash
# Everything with the feature `cuda`, on a machine that need not have a GPU, nor CUDA.
#
#   ci/cuda.sh           lints all of it, links the library's tests and runs them (the default: `check`), then on GPUs
#                        that the CPU stands in for (ci/stand-in)
#   ci/cuda.sh standin   the last of these alone
#   ci/cuda.sh ranks     windows on ranks of MPI with a GPU each that the CPU stands in for: rounds and losses of one
#                        process, whether gradients go through the host's memory or MPI is handed the GPUs'
#   ci/cuda.sh build     links the program: target/cuda/release/harness
#   ci/cuda.sh bundle    packs it with its plans for a GPU machine without a Rust toolchain:
#                        target/cuda/bundle.tar.xz, unpacked and run by its ci/gpu.sh
#
# Uses the CUDA toolkit where there is one (nvcc on the PATH, or CUDA_HOME). Where there is none, it
# gets the compiler from the Python package index (100 MB, once; needs python3 with pip and gcc), and
# makes stand-ins for the driver's libraries to link with. The program finds the real ones when it starts, and
# computes on the CPU where there are none.
#
# CUDA_COMPUTE_CAP says for which GPUs: 80, the default here, runs on Ampere and all newer ones; 90 on
# Hopper alone.
set -euo pipefail
cd "$(dirname "$0")/.."

work="${CARGO_TARGET_DIR:-target}/cuda"
mkdir -p "$work"
work="$(cd "$work" && pwd)"
# The tests that use a GPU where there is one.
ON_DEVICES=(--test kernels --test layers --test residuals --test staging --test devices --test golden_numbers --test same_numbers)
# Nothing is timed here: the tensor library need not be fast, which takes two minutes of compiling.
UNTIMED=(--config profile.dev.package.candle-core.opt-level=0 --config profile.dev.package.candle-nn.opt-level=0)
NO_COMPILER=75 # exit code: nothing was checked, for want of a compiler
step() {
  printf '\n== %s\n' "$*"
  local begin=$SECONDS code=0
  "$@" || code=$?
  echo "== in $((SECONDS - begin)) s"
  return "$code"
}

# Gets the compiler, unless there is one.
toolkit() {
  export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
  export CUDAFORGE_THREADS="${CUDAFORGE_THREADS:-$(nproc)}"
  if command -v "${CUDA_HOME:+$CUDA_HOME/bin/}nvcc" >/dev/null; then
    export PATH="${CUDA_HOME:+$CUDA_HOME/bin:}$PATH"
    local nvcc
    nvcc="$(readlink -f "$(command -v nvcc)")"
    export CUDA_HOME="${CUDA_HOME:-${nvcc%/bin/nvcc}}"
    return
  fi
  export CUDA_HOME="$work/toolkit/nvidia/cu13"
  export PATH="$CUDA_HOME/bin:$PATH"
  if [ -e "$work/toolkit/complete" ]; then
    return
  fi
  rm -rf "$work/toolkit" "$work/wheels"
  if ! step python3 -m pip download --quiet --no-deps --require-hashes --only-binary=:all: \
    --dest "$work/wheels" --requirement ci/cuda-toolkit.txt; then
    echo "the CUDA compiler could not be had: neither nvcc on the PATH, nor the package index" >&2
    exit "$NO_COMPILER"
  fi
  local wheel
  for wheel in "$work"/wheels/*.whl; do
    python3 -m zipfile -e "$wheel" "$work/toolkit"
  done
  rm -rf "$work/wheels"
  chmod +x "$CUDA_HOME"/bin/* "$CUDA_HOME"/nvvm/bin/cicc
  ln -sfn lib "$CUDA_HOME/lib64"
  touch "$work/toolkit/complete"
}

# A library that has the functions which the bindings `cudarc` declare, under the name that programs look
# for. They do nothing and answer an error, but for those that objects bring along.
stand_in() { # module of cudarc, library, name in programs, folder, answer, object or library…
  local bindings module="$1" library="$2" name="$3" folder="${4:-$work/stand-ins}" answer="${5:-100}"
  shift $(($# < 5 ? $# : 5))
  mkdir -p "$folder"
  bindings="$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.19.*/src/"$module"/sys/mod.rs | tail -1)"
  grep -ohE '\bfn (cu|nvrtc)[A-Za-z0-9_]+' "$bindings" | awk '{print $2}' | grep -v '^culib$' | sort -u |
    sed "s/.*/__attribute__((weak)) int &(void) { return $answer; }/" >"$folder/$library.c"
  gcc -w -fPIC -O1 -c -o "$folder/$library.o" "$folder/$library.c"
  # candle's sources each have the functions that they share.
  "${LINK:-gcc}" -shared -o "$folder/$name" "$folder/$library.o" "$@" -Wl,-soname,"$name" -Wl,-z,muldefs
  ln -sf "$name" "$folder/lib$library.so"
  rm "$folder/$library.c" "$folder/$library.o"
}

# The same that compute on the CPU what a GPU would, for the tests that want one.
computing() {
  local folder="$work/computing"
  step bash ci/stand-in/build.sh "$folder"
  LINK=g++ stand_in driver cuda libcuda.so.1 "$folder" 801 "$folder"/driver/*.o
  LINK=g++ stand_in curand curand libcurand.so.10 "$folder" 999 "$folder/libraries.o" "$folder/libcuda.so.1"
  LINK=g++ stand_in cublas cublas libcublas.so.13 "$folder" 15 "$folder/libraries.o" "$folder/libcuda.so.1"
  g++ -std=c++17 -O2 -fPIC -fvisibility=hidden -shared -o "$folder/libnccl.so.2" ci/stand-in/nccl.cpp "$folder/libcuda.so.1" \
    -Wl,-soname,libnccl.so.2
}

# What to link with, where the driver's libraries are not installed.
libraries() {
  if has_driver; then
    return
  fi
  step cargo fetch --locked
  stand_in driver cuda libcuda.so.1
  stand_in nvrtc nvrtc libnvrtc.so.13
  stand_in curand curand libcurand.so.10
  stand_in cublas cublas libcublas.so.13
  stand_in cublaslt cublasLt libcublasLt.so.13
  # The runtime is linked in as a whole, so that a GPU machine needs no toolkit.
  local runtime
  runtime="$(find "$CUDA_HOME"/lib64/ "$CUDA_HOME"/lib/ -name libcudart_static.a 2>/dev/null | head -n 1 || true)"
  if [ -z "$runtime" ]; then
    echo "no libcudart_static.a in $CUDA_HOME/lib64 or $CUDA_HOME/lib" >&2
    exit "$NO_COMPILER"
  fi
  cp "$runtime" "$work/stand-ins/"
  echo 'INPUT(libcudart_static.a)' >"$work/stand-ins/libcudart.so"
  # Where the linker and the tests look; not a setting of the compiler, which would compile all anew.
  export LIBRARY_PATH="$work/stand-ins${LIBRARY_PATH:+:$LIBRARY_PATH}"
  export LD_LIBRARY_PATH="$work/stand-ins${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

has_driver() { [[ "$(ldconfig -p)" == *libcuda.so.1* ]]; }

# Where no GPU will run them, kernels need not be fast: those that candle has for quantised networks, which
# nothing here calls, take a sixth of the time so.
without_gpu() {
  if ! has_driver; then
    export NVCC_PREPEND_FLAGS="-Ofc max"
  fi
}

# The tests on two GPUs that the CPU stands in for; the paper's data would take it too long.
standin() {
  if ! command -v g++ >/dev/null; then
    echo "no g++: nothing stands in for a GPU"
    return
  fi
  libraries
  computing
  local tests=(--test kernels --test layers --test residuals --test staging --test devices --test golden_numbers --test counts
    --test on_gpus --test contest_runs)
  on_two() { # variable=value… command…
    step env LD_LIBRARY_PATH="$work/computing:${LD_LIBRARY_PATH:-}" STANDIN_DEVICES=2 GPU_TESTS=required "$@"
  }
  on_two cargo test "${UNTIMED[@]}" --locked --workspace --features cuda "${tests[@]}"
  local seed
  for seed in 2 3 4 5; do
    on_two STANDIN_SEED="$seed" cargo test "${UNTIMED[@]}" --locked --workspace --features cuda --test devices
  done
  # Each wait that `gpu::after` stands for is left out once: before and after a copy, of points and gradients
  # and of data. A wrong number has to come out, or what is above proves nothing. The log is kept apart: its
  # failures are none.
  local left_out test
  for test in workers_on_every_device a_replica_of_data; do
    for left_out in 2 3; do
      if on_two STANDIN_NO_WAITS="$left_out" cargo test "${UNTIMED[@]}" --locked --workspace --features cuda --test devices \
        "$test" >"$work/without-waits.log" 2>&1; then
        echo "$test: a wait that is left out ($left_out) was not found out" >&2
        exit 1
      fi
      echo "as it has to: $test finds out that a wait is left out ($left_out)"
    done
  done
}

# What a GPU has in memory the CPU reads as well where it stands in for one, so that there any MPI is CUDA-aware, once it is
# made to say so.
ranks() {
  if ! command -v mpicc >/dev/null || ! command -v mpirun >/dev/null || ! command -v g++ >/dev/null; then
    echo "ranks take an MPI, with mpicc and mpirun, libclang and g++" >&2
    exit "$NO_COMPILER"
  fi
  libraries
  computing
  # What speaks to MPI is not made again by itself where the compiler wrapper is another.
  cargo clean --package mpi-sys
  export MPICC="${MPICC:-$(command -v mpicc)}"
  step cargo clippy --locked --workspace --features cuda,mpi --all-targets -- -D warnings
  step cargo build "${UNTIMED[@]}" --locked --workspace --bin harness --features cuda,mpi
  local folder="$work/ranks" harness="${work%/cuda}/debug/harness" aware
  rm -rf "$folder"
  mkdir "$folder"
  python3 - "$folder" <<'PYTHON'
import random, sys
draw = random.Random(1).gauss
with open(sys.argv[1] + "/mine.csv", "w") as table:
    print("a,b,c,d,label", file=table)
    for _ in range(200):
        row = [draw(0, 1) for _ in range(4)]
        print(*(f"{x:.4f}" for x in row), int(sum(row) > 0), sep=",", file=table)
PYTHON
  "$harness" plan new registry >"$folder/registry.yaml" 2>/dev/null
  "$harness" plan new windows 2>/dev/null >"$folder/plan.yaml"
  run() { # name, devices, command in front…
    local name="$1" devices="$2"
    shift 2
    step env LD_LIBRARY_PATH="$work/computing:${LD_LIBRARY_PATH:-}" STANDIN_DEVICES=2 RAYON_NUM_THREADS=1 "$@" "$harness" \
      reproduce "$folder/plan.yaml" --registry "$folder/registry.yaml" --set "datasets=[mine]" --set repeats=0 \
      --set "windows=[{evaluator: devices, window: 1}, {evaluator: devices, window: [2, 4, 5], predictor: linear-force}, {evaluator: devices, window: 8, method: secant, memory: 6}]" \
      --devices "$devices" --out "$folder/$name" --fresh >"$folder/$name.log" 2>&1 || {
      tail -n 20 "$folder/$name.log" >&2
      exit 1
    }
  }
  # Open MPI wants to be told that more ranks than cores, and root, are meant; MPICH knows neither word.
  local ranks=(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 timeout 300
    mpirun -n 2)
  for aware in 0 1; do
    gcc -shared -fPIC -x c -o "$folder/aware-$aware.so" - <<<"int MPIX_Query_cuda_support(void) { return $aware; }"
  done
  run cuda cuda:0
  run host mpi:cuda "${ranks[@]}"
  run aware mpi:cuda-aware LD_PRELOAD="$folder/aware-1.so" "${ranks[@]}"
  if (run refused mpi:cuda-aware LD_PRELOAD="$folder/aware-0.so" "${ranks[@]}") 2>/dev/null ||
    ! grep -q "not every rank's MPI says that it is CUDA-aware" "$folder/refused.log"; then
    echo "an MPI that is not CUDA-aware is taken for one that is" >&2
    exit 1
  fi
  python3 - "$folder" <<'PYTHON'
import csv, sys
counted = ["window", "predictor", "rounds", "requested_gradients", "distinct_gradients", "train_loss", "flow_error", "status"]
names = {"cuda": "cuda", "host": "mpi:cuda", "aware": "mpi:cuda-aware"}
runs = {name: list(csv.DictReader(open(f"{sys.argv[1]}/{name}/rows.csv"))) for name in names}
for name, rows in runs.items():
    labels = {row["devices"].rsplit(":", 1)[0] for row in rows}
    assert len(rows) == 5 and labels == {names[name]}, (name, labels)
    for row, wanted in zip(rows, runs["cuda"]):
        for column in counted:
            assert row[column] == wanted[column], (name, row["window"], column, row[column], wanted[column])
print("two ranks, each with a GPU that the CPU stands in for: rounds, gradients and losses of one process, to the last digit, "
      "through the host's memory and by an MPI that is handed the GPUs'")
PYTHON
}

# The stand-ins answer that there is no GPU, which has to be understood; with one, the tests use it.
check() {
  # All packages in both, so that both share one build of the kernels, which takes minutes. Linted with
  # cuDNN, which adds to all that is linted without; compiled and run without.
  step cargo clippy --locked --workspace --features cuda,cudnn --all-targets -- -D warnings
  libraries
  step cargo test "${UNTIMED[@]}" --locked --workspace --features cuda "${ON_DEVICES[@]}"
  step bash ci/registers.sh "$work/registers"
  if ! has_driver; then
    step starts_without "${CARGO_TARGET_DIR:-target}/debug/harness"
    standin
  fi
}

# A program built with CUDA needs none of its libraries to start, and says which it has not found.
starts_without() { # program
  if readelf -d "$1" | grep -E 'NEEDED.*lib(cuda|cublas|cublasLt|curand|nvrtc)\.'; then
    echo "$1 does not start without these: gpu/src/forward/functions.s lacks a function" >&2
    return 1
  fi
  local said
  said="$(env -u LD_LIBRARY_PATH "$1" doctor --offline --devices auto 2>&1)" || return 1
  grep -q "libcuda.so.1: cannot open" <<<"$said"
}

build() {
  libraries
  # A folder of its own, so that the program without CUDA stays.
  step cargo build --locked --release --workspace --bin harness --features cuda \
    --target-dir "$work"
}

# The tests that use a GPU where there is one, as programs: puts them into a folder.
tests() { # folder
  cargo test --locked --release --no-run --features cuda --target-dir "$work" --message-format json \
    --workspace "${ON_DEVICES[@]}" |
    python3 -c '
import json, shutil, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["profile"]["test"]:
        package = message["package_id"].split("#")[0].rsplit("/", 1)[-1]
        name = package + "-" + message["target"]["name"]
        shutil.copy(message["executable"], f"{sys.argv[1]}/{name}")
' "$1"
}

# The program and what it reads, with the command that runs it there.
bundle() {
  build
  local folder="$work/bundle"
  rm -rf "$folder"
  mkdir -p "$folder/ci" "$folder/tests"
  cp "$work/release/harness" "$folder/"
  tests "$folder/tests"
  strip "$folder/harness" "$folder"/tests/*
  mkdir -p "$folder/bench"
  cp -r configs "$folder/"
  cp -r bench/peers "$folder/bench/"
  rm -rf "$folder/bench/peers/.venv"
  cp ci/gpu.sh "$folder/ci/"
  # The programs hold the same kernels: a dictionary as long as several of them keeps those once.
  tar --create --sort=name --directory "$work" bundle |
    xz --lzma2=preset=1,dict=192MiB >"$work/bundle.tar.xz.new"
  mv "$work/bundle.tar.xz.new" "$work/bundle.tar.xz"
  ls -l "$work/bundle.tar.xz"
}

toolkit
case "${1:-check}" in
  check) without_gpu; check ;;
  standin) without_gpu; standin ;;
  ranks) without_gpu; ranks ;;
  build) build ;;
  bundle) bundle ;;
  *) sed -n '4,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
