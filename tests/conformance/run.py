#!/usr/bin/env python3
"""Runs the suites against PyTorch, onnx and ONNX Runtime: every tests/conformance/test_*.py, in a process of its own.

usage: run.py --onnxsh PROGRAM --build BUILD_DIR [--torch113 PYTHON] [--full] [SUITE...]

Each suite gets the same options, prints its counts on lines of the form `figure: N of M WHAT` and exits with 0 when it
holds. The figures are gathered at the end; they are what the README and tests/RESULTS.md quote.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--onnxsh", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("--torch113", default="/usr/bin/python3")
    p.add_argument("--full", action="store_true")
    p.add_argument("suites", nargs="*")
    a = p.parse_args()
    suites = sorted(glob.glob(HERE + "/test_*.py"))
    if a.suites:
        suites = [s for s in suites if os.path.basename(s)[5:-3] in a.suites]
    figures, failed = [], []
    with tempfile.TemporaryDirectory() as cache:  # what one suite makes for all
        for suite in suites:
            name = os.path.basename(suite)[5:-3]
            print(f"\n== {name}", flush=True)
            start = time.monotonic()
            command = [sys.executable, suite, "--onnxsh", os.path.abspath(a.onnxsh), "--build", os.path.abspath(a.build),
                       "--torch113", a.torch113] + (["--full"] if a.full else [])
            env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=HERE, SUITE_CACHE=cache)
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
                for line in process.stdout:
                    print(line, end="", flush=True)
                    if line.startswith("figure: "):
                        figures.append((name, line[8:].strip()))
            if process.returncode != 0:
                failed.append(name)
            print(f"-- {name}: {'ok' if process.returncode == 0 else 'FAILED'} in {time.monotonic() - start:.0f} s",
                  flush=True)
    print("\n== figures")
    for name, text in figures:
        print(f"{name}: {text}")
    print(f"{len(suites) - len(failed)} of {len(suites)} suites hold" + (f"; failed: {' '.join(failed)}" if failed else ""))
    return 1 if failed or not suites else 0


sys.exit(main())
