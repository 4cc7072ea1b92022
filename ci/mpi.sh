#!/usr/bin/env bash
# Runs windows on ranks of MPI, under Open MPI and MPICH from Debian: the same rounds and losses as on workers, and what
# becomes of a rank that is killed, stopped for a while, stopped for good, or has another plan.
#
#   bash ci/mpi.sh [openmpi|mpich]…      (default: both)
#
# Installs what is missing, as root. Exit code 0 when all of it holds, 75 where neither can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
NO_MPI=75
implementations=("$@")
if [ "${#implementations[@]}" = 0 ]; then implementations=(openmpi mpich); fi
declare -A packages=([openmpi]="libopenmpi-dev openmpi-bin" [mpich]="libmpich-dev mpich")

have() { command -v "mpicc.$1" >/dev/null && command -v "mpirun.$1" >/dev/null; }
for one in "${implementations[@]}"; do
  if have "$one" && ls /usr/lib/llvm*/lib/libclang*.so* >/dev/null 2>&1; then continue; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null ||
    ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
      libclang-dev ${packages[$one]}; } >/dev/null 2>&1; then
    echo "no $one here, and none to be had from Debian" >&2
    exit "$NO_MPI"
  fi
done

work="$(mktemp -d)"
trap 'pkill -KILL -f "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
fail() {
  echo "FAILS: $*" >&2
  tail -n 15 "$work"/*.log >&2 || true
  exit 1
}
target=(reproduce table2 --profile smoke --data surrogate --offline --datasets a8a,usps --cache-dir "$work/cache")

# The columns that no clock is in, of the rows on workers or ranks, to ten digits.
counted() { # folder
  python3 - "$1/rows.csv" <<'PYTHON'
import csv, sys
exact = ["dataset", "window", "predictor", "rounds", "requested_gradients", "distinct_gradients", "depth_speedup"]
for row in csv.DictReader(open(sys.argv[1])):
    if row["evaluator"] == "devices":
        print([row[name] for name in exact], "%.5g %.5g" % (float(row["train_loss"]), float(row["test_accuracy"])))
PYTHON
}

for one in "${implementations[@]}"; do
  echo "== $one"
  # What speaks to MPI is not made again by itself where the compiler wrapper is another.
  cargo clean --package mpi-sys
  MPICC="$(command -v "mpicc.$one")" cargo build --locked --workspace --bin harness --features harness/mpi
  program="$work/harness-$one"
  cp "${CARGO_TARGET_DIR:-target}/debug/harness" "$program"
  case "$one" in
    openmpi) start=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none -n) ;;
    mpich) start=(mpirun.mpich -bind-to none -n) ;;
  esac
  export RAYON_NUM_THREADS=1
  if [ ! -d "$work/workers" ]; then
    "$program" "${target[@]}" --devices cpu --out "$work/workers" >"$work/workers.log" 2>&1 || fail "one process"
  fi
  for ranks in 1 2 4; do
    timeout 300 "${start[@]}" "$ranks" "$program" "${target[@]}" --devices mpi --out "$work/$one-$ranks" \
      >"$work/$one-$ranks.log" 2>&1 || fail "$ranks ranks"
    diff <(counted "$work/workers") <(counted "$work/$one-$ranks") >"$work/$one-diff.log" ||
      fail "$ranks ranks make other rounds or losses than one process"
    "$program" verify "$work/$one-$ranks" --sample 0 >"$work/$one-verify.log" || fail "the run on $ranks ranks"
    echo "$ranks ranks: rounds, gradients and losses of one process"
  done

  # From here on longer runs, of which one rank is the victim.
  long=("${target[@]}" --devices mpi --set "flows={other: 400}" --set repeats=0 --set long_flows={})
  second() { # the process of rank 1
    local pid
    for pid in $(pgrep -f "^$program reproduce"); do
      if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qE '^(OMPI_COMM_WORLD_RANK|PMI_RANK)=1$'; then
        echo "$pid"
        return
      fi
    done
  }
  begun() { # name: waits until something was measured
    local waited=0
    until [ -s "$work/$1/journal.jsonl" ]; do
      sleep 0.1
      waited=$((waited + 1))
      if [ "$waited" -gt 1200 ]; then fail "$1: nothing is measured"; fi
    done
  }
  run_long() { # name, more…
    local name="$1"
    shift
    rm -rf "${work:?}/$name"
    timeout 300 "${start[@]}" 2 "$program" "${long[@]}" --out "$work/$name" "$@" >"$work/$name.log" 2>&1
  }

  run_long "$one-killed" &
  begun "$one-killed"
  kill -KILL "$(second)"
  begin=$SECONDS
  if wait $!; then fail "a killed rank is no error"; fi
  took=$((SECONDS - begin))
  [ "$took" -lt 30 ] || fail "a killed rank is noticed after $took s"
  "$program" verify "$work/$one-killed" --sample 0 >"$work/$one-verify.log" || true
  grep -q 'lines\? as written' "$work/$one-verify.log" || fail "a killed rank costs the journal"
  timeout 300 "${start[@]}" 2 "$program" "${long[@]}" --out "$work/$one-killed" >"$work/$one-again.log" 2>&1 ||
    fail "the run does not go on after a rank was killed"
  grep -q 'cells are in .* already' "$work/$one-again.log" || fail "what was measured is measured again"
  echo "a killed rank: an error within $took s, the journal whole, the same command goes on"

  run_long "$one-slow" &
  begun "$one-slow"
  victim="$(second)"
  kill -STOP "$victim"
  sleep 3
  kill -CONT "$victim"
  wait $! || fail "a rank that stood still for three seconds"
  echo "a rank that stands still for three seconds: waited for"

  HARNESS_MPI_PATIENCE=4 run_long "$one-stopped" &
  begun "$one-stopped"
  begin=$SECONDS
  kill -STOP "$(second)"
  if wait $!; then fail "a stopped rank is no error"; fi
  [ $((SECONDS - begin)) -lt 30 ] || fail "a stopped rank is noticed after $((SECONDS - begin)) s"
  grep -q 'rank 1 (.*) did not answer for' "$work/$one-stopped.log" || fail "who does not answer is not said"
  echo "a rank that stands still for good: named after $((SECONDS - begin)) s"

  if timeout 120 "${start[@]}" 1 "$program" "${target[@]}" --devices mpi --out "$work/$one-other" : \
    -n 1 "$program" "${target[@]}" --devices mpi --out "$work/$one-other" --set seed=7 >"$work/$one-other.log" 2>&1; then
    fail "another plan on one rank is no error"
  fi
  grep -q 'rank 1 has another plan than rank 0' "$work/$one-other.log" || fail "another plan is not said"
  [ ! -e "$work/$one-other" ] || fail "another plan leaves something behind"
  echo "a rank with another plan: refused by its number, nothing left behind"
done
