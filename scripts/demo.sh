#!/usr/bin/env bash
# Builds the samples and shows the platform, a protected API and a daemon that
# calls it, all on this machine, in a temporary folder and on free ports.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=${1:-bin/sekisho}
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT

go -C samples build -o "$programs/" ./api ./daemon ./demo
"$programs/demo" -sekisho "$binary" -api "$programs/api" -daemon "$programs/daemon"
