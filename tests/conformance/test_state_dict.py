#!/usr/bin/env python3
"""Holds the weights that are read from files of PyTorch, of two versions and in each format, against PyTorch's own bytes;
times the opening of an archive against torch.jit.load."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

import onnx

import suite

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = {"float32": "FLOAT", "float16": "FLOAT16", "bfloat16": "BFLOAT16", "float64": "DOUBLE", "int64": "INT64",
          "bool": "BOOL"}


def weights_of(onnxsh, path, place):
    """{name: [dtype, dims, SHA-256]} of what opens."""
    out = os.path.join(place, "out.onnx")
    p = suite.run(onnxsh, "-e", f"save {out}", path)
    if p.returncode:
        raise ValueError(p.stderr.decode(errors="replace").strip())
    found = {}
    for t in onnx.load(out).graph.initializer:
        found[t.name] = [onnx.TensorProto.DataType.Name(t.data_type), list(t.dims), hashlib.sha256(t.raw_data).hexdigest()]
    os.remove(out)
    return found


def compare(onnxsh, place, version, tally, files):
    for name in sorted(f[:-5] for f in os.listdir(place) if f.endswith(".json")):
        with open(os.path.join(place, name + ".json")) as f:
            want = json.load(f)
        for kind in ("zip", "legacy"):
            path = os.path.join(place, f"{name}.{kind}.pt")
            if not os.path.exists(path):
                continue
            try:
                got = weights_of(onnxsh, path, place)
            except ValueError as e:
                files.add(False, f"{version} {name}.{kind}", str(e))
                continue
            missing = [k for k in want if k not in got]
            extra = [k for k in got if k not in want]
            files.add(not missing and not extra and got, f"{version} {name}.{kind}", f"missing {missing}, extra {extra}")
            for key, (dtype, dims, digest) in want.items():
                if key in got:
                    tally.add(got[key] == [DTYPES[dtype], dims, digest], f"{version} {name}.{kind} {key}",
                              f"{got[key][:2]}, not {dtype} {dims}")


def best_of(n, fn):
    times = []
    for _ in range(n):
        start = time.monotonic()
        fn()
        times.append(time.monotonic() - start)
    return min(times)


def time_opening(options, place):
    """Opening densenet121's archive, whole processes in turn."""
    path = os.path.join(place, "densenet121.script.pt")
    code = f"import torch; torch.jit.load({path!r})"
    ours = best_of(5, lambda: suite.run(options.onnxsh, "info", path))
    theirs = best_of(3, lambda: subprocess.run([options.torch113, "-c", code], check=True))
    print(f"densenet121.pt opened in {ours * 1e3:.0f} ms; torch.jit.load, whole process: {theirs * 1e3:.0f} ms", flush=True)
    return ours <= theirs / 10


def main():
    options = suite.options()
    tally = suite.Tally("tensors of PyTorch's files read equal to PyTorch's bytes")
    files = suite.Tally("files of torch.save (1.13 and 2.13) opened whole")
    fast = False
    for python in (options.torch113, sys.executable):
        with tempfile.TemporaryDirectory() as place:
            subprocess.run([python, os.path.join(HERE, "state_dicts.py"), place, *options.words], check=True)
            version = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True,
                                     text=True, check=True).stdout.split("+")[0].strip()
            compare(options.onnxsh, place, version, tally, files)
            if python == options.torch113 and not options.words:
                fast = time_opening(options, place)
    held = [tally.close(), files.close()]
    return 0 if all(held) and (fast or options.words) else 1


sys.exit(main())
