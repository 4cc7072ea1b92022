#!/usr/bin/env bash
# Our kernels as GPUs of three generations get them: what asks for more registers than its blocks may have, or
# keeps more than a few numbers of a thread outside of them, would be slow there or not start.
#
#   ci/registers.sh FOLDER   needs nvcc and ptxas on the PATH; leaves what it makes in the folder
set -euo pipefail
cd "$(dirname "$0")/.."
folder="$1"
mkdir -p "$folder"
for source in gpu/kernels/*.cu; do
  name="$(basename "$source" .cu)"
  NVCC_PREPEND_FLAGS="" nvcc -std=c++17 -O3 -fmad=false -ptx -arch=compute_80 "$source" -o "$folder/$name.ptx"
  for capability in 80 90 100; do
    ptxas -v "-arch=sm_$capability" "$folder/$name.ptx" -o "$folder/cubin" >"$folder/said" 2>&1
    awk -v what="$name.cu for sm_$capability" '
      / bytes spill stores/ { for (i = 2; i <= NF; i++) if ($i == "bytes" && $(i + 1) == "spill") kept = $(i - 1) > kept ? $(i - 1) : kept }
      / Used [0-9]+ registers/ { for (i = 1; i <= NF; i++) if ($i == "Used") most = $(i + 1) > most ? $(i + 1) : most }
      END {
        printf "%s: at most %d registers a thread, %d bytes of it kept elsewhere\n", what, most, kept
        exit most == 0 || kept > 16
      }' "$folder/said"
  done
done
