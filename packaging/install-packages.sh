#!/usr/bin/env bash
# Installs the packages of apt-packages.txt that are missing. Quiet when there is nothing to do.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mapfile -t wanted < <(sed 's/#.*//; /^[[:space:]]*$/d' "$here/apt-packages.txt")
# One question for all of them, and no program for each answer: a second ./run must not wait.
declare -A installed=()
while read -r package; do installed[$package]=1; done < <(
    dpkg-query -W -f='${Package} ${Status}\n' "${wanted[@]}" 2>/dev/null |
        sed -n 's/ install ok installed$//p')
missing=()
for package in "${wanted[@]}"; do
    [ -n "${installed[$package]:-}" ] || missing+=("$package")
done
# Node.js serves the client-library tests; any version from 18 on will do, wherever it comes from.
command -v node >/dev/null 2>&1 || missing+=(nodejs npm)
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing ${#missing[@]} packages: ${missing[*]}" >&2
sudo=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "These packages are missing and need root to install: ${missing[*]}" >&2
        echo "Run as root: apt-get install ${missing[*]}" >&2
        exit 1
    }
    sudo=(sudo)
fi
"${sudo[@]}" apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >&2
