#!/usr/bin/env python3
"""Writes in place against PyTorch: the functions of write_cases.py, traced and scripted by PyTorch 1.13 and 2.x and opened
from their archives, exported at opsets 9, 13, 17 and the newest. onnx.checker accepts each model; ONNX Runtime and the
built-in evaluator compute what PyTorch computed, for the inputs that were traced and for others, of another batch size where
the dim is exported as a symbol. What is refused on purpose is listed with its reason; a wrong result never passes."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import evaluated
import suite

HERE = os.path.dirname(os.path.abspath(__file__))


def spec(array):
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"


def export(a, path, out, opset, inputs, data, dynamic):
    """None if the model was written, else why not."""
    given = [w for name in inputs if name not in "kn" for w in ("--input", spec(data[f"0.in.{name}"]))]
    words = ["--opset", str(opset), "--input-names", ",".join(inputs)]
    for name in inputs:
        words += ["--dynamic", f"{name}:0=batch"] if dynamic and name in "xym" else []
    p = suite.run(a.onnxsh, *given, "export", path, out, *words)
    return None if p.returncode == 0 else f"status {p.returncode}: {p.stderr.decode(errors='replace')[:500]}"


def results(data, run):
    found = sorted((k for k in data.files if k.startswith(f"{run}.out.")), key=lambda k: int(k.rsplit(".", 1)[1]))
    return [data[k] for k in found]


def feeds_of(model, data, run):
    return {v.name: data[f"{run}.in.{v.name}"] for v in model.graph.input}


def other(got, want):
    if len(got) != len(want):
        return f"{len(got)} results, PyTorch has {len(want)}"
    return next((f"result {i}: {d}" for i, d in ((i, evaluated.difference(numpy.asarray(g), w, 1e-4, 1e-5))
                                                  for i, (g, w) in enumerate(zip(got, want))) if d), None)


def compare(out, model, data, runs):
    """None if the model is valid and computes what PyTorch did in each run, else what is wrong."""
    try:
        onnx.checker.check_model(out, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(out, options, providers=["CPUExecutionProvider"])
        for run in runs:
            why = other(session.run(None, feeds_of(model, data, run)), results(data, run))
            if why:
                return f"run {run}: {why}"
    except Exception as e:  # checker and session have their own kinds
        return str(e)[:400]
    return None


class Suite:
    def __init__(self, a, label, opsets):
        self.a, self.opsets, self.label = a, opsets, label
        what = f"writes in place, archives of {label}, opsets {' '.join(map(str, opsets))}"
        self.fixed = suite.Tally(what + ", equal PyTorch in ONNX Runtime", shown=60)
        self.dynamic = suite.Tally(what + ", a dim as a symbol, equal PyTorch at two sizes", shown=60)
        self.refused = suite.Tally(what + ", refused where ONNX cannot say them", shown=60)
        self.own = suite.Tally(what + ", equal PyTorch in the evaluator", shown=60)
        self.models, self.wanted = {}, {}

    def refuse(self, name, facts, why, reason):
        self.refused.add(why is not None and why.startswith("status 1:"), name, why or f"exported, although {reason}")

    def one(self, place, name, facts, opset, dynamic):
        where = f"{name} opset {opset}{' dynamic' if dynamic else ''}"
        data, out = numpy.load(f"{place}/{name}.npz"), f"{place}/out.onnx"
        why = export(self.a, f"{place}/{name}.pt", out, opset, facts["inputs"], data, dynamic)
        low = facts["low_varying" if dynamic else "low"]
        reason = facts["refused"] or (f"it needs opset {low}" if opset < low else None)
        if reason:
            self.refuse(where, facts, why, reason)
            return
        runs = [0, 1, 2] + ([3] if dynamic else [])
        model = onnx.load(out) if not why else None
        why = why or compare(out, model, data, runs)
        (self.dynamic if dynamic else self.fixed).add(why is None, where, why)
        if why is None:
            run = runs[-1]
            self.models[where] = evaluated.with_inputs(model, feeds_of(model, data, run))
            self.wanted[where] = results(data, run)

    def close(self):
        for name, got in evaluated.evaluate(self.a.build, self.models).items():
            why = got if isinstance(got, str) else other(got, self.wanted[name])
            self.own.add(why is None, name, why)
        return all([t.close() for t in (self.fixed, self.dynamic, self.refused, self.own)])


def main():
    a = suite.options()
    newest, good, reasons = suite.newest_opset(), True, {}
    for label, python in (("PyTorch 1.13", a.torch113), ("PyTorch 2.13", sys.executable)):
        opsets = [9, 13, 17, newest] if a.full else [9, 17, newest] if python == sys.executable else [13]
        s, place = Suite(a, label, opsets), tempfile.mkdtemp(prefix="onnxsh-writes-")
        try:
            p = subprocess.run([python, os.path.join(HERE, "trace_writes.py"), place, *a.words], capture_output=True, text=True)
            print(p.stdout, end="")
            if p.returncode != 0:
                print(p.stderr[-2000:])
                good = False
                continue
            with open(place + "/index.json") as f:
                index = json.load(f)
            for name, facts in index.items():
                if facts["refused"]:
                    reasons[name.rsplit(".", 1)[0]] = facts["refused"]
                for opset in opsets:
                    s.one(place, name, facts, opset, False)
                    if facts["varies"] and not facts["refused"]:
                        s.one(place, name, facts, opset, True)
            good = s.close() and good
        finally:
            shutil.rmtree(place)
    for name, reason in reasons.items():
        print(f"  refused: {name}: {reason}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
