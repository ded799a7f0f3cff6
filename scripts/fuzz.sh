#!/usr/bin/env bash
# Fuzzes every target of the given modules, one after the other, for the time in
# FUZZTIME (default one minute each).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${FUZZTIME:-60s}
count=0
for module in $1; do
	for package in $(go -C "$module" list ./...); do
		targets=$(go -C "$module" test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
		for target in $targets; do
			echo "== $package $target"
			go -C "$module" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
			count=$((count + 1))
		done
	done
done
if ((count == 0)); then
	echo "no fuzz target found" >&2
	exit 1
fi
