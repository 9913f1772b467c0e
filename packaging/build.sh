#!/usr/bin/env bash
# Configures once and builds: packaging/build.sh BUILD_DIR [NINJA TARGETS…]. Shows progress.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
mkdir -p "$build"
if [ ! -f "$build/build.ninja" ]; then
    cmake -G Ninja -S "$top" -B "$build" -DQD_PCH=ON -DQD_UNITY=ON ${QD_CMAKE_OPTIONS:-} >"$build/configure.log" 2>&1 || {
        cat "$build/configure.log" >&2
        exit 1
    }
fi
NINJA_STATUS='[%f/%t %es] ' ninja -C "$build" "$@" >&2
