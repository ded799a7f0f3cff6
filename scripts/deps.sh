#!/usr/bin/env bash
# Installs, with apt, what the given targets need and this machine lacks.
# Quick and silent when nothing is missing.
#
#   scripts/deps.sh           what `make test` needs
#   scripts/deps.sh interop   also Python's venv, a JDK and Maven
set -euo pipefail

missing=()

# need PACKAGE COMMAND... adds the package when the check fails.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}

have() { command -v "$1"; }

# Debian keeps initdb off the PATH, in a folder per major version.
have_initdb() {
	command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'
}

have_chromium() {
	command -v chromium || command -v chromium-browser || command -v google-chrome
}

have_cjk_font() {
	compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' ||
		compgen -G '/usr/share/fonts/truetype/noto/NotoSansCJK*'
}

need gcc have gcc
need libc6-dev test -e /usr/include/stdlib.h
need curl have curl
need openssl have openssl
need git have git
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need postgresql have_initdb
need chromium have_chromium
need fonts-noto-cjk have_cjk_font
need nodejs have node
need npm have npm

for target in "$@"; do
	case $target in
	interop)
		need python3-venv python3 -c 'import ensurepip, venv'
		need default-jdk-headless have javac
		need maven have mvn
		;;
	*)
		echo "scripts/deps.sh: unknown target $target" >&2
		exit 2
		;;
	esac
done

if ((${#missing[@]} == 0)); then
	exit 0
fi

impossible() {
	echo "Please install these packages, which are missing here and which this script cannot install ($1): ${missing[*]}" >&2
	exit 1
}

command -v apt-get >/dev/null || impossible "there is no apt-get"
root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || impossible "not root, and there is no sudo"
	root=(sudo)
fi

echo "installing: ${missing[*]}"
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
"${apt[@]}" update -qq </dev/null || impossible "apt-get update failed"
"${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" </dev/null ||
	impossible "apt-get install failed"
