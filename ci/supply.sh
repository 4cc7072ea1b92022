#!/usr/bin/env bash
# What the program is built from: licences, sources and bans (deny.toml), advisories where their list can be had, and
# a list of all of it as CycloneDX (SBOM).
#
#   ci/supply.sh [FILE]      the list goes to FILE (default: target/sbom.json)
#
# Gets `cargo-deny` and `cargo-cyclonedx` from the package index where they are not installed, which takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-${CARGO_TARGET_DIR:-target}/sbom.json}"
for tool in deny cyclonedx; do
  command -v "cargo-$tool" >/dev/null || cargo install --locked --quiet "cargo-$tool"
done
cargo deny --offline --locked check licenses sources bans
if ! cargo deny --locked check advisories; then
  cargo deny --locked fetch db 2>/dev/null && exit 1
  echo "NOT CHECKED: advisories, whose list could not be had here" >&2
fi
cargo cyclonedx --quiet --manifest-path harness/Cargo.toml --format json --override-filename sbom
mkdir -p "$(dirname "$out")"
mv harness/sbom.json "$out"
find . -name sbom.json -not -path './target/*' -delete
echo "$out: $(grep -c '"purl"' "$out") packages"
