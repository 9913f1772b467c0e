#!/usr/bin/env bash
# Runs every benchmark of a build, one after the other on an otherwise idle machine, and prints one
# line a figure:
#   packaging/run-benches.sh [--full] BUILD_DIR [WORDS that a benchmark's name must contain]
#   --full   the terminal's storm takes its ten minutes, as its claim about memory needs, not 8 s
# A figure without a bar is noted: it neither passes nor misses anything.
# The JSON lines are kept in BUILD_DIR/bench-results.jsonl. Fails when a figure misses its bar.
set -uo pipefail
full=no
[ "${1:-}" = --full ] && full=yes && shift
[ $# -gt 0 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
results=$build/bench-results.jsonl
: >"$results"
missed=0 passed=0 noted=0
text() { sed -nE "s/.*\"$2\":\"([^\"]*)\".*/\1/p" <<<"$1"; }
number() { sed -nE "s/.*\"$2\":(-?[0-9.eE+]+).*/\1/p" <<<"$1"; }
for program in "$build"/bench/bench_*; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    if [ $# -gt 0 ]; then
        wanted=no
        for word in "$@"; do [[ $name == *$word* ]] && wanted=yes; done
        [ $wanted = yes ] || continue
    fi
    arguments=()
    [ $full = yes ] && [ "$name" = bench_terminal_storm ] && arguments=(--minutes 10)
    while IFS= read -r line; do
        [[ $line == \{*\"bench\"* ]] || continue
        echo "$line" >>"$results"
        if [[ $line == *'"ok":false'* ]]; then
            verdict=MISSED missed=$((missed + 1))
        elif bar=$(text "$line" bar) && [ -z "$bar" ] || [ "$bar" = none ]; then
            verdict=noted noted=$((noted + 1))
        else
            verdict=ok passed=$((passed + 1))
        fi
        printf '%-42s %14s %-8s ratio %-10s bar %-22s %s\n' "$(text "$line" bench)" \
            "$(number "$line" value)" "$(text "$line" unit)" "$(number "$line" ratio)" \
            "$(text "$line" bar)" "$verdict"
    done < <(timeout 900 "$program" "${arguments[@]}" 2>/dev/null ||
        echo "{\"bench\":\"$name\",\"ok\":false,\"bar\":\"runs to its end\"}")
done
echo
echo "$passed passed, $missed failed, $noted noted"
[ "$missed" -eq 0 ] && [ "$passed" -gt 0 ]
