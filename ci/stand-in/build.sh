#!/usr/bin/env bash
# Compiles what the stand-ins that compute are made of, as objects: candle's kernels, from its sources in
# cargo's folder, and this project's, for the CPU; the driver; cuBLAS and cuRAND.
#
#   ci/stand-in/build.sh FOLDER
#
# Leaves FOLDER/driver/*.o and FOLDER/libraries.o. Needs g++ and python3.
set -euo pipefail
cd "$(dirname "$0")"
out="$1"
mkdir -p "$out/driver"
candle="$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/candle-kernels-0.11.*/src | tail -1)"
# Rounds as the kernels do on a GPU; what they read as other types than it was written as is theirs.
export FLAGS="-std=c++17 -O2 -fPIC -fvisibility=hidden -ffp-contract=off -fno-strict-aliasing -w -Iinclude -I. -I$candle"
# As for sm_80, for which candle's are compiled; ours have a way without a GPU's instructions.
export CANDLE="-D__CUDA_ARCH__=800 -D__CUDACC_VER_MAJOR__=13 -D__CUDACC_VER_MINOR__=0 -D__shared__=static"
export OURS="-D__shared__="
export out
unit() { # name, flags, source…
  local name="$1" flags="$FLAGS $2" unit="$out/driver/$1.cpp"
  shift 2
  # shellcheck disable=SC2086
  python3 wrap.py "$unit" "$@" -- g++ $flags && g++ $flags -c "$unit" -o "$out/driver/$name.o"
}
plain() { # name, folder
  # shellcheck disable=SC2086
  g++ $FLAGS -c "$1.cpp" -o "$2/$1.o"
}
export -f unit plain
{
  for name in indexing reduce unary binary cast conv affine fill ternary; do
    echo "unit $name '$CANDLE' '$candle/$name.cu'"
  done
  echo "unit ours '$OURS' $(printf "'%s' " "$PWD"/../../gpu/kernels/*.cu)"
  echo "plain kernel '$out/driver'"
  echo "plain driver '$out/driver'"
  echo "plain libraries '$out'"
} | xargs -d '\n' -P "$(nproc)" -I{} bash -c '{}'
