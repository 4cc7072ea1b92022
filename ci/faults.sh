#!/usr/bin/env bash
# Injects faults into the program: calls of the system that fail, kills, damaged files, hostile input, servers that
# answer otherwise than they should. Exit code 0 if all of them came out as they should.
#
#   ci/faults.sh [--quick] [--only CLASS] [--out FILE] [PROGRAM]
#
# PROGRAM is target/release/harness, built first, if none is named. Needs python3 (3.11 or newer) and gcc; a full
# disk is tried only as root.
set -euo pipefail
cd "$(dirname "$0")/.."
program=""
if [ "$#" -gt 0 ]; then program="${!#}"; fi
if [ ! -f "$program" ] || [ ! -x "$program" ]; then
  cargo build --release --locked -p harness
  set -- "$@" "${CARGO_TARGET_DIR:-target}/release/harness"
fi
export PYTHONPATH=ci PYTHONDONTWRITEBYTECODE=1
exec python3 -m faults "$@"
