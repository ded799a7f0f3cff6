#!/usr/bin/env bash
# Runs one go command in every module of the tree that is given:
#
#   scripts/modules.sh "MODULES" vet ./...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
modules=$1
shift
for module in $modules; do
	echo "== $module: go $*"
	go -C "$module" "$@"
done
