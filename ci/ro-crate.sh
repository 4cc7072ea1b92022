#!/usr/bin/env bash
# Validates the RO-Crate of a run by a validator from the Python package index; what cannot be had is said, and is
# no failure.
#
#   ci/ro-crate.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "$1")"
work="$(realpath "${CARGO_TARGET_DIR:-target}")/ro-crate"
python="$work/venv/bin/python"
if ! "$python" -c 'import rocrate, rocrate_validator' 2>/dev/null; then
  if ! { python3 -m venv "$work/venv" && "$python" -m pip install --quiet roc-validator==0.13.0 rocrate==0.16.0; }; then
    echo "NOT CHECKED: RO-Crates, as their validator could not be had here" >&2
    exit 0
  fi
fi
rm -rf "$work/run"
"$program" reproduce spring --profile smoke --out "$work/run" >/dev/null
exec "$python" ci/ro_crate.py "$work/run"
