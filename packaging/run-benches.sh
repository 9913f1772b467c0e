#!/usr/bin/env bash
# Runs every benchmark of a build, one after the other on an otherwise idle machine, and prints one
# line a figure: packaging/run-benches.sh BUILD_DIR [WORDS that a benchmark's name must contain]
# The JSON lines are kept in BUILD_DIR/bench-results.jsonl. Fails when a figure misses its bar.
set -uo pipefail
build=$(cd "$1" && pwd)
shift
results=$build/bench-results.jsonl
: >"$results"
missed=0 figures=0
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
    while IFS= read -r line; do
        [[ $line == \{*\"bench\"* ]] || continue
        echo "$line" >>"$results"
        figures=$((figures + 1))
        verdict=ok
        [[ $line == *'"ok":false'* ]] && verdict=MISSED missed=$((missed + 1))
        printf '%-42s %14s %-8s ratio %-10s bar %-22s %s\n' "$(text "$line" bench)" \
            "$(number "$line" value)" "$(text "$line" unit)" "$(number "$line" ratio)" \
            "$(text "$line" bar)" "$verdict"
    done < <(timeout 900 "$program" 2>/dev/null || echo "{\"bench\":\"$name\",\"ok\":false,\"bar\":\"runs to its end\"}")
done
echo
echo "$((figures - missed)) passed, $missed failed"
[ "$missed" -eq 0 ]
