#!/usr/bin/env bash
# Prints the folder of a `node` that is new enough for the Node clients: the
# machine's own, or else one taken as an npm package into .tools of this clone.
# Callers put the folder first in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

least=20      # MSAL Node 7 and @azure/identity ask for it
package=22    # the line taken when the machine's is older
tools=$PWD/.tools/node

new_enough() {
	local major
	major=$("$1" --version 2>/dev/null) || return 1
	major=${major#v}
	((${major%%.*} >= least))
}

if node=$(command -v node) && new_enough "$node"; then
	dirname "$node"
	exit 0
fi

bin=$tools/node_modules/node/bin
if ! new_enough "$bin/node"; then
	if ! command -v npm >/dev/null; then
		echo "Node $least or later is needed, and there is no npm to fetch it: run make deps." >&2
		exit 1
	fi
	mkdir -p "$tools"
	npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error "node@$package" >&2
fi
new_enough "$bin/node" || {
	echo "The npm package node@$package did not bring a working Node; install Node $least or later." >&2
	exit 1
}
echo "$bin"
