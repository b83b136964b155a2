#!/usr/bin/env python3
"""Scripted modules that keep state, exported with --state io: onnx.checker accepts each, and in ONNX Runtime and in the
built-in evaluator each call of several in a row gives what PyTorch gives, when it is given the state that the call before
returned. What no model can say is refused with its reason, and without --state every one of them is refused."""
import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import evaluated
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
RTOL, ATOL = 1e-3, 1e-5


def zeros(i):
    kind = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64, "tensor(bool)": numpy.bool_}[i.type]
    return numpy.zeros(i.shape, kind)


def calls_of(session, data, n):
    """Feeds and results of each call, without the state; and the state before the first: zeros of what is given another
    type than it has in the file."""
    own = [i for i in session.get_inputs() if not i.name.startswith("state.")]
    state = {}
    for i in session.get_inputs():
        if i.name.startswith("state."):
            held = data["s" + i.name[6:]] if "s" + i.name[6:] in data.files else None
            state[i.name] = held if held is not None and list(held.shape) == i.shape else zeros(i)
    calls = []
    for c in range(n):
        feeds = {i.name: data[f"c{c}_i{k}"] for k, i in enumerate(own)}
        calls.append((feeds, [data[f"c{c}_o{k}"] for k in range(sum(f.startswith(f"c{c}_o") for f in data.files))]))
    return state, calls


def compare(path, data, n, later, label):
    """None if every call in turn gives PyTorch's results; the model with the inputs of each is kept for the evaluator."""
    model = onnx.load(path)
    try:
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]
        state, calls = calls_of(session, data, n)
        for c, (feeds, want) in enumerate(calls):
            got = session.run(None, {**feeds, **state})
            bad = next((d for g, w in zip(got, want) if (d := evaluated.difference(numpy.asarray(g), w, RTOL, ATOL))), None)
            if bad:
                return f"call {c}: {bad}"
            later[f"{label}, call {c}"] = (evaluated.with_inputs(model, {**feeds, **state}), got)
            held = dict(zip(names, got))
            missing = [k for k in state if k + ".out" not in held]
            if missing:
                return f"no output for {missing}"
            state = {k: held[k + ".out"] for k in state}
    except Exception as e:  # of any of the packages: all mean that the export is no good
        return str(e).strip().replace("\n", " ")[:300]
    return None


def one_version(o, python, opsets):
    version = subprocess.run([python, "-c", "import torch; print(torch.__version__.split('+')[0])"], capture_output=True,
                             text=True, check=True).stdout.strip()
    place = os.path.join(suite.cache(), "state-" + version)
    subprocess.run([python, os.path.join(HERE, "state_cases.py"), place, *o.words], check=True)
    equal = suite.Tally(f"modules with state of PyTorch {version} equal it over calls in a row, opsets {' '.join(map(str, opsets))}")
    own = suite.Tally(f"of their calls give the same, and the same state, with the built-in evaluator (PyTorch {version})")
    refused = suite.Tally(f"modules whose state no model can hold are refused with the reason (PyTorch {version})")
    default = suite.Tally(f"modules with state are refused without --state io (PyTorch {version})")
    later = {}
    with tempfile.TemporaryDirectory() as work:
        for name in sorted(f[:-3] for f in os.listdir(place) if f.endswith(".pt")):
            base = os.path.join(place, name)
            with open(base + ".json") as f:
                about = json.load(f)
            specs = [w for s in about["specs"] for w in ("--input", s)]
            out = os.path.join(work, name + ".onnx")
            p = suite.run(o.onnxsh, "export", base + ".pt", out, *specs)
            default.add(p.returncode == 1, name, f"status {p.returncode}")
            for opset in opsets:
                label = f"{name} at opset {opset}"
                p = suite.run(o.onnxsh, "export", base + ".pt", out, "--state", "io", "--opset", str(opset), *specs)
                said = p.stderr.decode(errors="replace").strip().replace("\n", " | ")
                reason = about["refused"] or ("needs opset" if opset < about["low"] else None)
                if reason:
                    refused.add(p.returncode == 1 and reason in said, label, f"status {p.returncode}: {said[:300]}")
                elif p.returncode:
                    equal.add(False, label, said[:600])
                else:
                    bad = compare(out, numpy.load(base + ".npz"), about["calls"], later, label)
                    equal.add(bad is None, label, bad)
    got = evaluated.evaluate(o.build, {k: m for k, (m, _) in later.items()})
    for k, (_, want) in later.items():
        bad = got[k] if isinstance(got[k], str) else evaluated.difference(got[k], want, RTOL, ATOL)
        own.add(bad is None, k, bad)
    return all([t.close() for t in (equal, own, refused, default)])


def main():
    o = suite.options()
    opsets = [9, 13, 17, suite.newest_opset()]
    return 0 if all([one_version(o, python, opsets) for python in (o.torch113, sys.executable)]) else 1


if __name__ == "__main__":
    sys.exit(main())
