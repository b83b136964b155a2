#!/usr/bin/env bash
# The README's first command: installs what the build needs (Debian 12), builds, and does the main job on a real trace.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$here/build}/release
story=$here/examples/custom_op
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
for p in $(sed '/^# --- tests/,$d; /^#/d' "$here/tests/packages.txt"); do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
echo "building in $build"
cmake -S "$here" --preset release -B "$build" -DONNXSH_BUILD_TESTS=OFF >/dev/null
cmake --build "$build" >/dev/null
onnxsh=$build/src/onnxsh

step() { printf '\n$ %s\n' "$*"; }
run() { step "onnxsh $*"; (cd "$story" && "$onnxsh" --no-init "$@"); }

echo
echo "A network that uses an operator of its own, acme::hard_mish, was traced by PyTorch. What is in the dump?"
run -e 'tree' -e 'show --style folded stem' hardmish_net.txt

echo
echo "Which operators have no symbolic function, where does each stand, and how often?"
run ops hardmish_net.txt --missing

echo
echo "So the export refuses, with all failures at once:"
run --weights hardmish_net.npz export hardmish_net.txt "$out/net.onnx" && exit 1
echo "(exit status $?)"

echo
echo "Ten lines of Lua say what the operator means:"
step "cat hard_mish.lua"
cat "$story/hard_mish.lua"
run -l hard_mish.lua --weights hardmish_net.npz export hardmish_net.txt "$out/net.onnx" --input-names input --output-names output

echo
echo "The file that was written, opened again, shown and checked:"
run info "$out/net.onnx"
run show "$out/net.onnx" stem
run check "$out/net.onnx"

echo
echo "Does it compute what PyTorch computed? The input and PyTorch's output were kept with the trace:"
run run "$out/net.onnx" --inputs hardmish_net_io.npz --expect hardmish_net_io.npz
echo
echo "Now try it yourself: $onnxsh $story/hardmish_net.txt"
