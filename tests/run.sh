#!/usr/bin/env bash
# The tests. tests/run.sh        what needs Debian packages and committed fixtures only: minutes
#            tests/run.sh peers  the suites against PyTorch, onnx and ONNX Runtime, in a virtual environment of its own
#            tests/run.sh full   everything, hours; its tables are committed as tests/RESULTS.md
# BUILD (default build/ in the tree) says where to build, PEERS_VENV where the virtual environment stands.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
mode=${1:-quick}
build=${BUILD:-$here/build}
venv=${PEERS_VENV:-$build/peers-venv}
jobs=$(nproc)
export ONNXSH=$build/release/src/onnxsh

say() { printf '\n== %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install() { # names of Debian packages that are not there yet
    local missing=() p
    for p in "$@"; do
        dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return
    say "install ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

configure_and_build() { # preset, more cmake arguments
    local preset=$1
    shift
    cmake -S "$here" --preset "$preset" -B "$build/$preset" "$@" >"$build/$preset.log" 2>&1 || { cat "$build/$preset.log"; exit 1; }
    cmake --build "$build/$preset" -j "$jobs" >"$build/$preset.log" 2>&1 || { tail -n 60 "$build/$preset.log"; exit 1; }
}

quick() {
    # shellcheck disable=SC2046 # one word a line
    install $(grep -v '^#' "$here/tests/packages.txt")
    mkdir -p "$build"
    say "build: gcc, release"
    configure_and_build release
    say "build: gcc, address and undefined sanitizers"
    configure_and_build asan
    say "build: clang, warnings are errors"
    configure_and_build clang -DONNXSH_BUILD_TESTS=OFF
    say "format"
    git -C "$here" ls-files '*.c' '*.h' | grep -v -e '/tables/' | (cd "$here" && xargs clang-format --dry-run -Werror)
    say "clang-tidy"
    "$here/tests/tidy.sh" "$build/clang"
    say "tests under the sanitizers"
    ctest --test-dir "$build/asan" -j "$jobs" --output-on-failure -LE slow
    say "tests of the release build"
    ctest --test-dir "$build/release" -j "$jobs" --output-on-failure -LE slow
}

make_venv() {
    install python3-venv python3-torch python3-torchvision python3-onnx libonnx-testdata python3
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import torch, onnx, onnxruntime, safetensors, PIL, requests' 2>/dev/null; then
        say "virtual environment of the peers"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" -q install --disable-pip-version-check torch==2.13.0 onnx onnxruntime numpy safetensors pillow requests
    fi
    "$venv/bin/python" -c 'import torch, onnx, onnxruntime as o; print("peers: torch", torch.__version__, "onnx", onnx.__version__, "onnxruntime", o.__version__)'
}

peers() {
    [ -x "$ONNXSH" ] || { install $(grep -v '^#' "$here/tests/packages.txt"); mkdir -p "$build"; configure_and_build release; }
    make_venv
    say "conformance${1:+ ($1)}"
    "$venv/bin/python" "$here/tests/conformance/run.py" --onnxsh "$ONNXSH" --build "$build/release" --torch113 /usr/bin/python3 ${1:+--$1}
}

case $mode in
quick) quick ;;
peers) peers ;;
full)
    quick
    say "long tests"
    ctest --test-dir "$build/release" -L slow --output-on-failure
    say "fuzzing"
    configure_and_build fuzz
    "$here/tests/fuzz/run.sh" "$build/fuzz" "${FUZZ_SECONDS:-600}"
    peers full
    say "benchmarks"
    "$venv/bin/python" "$here/tests/bench/run.py" --onnxsh "$ONNXSH" --build "$build/release" --full
    ;;
*)
    echo "usage: tests/run.sh [quick|peers|full]" >&2
    exit 2
    ;;
esac
