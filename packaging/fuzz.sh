#!/usr/bin/env bash
# Runs the fuzz targets of a build made with -DFUZZ=ON, one after the other, from the seeds in
# tests/fuzz/seeds: packaging/fuzz.sh BUILD_DIR SECONDS_EACH [WORDS that a target's name must contain]
# What a target learns stays in BUILD_DIR/fuzz-corpus and is begun from the next time; an input that
# breaks a promise is kept in BUILD_DIR/fuzz-findings. Fails when there was one.
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
seconds=$2
shift 2
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
passed=0 failed=0

wanted() {
    [ $# -eq 1 ] && return 0
    local name=$1 word
    shift
    for word in "$@"; do [[ $name == *$word* ]] && return 0; done
    return 1
}

for program in "$build"/fuzz/fuzz_*; do
    [ -x "$program" ] || continue
    name=$(basename "$program") name=${name#fuzz_}
    wanted "$name" "$@" || continue
    corpus=$build/fuzz-corpus/$name findings=$build/fuzz-findings/$name log=$build/fuzz-$name.log
    mkdir -p "$corpus" "$findings"
    folders=("$corpus")
    [ -d "$top/tests/fuzz/seeds/$name" ] && folders+=("$top/tests/fuzz/seeds/$name")
    if "$program" -max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=2048 \
        -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$findings/" "${folders[@]}" >"$log" 2>&1; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=FAILED
    fi
    runs=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+)/\1/p' "$log")
    inputs=$(find "$corpus" -type f | wc -l)
    printf '%-20s %10s runs %6s inputs kept  %s\n' "$name" "${runs:-?}" "$inputs" "$verdict"
    if [ $verdict = FAILED ]; then
        grep -E 'ERROR: |runtime error|promise broken|Test unit written|^SUMMARY' "$log" | head -n 5
    fi
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
