#!/usr/bin/env bash
# Runs windows on ranks of MPI, under Open MPI and MPICH from Debian: the same rounds and losses as on workers, and what
# becomes of a rank that is killed, stopped for a while, stopped for good, or has another plan; then with each rank in a
# network of its own, behind a slow link, which is cut (ci/link.py; as root, where the system has tunnels).
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
link=""
finish() {
  if [ -n "$link" ]; then kill "$link" 2>/dev/null || true; fi
  pkill -KILL -f "$work" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "FAILS: $*" >&2
  tail -n 15 "$work"/*.log >&2 || true
  exit 1
}
target=(reproduce table2 --profile smoke --data surrogate --offline --datasets a8a,usps --cache-dir "$work/cache")

# Runs a command, and lets it be that MPI itself does not come to its end after all was written, which MPICH 4.0 over TCP
# does not now and then.
run_whole() { # log, command…
  local log="$1"
  shift
  "$@" >"$log" 2>&1 || grep -q 'MPI does not come to its end, which changes nothing' "$log"
}

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

  rm -rf "$work/configs"
  cp -r configs "$work/configs"
  printf '%s\n' 'target: all' 'experiment: suite' 'title: two of windows and one of none' 'source: none' \
    'targets: [spring, table2, fig5]' 'default_profile: smoke' \
    'profiles: {smoke: {what: everything once, verdicts: false}}' >"$work/configs/all.yaml"
  timeout 300 "${start[@]}" 2 "$program" reproduce all --devices mpi --configs "$work/configs" --data surrogate --offline \
    --cache-dir "$work/cache" --out "$work/$one-all" >"$work/$one-all.log" 2>&1 || fail "several targets on ranks"
  grep -q 'spring' "$work/$one-all.log" && [ ! -e "$work/$one-all/spring" ] || fail "ranks make what has no windows"
  diff <(counted "$work/workers") <(counted "$work/$one-all/table2") >"$work/$one-diff.log" ||
    fail "two ranks make other rounds or losses in several targets than one process in one"
  [ -s "$work/$one-all/fig5/rows.csv" ] || fail "the second of several targets is not made"
  probed="$(python3 - "$work/$one-all/table2/rows.csv" <<'PYTHON'
import csv, sys
rows = [row for row in csv.DictReader(open(sys.argv[1])) if row["devices"] == "mpi:2" and row["status"] == "complete"]
print(len(rows), sum(0.1 < float(row["capacity"] or 0) < 2 for row in rows))
PYTHON
)"
  [ "${probed% *}" -gt 0 ] && [ "${probed% *}" = "${probed#* }" ] || fail "rows on ranks, and those that were probed: $probed"
  echo "all targets on 2 ranks: those of windows, of each rank it is known how much of its core was there"

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

  if [ "$(id -u)" != 0 ] || [ ! -e /dev/net/tun ] || ! command -v ip >/dev/null; then
    echo "no networks of their own here: that takes root, /dev/net/tun and ip"
    continue
  fi
  # Two hosts, for all that MPI can see: names, addresses and networks of their own.
  here="h$$a" there="h$$b"
  cat >"$work/on" <<AGENT
#!/bin/bash
# host, command: runs it in the host's network, under its name.
while [[ "\$1" = -* ]]; do shift; done
case "\$1" in 10.77.0.1) network=$here ;; *) network=$there ;; esac
shift
exec ip netns exec \$network unshare --uts bash -c 'hostname "\$0"; eval "\$@"' \$network "\$@"
AGENT
  chmod +x "$work/on"
  # Empty, so that nothing is waited for that another implementation's link said.
  : >"$work/link.log"
  CUT="$work/cut" python3 ci/link.py "$here" "$there" 2 1000 >"$work/link.log" 2>&1 &
  link=$!
  until grep -q up "$work/link.log"; do
    kill -0 "$link" 2>/dev/null || fail "no link between two networks"
    sleep 0.1
  done
  first=(ip netns exec "$here" unshare --uts bash -c 'hostname "$0"; exec "$@"' "$here")
  # Both would else find one another in this machine's memory, and Open MPI's starter ask for 300 s before it takes
  # the other's for lost.
  case "$one" in
    openmpi) apart=(mpirun.openmpi --allow-run-as-root --bind-to none --mca plm_rsh_agent "$work/on" --mca pml ob1
      --mca btl "tcp,self" --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24
      --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 --host 10.77.0.1:1,10.77.0.2:1 -x RAYON_NUM_THREADS -x HARNESS_MPI_PATIENCE -n 2) ;;
    mpich) apart=(env UCX_TLS=tcp,self MPIR_CVAR_NOLOCAL=1 mpirun.mpich -bind-to none -launcher rsh -launcher-exec "$work/on"
      -hosts 10.77.0.1,10.77.0.2 -localhost 10.77.0.1 -ppn 1 -n 2) ;;
  esac
  export HARNESS_MPI_PATIENCE=60
  run_whole "$work/$one-apart.log" timeout 300 "${first[@]}" "${apart[@]}" "$program" "${target[@]}" --devices mpi \
    --out "$work/$one-apart" || fail "two ranks in networks of their own"
  diff <(counted "$work/workers") <(counted "$work/$one-apart") >"$work/$one-diff.log" ||
    fail "two ranks in networks of their own make other rounds or losses than one process"
  exchange="$(python3 - "$work/$one-apart/rows.csv" <<'PYTHON'
import csv, statistics, sys
times = [row["rank_exchange_s"] for row in csv.DictReader(open(sys.argv[1]))]
print(round(1e3 * statistics.median(float(time) for time in times if time), 2))
PYTHON
)"
  python3 -c "import sys; sys.exit(not 2.0 <= $exchange < 20.0)" || fail "an exchange through 2 ms takes $exchange ms"
  "$program" model "$work/$one-apart" >"$work/$one-model.log" || fail "no model of two ranks in networks of their own"
  fitted="$(sed -nE 's/^Network measured: .* ranks, ([0-9.]+) µs .*/\1/p' "$work/$one-model.log")"
  echo "two ranks in networks of their own, 2 ms apart: rounds, gradients and losses of one process; an exchange takes \
$exchange ms, a step of it $fitted µs by the model"

  HARNESS_MPI_PATIENCE=4 timeout 300 "${first[@]}" "${apart[@]}" "$program" "${long[@]}" \
    --set "flows={other: 2000}" --out "$work/$one-cut" >"$work/$one-cut.log" 2>&1 &
  waited=0
  until grep -q 'theory hold' "$work/$one-cut.log"; do
    sleep 0.1
    waited=$((waited + 1))
    if [ "$waited" -gt 1200 ]; then fail "nothing is begun through a link"; fi
  done
  touch "$work/cut"
  begin=$SECONDS
  while pgrep -f "^$program reproduce" >/dev/null; do
    sleep 0.5
    [ $((SECONDS - begin)) -lt 90 ] || fail "behind a cut link the ranks do not end"
  done
  took=$((SECONDS - begin))
  grep -q 'rank 1 (.*) did not answer for' "$work/$one-cut.log" || fail "who cannot be reached is not said"
  # Open MPI's starter waits for ever for the other half of itself.
  pkill -KILL -f "^mpirun.$one .*$work/$one-cut" || true
  if wait $!; then fail "a cut link is no error"; fi
  rm "$work/cut"
  run_whole "$work/$one-again.log" timeout 300 "${first[@]}" "${apart[@]}" "$program" "${target[@]}" --devices mpi \
    --out "$work/$one-again" || fail "nothing runs through a link that was mended"
  echo "a link that is cut: who cannot be reached is named, both ranks end within $took s, mended it serves again"
  kill "$link"
  wait "$link" || true
done
