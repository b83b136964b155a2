#!/usr/bin/env python3
"""A scripted model that nobody prepared: silero-vad's, from its package. Its graph is that of torch.jit.load, node by node; its
modules are listed; its export says precisely what is in the way, which is the state that it keeps from call to call."""
import glob
import os
import subprocess
import sys
import zipfile

import suite
from suite import statements

PACKAGE = "silero-vad==6.2.3"
MEMBER = "silero_vad/data/silero_vad.jit"
# What forward sets on the module, as its source does.
STATE = {"_context", "_state", "_last_sr", "_last_batch_size"}
CALLS = (("x=float32[1,512]", "sr=int:16000"), ("x=float32[1,256]", "sr=int:8000"))
ASK = """
import sys, torch
net = torch.jit.load(sys.argv[1])
print(net.inlined_graph)
print("=====")
for name, m in net.named_modules():
    print(name, m.original_name, sum(p.numel() for p in m.parameters(recurse=False)))
"""


def fetch(place):
    """The model's path, None if the package index is out of reach."""
    path = os.path.join(place, MEMBER)
    if not os.path.exists(path):
        command = [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--disable-pip-version-check", "-d", place, PACKAGE]
        p = subprocess.run(command, capture_output=True, text=True)
        if p.returncode != 0:
            print(p.stderr.strip()[-500:])
            return None
        with zipfile.ZipFile(glob.glob(place + "/silero_vad-*.whl")[0]) as wheel:
            wheel.extract(MEMBER, place)
    return path


def modules(onnxsh, path):
    """{(class, depth)} of the tree, as it is printed."""
    out = suite.run(onnxsh, "tree", path).stdout.decode().splitlines()[1:]
    return [(line.split()[0], line.split()[1]) for line in out]


def main():
    a = suite.options()
    path = fetch(suite.cache())
    if not path:
        print(f"not run: {PACKAGE} could not be fetched")
        return 0
    text = subprocess.run([sys.executable, "-c", ASK, path], capture_output=True, text=True, check=True).stdout
    graph, listing = text.split("=====\n")
    want, _ = statements(graph)
    got, _ = statements(suite.run(a.onnxsh, "show", "--style=torch", "--no-infer", path).stdout.decode())
    nodes = suite.Tally("lines of silero-vad's graph are those of torch.jit.load")
    for i in range(max(len(want), len(got))):
        w, g = (x[i] if i < len(x) else None for x in (want, got))
        nodes.add(w == g, f"line {i + 1}", f"PyTorch: {w}, here: {g}")
    good = nodes.close()
    tree = set(modules(a.onnxsh, path))
    listed = suite.Tally("modules of silero-vad that hold parameters are in its tree, with their class")
    for line in listing.splitlines():
        name, kind, count = line.rsplit(" ", 2)
        if int(count):
            listed.add((name.split(".")[-1], kind) in tree, name, "not in the tree")
    good = listed.close() and good
    state = suite.Tally("exports of silero-vad are refused and name each attribute that it sets")
    for specs in CALLS:
        words = [w for s in specs for w in ("--input", s)]
        p = suite.run(a.onnxsh, *words, "export", path, os.path.join(suite.cache(), "silero.onnx"), "--report",
                      os.path.join(suite.cache(), "silero.json"))
        err = p.stderr.decode(errors="replace")
        named = {s for s in STATE if f"sets its attribute '{s}'" in err}
        state.add(p.returncode == 1 and named == STATE, " ".join(specs), f"status {p.returncode}, named {sorted(named)}")
    good = state.close() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
