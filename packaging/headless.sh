#!/usr/bin/env bash
# Starts the sandbox and a backend connected to it, prints how to reach them, and stops both on
# Ctrl+C: packaging/headless.sh BIN_DIR [sandbox options such as --replay FILE]
set -euo pipefail
bin=$1
shift
data=${XDG_DATA_HOME:-$HOME/.local/share}/quarterdeck
market=$data/headless # its account is kept here: the terminal's own market may be open meanwhile
mkdir -p "$market"
chmod 700 "$data" "$market"
ready=$(mktemp -d)
trap 'kill "${backend:-}" "${sandbox:-}" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$ready"' EXIT
trap 'exit 0' INT TERM

wait_ready() { # FILE PID NAME: the line that a program prints once it serves
    local deadline=$((SECONDS + 30))
    until [ -s "$1" ]; do
        kill -0 "$2" 2>/dev/null || { echo "$3 ended before it was ready" >&2; exit 1; }
        [ $SECONDS -lt $deadline ] || { echo "$3 was not ready within 30 s" >&2; exit 1; }
        read -rt 0.05 <> <(:) || true
    done
    head -n 1 "$1"
}
field() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" <<<"$1"; }

forget_old_worlds() { # what was ordered in recordings: nobody can go on with it; the newest stay
    local kept=5 number=0 file world
    while read -r file; do
        world=${file%.db}
        [ $((++number)) -gt $kept ] || continue
        rm -rf -- "$world".db{,-wal,-shm,-lock} "$world".checkpoints.jsonl{,.key,.pub} \
            "$world.archive" "$world.vault.key"
    done < <(find "$data" -maxdepth 1 -name 'passing-*.db' -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-)
}

"$bin/quarterdeck-sandbox" --credentials-file "$market/sandbox-credentials.json" \
    --data-dir "$market" "$@" >"$ready/sandbox" &
sandbox=$!
line=$(wait_ready "$ready/sandbox" $sandbox quarterdeck-sandbox)
forget_old_worlds
world=$(field "$line" world) # the same name for as long as the account is the same
"$bin/quarterdeckd" --data-dir "$data" \
    --alpaca-trading-url "$(field "$line" alpaca)" --alpaca-stream-url "$(field "$line" stream)" \
    --alpaca-data-url "$(field "$line" data)" --alpaca-data-stream-url "$(field "$line" dataStream)" \
    --alpaca-crypto-stream-url "$(field "$line" cryptoStream)" \
    --alpaca-credentials-file "$(field "$line" credentialsFile)" --alpaca-simulated true \
    --storage-database "${world/#paper-/headless-}" >"$ready/backend" &
backend=$!
line=$(wait_ready "$ready/backend" $backend quarterdeckd)
echo "quarterdeckd is at $(field "$line" url); the owner's token is in $(field "$line" tokenFile)"
echo "Try: $bin/quarterdeckctl quote SPY --watch      (Ctrl+C here stops everything)"
wait -n $sandbox $backend
echo "a program ended; stopping the other" >&2
exit 1
