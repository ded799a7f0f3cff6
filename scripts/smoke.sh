#!/usr/bin/env bash
# Starts `sekisho dev` on a free port in an empty directory, gets one token with
# curl as a person would, asks Graph with it, and stops the server gracefully.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=${1:-bin/sekisho}
work=$(mktemp -d)
server=
finish() {
	status=$?
	if [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
		kill -TERM "$server"
		wait "$server" || true
	fi
	if ((status != 0)); then
		echo "smoke: failed; the server said:" >&2
		cat "$work/log" >&2 || true
	fi
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT

# A port that nobody answers on.
port=
for _ in $(seq 50); do
	candidate=$((20000 + RANDOM % 20000))
	if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
		port=$candidate
		break
	fi
done
[[ -n $port ]]

"$binary" dev --data "$work/data" --addr "localhost:$port" >"$work/log" 2>&1 </dev/null &
server=$!

curl=(curl --silent --show-error --fail-with-body --cacert "$work/data/ca.pem")
ready=
for _ in $(seq 100); do
	kill -0 "$server"
	if [[ -s $work/data/bootstrap.json ]] && "${curl[@]}" -o /dev/null "https://localhost:$port/readyz" 2>/dev/null; then
		ready=1
		break
	fi
	sleep 0.1
done
[[ -n $ready ]] || { echo "smoke: not ready after ten seconds" >&2; exit 1; }

# member NAME prints a top-level text member of bootstrap.json.
member() { sed -n "s/^ *\"$1\" *: *\"\\([^\"]*\\)\".*/\\1/p" "$work/data/bootstrap.json" | head -n 1; }

tenant=$(member tenantId)
graph=$(member graphUrl)
answer=$("${curl[@]}" "https://localhost:$port/$tenant/oauth2/v2.0/token" \
	--data-urlencode grant_type=client_credentials \
	--data-urlencode "client_id=$(member clientId)" \
	--data-urlencode "client_secret=$(member clientSecret)" \
	--data-urlencode scope=https://graph.microsoft.com/.default)
token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' <<<"$answer")
[[ $token == *.*.* ]] || { echo "smoke: no token in the answer" >&2; exit 1; }

"${curl[@]}" -H "Authorization: Bearer $token" "${graph%/}/v1.0/organization" | grep -q "$tenant"

kill -TERM "$server"
wait "$server" # a graceful stop ends with status 0
server=
echo "smoke: dev started, gave a token, Graph took it, and it stopped"
