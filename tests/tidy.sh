#!/usr/bin/env bash
# clang-tidy over the library and the program. usage: tests/tidy.sh BUILD_DIR (with compile_commands.json)
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
git -C "$here" ls-files 'src/*.c' | grep -v -e '/tables/' |
    (cd "$here" && xargs -P "$(nproc)" -n 4 clang-tidy -p "$1" --quiet --warnings-as-errors='*' 2>/dev/null)
