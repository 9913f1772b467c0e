#!/usr/bin/env bash
# Runs the test programs of a build, then the drills, and adds up what they say:
# packaging/run-tests.sh BUILD_DIR [WORDS that a program's name must contain]
# Each program has 10 minutes; what it printed is kept in BUILD_DIR/test-logs.
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
logs=$build/test-logs
mkdir -p "$logs"
export QT_QPA_PLATFORM=offscreen QT_LOGGING_RULES='*.debug=false'
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$(mktemp -d)}
passed=0 failed=0 skipped=0

wanted() {
    [ $# -eq 1 ] && return 0
    local name=$1 word
    shift
    for word in "$@"; do [[ $name == *$word* ]] && return 0; done
    return 1
}

# Adds the counts that a log's closing lines tell (GoogleTest, Qt Test or the plain line).
count() { # NAME LOG EXIT SECONDS
    local p=0 f=0 s=0 line
    if grep -qE '^Totals: [0-9]+ passed' "$2"; then # a line for each of the program's suites
        read -r p f s < <(awk '/^Totals: / { p += $2; f += $4; s += $6 } END { print p, f, s }' "$2")
    elif grep -q '^\[==========\]' "$2"; then
        p=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?.*/\1/p' "$2" | tail -n 1)
        f=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) tests?, listed.*/\1/p' "$2" | tail -n 1)
        s=$(sed -nE 's/^\[  SKIPPED \] ([0-9]+) tests?, listed.*/\1/p' "$2" | tail -n 1)
    elif line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1) && [ -n "$line" ]; then
        p=$(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")
        f=$(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")
        s=$(sed -nE 's/.* ([0-9]+) skipped.*/\1/p' <<<"$line")
    fi
    p=${p:-0} f=${f:-0} s=${s:-0}
    # A program that dies, hangs or fails without saying so has failed all the same.
    if [ "$3" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$3" -eq 0 ] && [ $((p + f + s)) -eq 0 ]; then f=1; echo "  $1 ran no test" >&2; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-44s %5d passed %3d failed %3d skipped %5ds\n' "$1" "$p" "$f" "$s" "$4"
    if [ "$f" -ne 0 ]; then
        grep -E '^\[  FAILED  \]|^FAIL!|: Failure|failed:|^FAILED|promise broken|ERROR: |exited' "$2" |
            head -n 20
        [ "$3" -eq 124 ] && echo "  $1 was stopped after its time limit"
    fi
}

run() { # NAME LIMIT_SECONDS COMMAND…
    local name=$1 limit=$2 start=$SECONDS code
    shift 2
    (cd "$top" && timeout -k 10 "$limit" "$@") >"$logs/$name.log" 2>&1 </dev/null
    code=$?
    count "$name" "$logs/$name.log" $code $((SECONDS - start))
}

# The same with GoogleTest's cases dealt out to two processes: for programs that mostly wait.
run_halves() { # NAME LIMIT_SECONDS PROGRAM
    local name=$1 limit=$2 program=$3 start=$SECONDS half codes=()
    for half in 0 1; do
        (cd "$top" && GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$half timeout -k 10 "$limit" "$program") \
            >"$logs/$name.$half.log" 2>&1 </dev/null &
    done
    for half in $(jobs -p); do
        wait "$half"
        codes+=($?)
    done
    for half in 0 1; do
        count "$name, half $((half + 1))" "$logs/$name.$half.log" "${codes[$half]}" $((SECONDS - start))
    done
}

while read -r name program; do
    wanted "$name" "$@" || continue
    case $name in
    tidy) run tidy 60 "$program" "$top" "$build/rooms.txt" ;;
    test_functional) run_halves "$name" 600 "$program" ;;
    *) run "$name" 600 "$program" ;;
    esac
done <"$build/test_programs.txt"

if wanted alpaca_sdk "$@"; then
    run alpaca_sdk 300 node tests/functional/alpaca_sdk/run.mjs "$build/bin/quarterdeck-sandbox"
fi
if wanted oidc_provider "$@"; then
    run oidc_provider 300 node tests/functional/oidc_provider/run.mjs "$build/tests/oauth_peer"
fi
if wanted password_oracle "$@"; then
    run password_oracle 300 node tests/functional/password_oracle/run.mjs "$build/tests/password_peer"
fi
if wanted powercut "$@"; then
    run powercut 500 packaging/powercut.sh "$build/tests/powercut_writer" 50
fi
if wanted drills "$@" && [ -x "$build/bin/quarterdeckctl" ]; then
    run drills 1200 "$build/bin/quarterdeckctl" drill run --all --jobs 2
    sed -nE '/^(PE|TB|TS)-/p' "$logs/drills.log"
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
