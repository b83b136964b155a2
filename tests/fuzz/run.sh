#!/usr/bin/env bash
# Runs the libFuzzer targets of a build made with the preset `fuzz`, one after the other, each for so many seconds.
# usage: tests/fuzz/run.sh BUILD_DIR SECONDS [TARGET...]
# What is found lies in BUILD_DIR/tests/fuzz/found/; it becomes a file of findings/TARGET/. Corpora grow in
# BUILD_DIR/tests/fuzz/grown/. Ends with the number of executions of each target; status 1 if something was found.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1/tests/fuzz seconds=$2
shift 2
[ $# -gt 0 ] || set -- onnx text arrays zip pickle journal query source line convert
mkdir -p "$build/found"
status=0
for target in "$@"; do
    grown=$build/grown/$target log=$build/$target.log
    mkdir -p "$grown"
    seeds=("$here/corpus/$target")
    for more in "$here/findings/$target" $([ "$target" = text ] && echo "$here/../traces") $([ "$target" = arrays ] && echo "$here/../io/arrays" "$here/../fixtures/torch"); do
        [ -d "$more" ] && seeds+=("$more")
    done
    options=(-rss_limit_mb=512 -timeout=2 -max_len=8192 "-max_total_time=$seconds" -print_final_stats=1 "-artifact_prefix=$build/found/$target-")
    [ -f "$here/$target.dict" ] && options+=("-dict=$here/$target.dict")
    "$build/fuzz_$target" "${options[@]}" "$grown" "${seeds[@]}" >"$log" 2>&1 || { status=1; grep -a -E 'does not hold|ERROR|SUMMARY' "$log" || tail -n 5 "$log"; }
    printf '%-10s %s executions\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: //p' "$log")"
done
exit $status
