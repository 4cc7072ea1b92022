#!/usr/bin/env bash
# Runs `ci/slurm/reproduce.sbatch` on a real Slurm, whose controller and node are this machine:
#
#   bash ci/slurm.sh [PROGRAM] [PROGRAM WITH MPI]     (default: target/release/harness; MPICH from Debian, and built)
#
# An array of three shares, one of them killed while it runs and started again; what they come to is merged and has to be
# what one run writes. Then `ci/slurm/ranks.sbatch`, two ranks of MPI that srun starts, one of them killed in between. Installs Slurm and munge from Debian where they are missing, and needs to be root for that and to
# start them; nothing else on the machine may use Slurm. Exit code 0 when all of it holds, 75 where Slurm cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "${1:-target/release/harness}")"
script="$(realpath ci/slurm/reproduce.sbatch)"
NO_SLURM=75

if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null ||
    ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
      slurmctld slurmd slurm-client munge; } >/dev/null 2>&1; then
    echo "no Slurm here, and none to be had from Debian" >&2
    exit "$NO_SLURM"
  fi
fi

work="$(mktemp -d)"
started=()
finish() {
  local one
  scancel --user="$(id -un)" 2>/dev/null || true
  for one in "${started[@]}"; do kill "$one" 2>/dev/null || true; done
  sleep 1
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "FAILS: $*" >&2
  tail -n 20 "$work"/*.log "$work"/slurm-*.out 2>/dev/null >&2 || true
  exit 1
}

# A cluster of one node.
host="$(hostname -s)"
export SLURM_CONF="$work/slurm.conf"
cat >"$SLURM_CONF" <<CONF
ClusterName=little
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=300
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
mkdir -p "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 600 "$work/munge.key"
chmod 711 "$work"
munged --force --foreground --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
  --log-file="$work/munge.log" --seed-file="$work/munge.seed" >/dev/null 2>&1 &
started+=($!)
sleep 1
slurmctld -D -i >"$work/slurmctld.log" 2>&1 &
started+=($!)
sleep 1
slurmd -D -N "$host" >"$work/slurmd.log" 2>&1 &
started+=($!)
for _ in $(seq 60); do
  if sinfo --noheader --format=%t 2>/dev/null | grep -q idle; then break; fi
  sleep 0.5
done
sinfo --noheader --format=%t | grep -q idle || fail "the node does not come up"
echo "Slurm $(sinfo --version | cut -d' ' -f2), one node of $(nproc) cores"

# What is run: the lemmas, and two data sets of Table 2, generated and of which nothing is timed.
export HARNESS="$program" OUT="$work/shares" HARNESS_CACHE_DIR="$work/cache"
target=(table2 --profile smoke --data surrogate --offline --set repeats=0 --set "flows={other: 30}")
env -C "$work" "$program" reproduce "${target[@]}" --out "$work/whole" >"$work/whole.log" 2>&1 || fail "one run"

submit() { # script's options… -- command's words…
  sbatch --parsable --chdir="$work" --output="$work/slurm-%A_%a.out" "$@" | cut -d';' -f1
}
state() { squeue --noheader --array --jobs="$1" --format=%T 2>/dev/null | sort | uniq -c | tr '\n' ' '; }
ended() { # job
  local waited=0
  while [ -n "$(squeue --noheader --array --jobs="$1" 2>/dev/null)" ]; do
    sleep 0.5
    waited=$((waited + 1))
    if [ "$waited" -gt 600 ]; then fail "job $1 does not end: $(state "$1")"; fi
  done
}
job="$(submit --array=1-3 --nice=0 --exclusive=user "$script" "${target[@]}")"
# The first share that has measured something is killed as a preemption does it, and goes on.
for _ in $(seq 200); do
  journal="$({ find "$OUT" -name journal.jsonl -size +0 2>/dev/null || true; } | head -1)"
  if [ -n "$journal" ]; then break; fi
  sleep 0.05
done
[ -n "$journal" ] || fail "no share has measured anything"
victim="$(sed -E 's#.*/shard-([0-9]+)-of-.*#\1#' <<<"$journal")"
scontrol requeue "${job}_$victim" || echo "share $victim had ended before it could be killed"
ended "$job"
env -C "$work" "$program" merge "$OUT"/shard-*-of-3 --out "$work/merged" >"$work/merge.log" 2>&1 ||
  fail "the shares are not merged"
env -C "$work" "$program" verify "$work/merged" --sample 2 >"$work/verify.log" || fail "the merged run is not verified"
columns='dataset|method|window|rounds|requested|distinct|flow_error|train_loss|test_accuracy'
same() { # folder: the columns that no clock is in
  python3 - "$1/rows.csv" "$columns" <<'PYTHON'
import csv, re, sys
rows = list(csv.DictReader(open(sys.argv[1])))
for row in rows:
    print([(name, row[name]) for name in row if re.fullmatch(sys.argv[2], name)])
print(len(rows))
PYTHON
}
diff <(same "$work/whole") <(same "$work/merged") >"$work/diff.log" || fail "merged, they are not what one run writes"
echo "an array of three shares, one of them killed and started again: merged, they are what one run writes"

# One task of the array by itself, as after a node was lost.
rm -rf "$OUT/shard-2-of-3"
export SHARES=3
job="$(submit --array=2 "$script" "${target[@]}")"
ended "$job"
[ -s "$OUT/shard-2-of-3/manifest.json" ] || fail "one task of the array by itself"
echo "one task of the array by itself, told of how many: its share"
unset SHARES

# Two ranks in one job.
with_mpi="${2:-}"
if [ -z "$with_mpi" ]; then
  if ! command -v mpicc.mpich >/dev/null || ! ls /usr/lib/llvm*/lib/libclang*.so* >/dev/null 2>&1; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
      libclang-dev libmpich-dev mpich; } >/dev/null 2>&1 || { echo "no MPICH here, and none to be had from Debian" >&2; exit "$NO_SLURM"; }
  fi
  cargo clean --package mpi-sys
  MPICC="$(command -v mpicc.mpich)" cargo build --locked --workspace --bin harness --features harness/mpi
  with_mpi="${CARGO_TARGET_DIR:-target}/debug/harness"
fi
HARNESS="$(realpath "$with_mpi")"
export HARNESS OUT="$work/ranks" RAYON_NUM_THREADS=1
ranks="$(realpath ci/slurm/ranks.sbatch)"
job="$(submit --ntasks=2 "$ranks" "${target[@]}" --set "flows={other: 600}")"
victim=""
for _ in $(seq 1200); do
  if [ -s "$OUT/journal.jsonl" ]; then
    for pid in $(pgrep -f "^$HARNESS reproduce"); do
      if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx SLURM_PROCID=1; then victim="$pid"; fi
    done
    break
  fi
  sleep 0.1
done
[ -n "$victim" ] || fail "no second rank that has something to lose"
kill -KILL "$victim"
ended "$job"
job="$(submit --ntasks=2 "$ranks" "${target[@]}" --set "flows={other: 600}")"
ended "$job"
grep -q 'cells are in .* already' "$work"/slurm-"$job"_*.out || fail "two ranks do not go on after one was killed"
"$program" verify "$OUT" --sample 0 >"$work/verify.log" || fail "the run of two ranks is not verified"
[ -s "$OUT/rows.csv" ] || fail "two ranks write no rows"
echo "two ranks by srun, one of them killed and the job started again: it goes on, and is whole"
