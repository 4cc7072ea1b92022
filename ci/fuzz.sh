#!/usr/bin/env bash
# Looks for bytes with which something does not hold that has to, in everything that is read: `ci/fuzz`, by
# libFuzzer and AddressSanitizer where the compiler has them.
#
#   ci/fuzz.sh [--seconds N] [--jobs N] [TARGET ...]      all targets, a minute each, one after the other
#
# What it finds stays in target/fuzz/found, and is put to the target again by `cargo fuzz run TARGET FILE`; new
# bytes that reach other code stay in target/fuzz/corpus, where the next run goes on. Ends with 1 if something was
# found. Gets `cargo-fuzz` from the package index where it is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=60
jobs=1
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --seconds) seconds="$2" ;;
    --jobs) jobs="$2" ;;
    *) echo "ci/fuzz.sh: unknown: $1" >&2; exit 2 ;;
  esac
  shift 2
done
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz

work="$PWD/${CARGO_TARGET_DIR:-target}/fuzz"
found="$work/found"
mkdir -p "$found"
# AddressSanitizer needs a nightly compiler, as coverage by itself does not.
if cargo +nightly --version >/dev/null 2>&1; then
  toolchain=+nightly sanitizer=address
else
  toolchain="" sanitizer=none
fi
options=(--fuzz-dir ci/fuzz --features libfuzzer --sanitizer "$sanitizer" --target-dir "$work/$sanitizer")
# shellcheck disable=SC2086
cargo $toolchain fuzz build "${options[@]}"
programs="$work/$sanitizer/$(rustc -vV | sed -n 's/^host: //p')/release"

if [ $# -eq 0 ]; then
  mapfile -t targets < <(ls ci/fuzz/targets | sed 's/\.rs$//')
else
  targets=("$@")
fi

one() {
  local target="$1" corpus="$work/corpus/$1" log="$work/$1.log" code=0
  mkdir -p "$corpus" "$found/$target"
  # What is let through is small; a target that takes long or much of anything is a finding.
  RAYON_NUM_THREADS=1 "$programs/$target" "$corpus" "ci/fuzz/seeds/$target" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=8192 \
    -dict=ci/fuzz/words.dict -artifact_prefix="$found/$target/" -print_final_stats=1 -close_fd_mask=3 \
    >"$log" 2>&1 || code=$?
  local runs edges
  runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  edges="$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2)"
  printf '%-12s %10s inputs, %6s edges, %s\n' "$target" "${runs:-?}" "${edges:-?}" \
    "$([ "$code" -eq 0 ] && echo "nothing found" || echo "FOUND: $found/$target, $log")"
  return "$code"
}
export -f one
export work found programs seconds
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'one "$1" || exit 1' _ {}
