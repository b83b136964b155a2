#!/usr/bin/env python3
"""Scripted functions and modules with control flow, lists, dicts, optionals: exported at several opsets, onnx.checker accepts
each, and ONNX Runtime and the built-in evaluator compute what PyTorch computed, on calls that take different branches. What
does not export is listed with its reason, and fails the suite too."""
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
from test_torchvision import newest_opset

HERE = os.path.dirname(os.path.abspath(__file__))
RTOL, ATOL = 1e-3, 1e-5


def run_ort(path, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return [session.run(None, {k: v for k, v in f.items() if k in [i.name for i in session.get_inputs()]}) for f in feeds]


def calls_of(data, n, model):
    """Inputs by name and results of each call."""
    names = [i.name for i in model.graph.input]
    for c in range(n):
        given = [data[f"c{c}_i{i}"] for i in range(len([k for k in data.files if k.startswith(f"c{c}_i")]))]
        yield (dict(zip(names, given)),
               [data[f"c{c}_o{i}"] for i in range(len([k for k in data.files if k.startswith(f"c{c}_o")]))])


def differs(got, want):
    if isinstance(got, str):
        return got
    flat = [a for g in got for a in (g if isinstance(g, list) else [g])]
    if len(flat) != len(want):
        return f"{len(flat)} results for {len(want)}"
    return next((d for g, w in zip(flat, want) if (d := evaluated.difference(numpy.asarray(g), w, RTOL, ATOL))), None)


def check(o, base, name, opset, tally, refusals, later):
    with open(base + ".json") as f:
        about = json.load(f)
    specs = [w for s in about["specs"] for w in ("--input", s)]
    out = os.path.join(later["place"], f"{name}.{opset}.onnx".replace(" ", "_"))
    p = suite.run(o.onnxsh, "export", base + ".pt", out, "--opset", str(opset), *specs)
    if p.returncode:
        reason = p.stderr.decode(errors="replace").strip().replace("\n", " | ")
        refusals.append((f"{name} at opset {opset}", reason))
        return
    model = onnx.load(out)
    calls = list(calls_of(numpy.load(base + ".npz"), about["calls"], model))
    try:
        onnx.checker.check_model(model, full_check=True)
        results = run_ort(out, [feeds for feeds, _ in calls])
        bad = next((f"call {c}: {d}" for c, (r, (_, want)) in enumerate(zip(results, calls)) if (d := differs(r, want))), None)
        tally.add(not bad, f"{name} at opset {opset}", bad)
    except Exception as e:  # of any of the packages: all mean that the export is no good
        tally.add(False, f"{name} at opset {opset}", str(e).strip().replace("\n", " ")[:300])
    for c, (feeds, want) in enumerate(calls):
        later["models"][f"{name} at opset {opset}, call {c}"] = (evaluated.with_inputs(model, feeds), want)


def main():
    o = suite.options()
    held, opsets = [], [13, 17, newest_opset()]
    for python in (o.torch113, sys.executable):
        version = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True,
                                 text=True).stdout.strip().split("+")[0]
        place = os.path.join(suite.cache(), "scripted-" + version)
        if not os.path.isdir(place):
            subprocess.run([python, os.path.join(HERE, "scripted_cases.py"), place, *o.words], check=True)
        names = sorted(f[:-3] for f in os.listdir(place) if f.endswith(".pt"))
        tally = suite.Tally(f"exports of scripts of PyTorch {version} at opsets {', '.join(map(str, opsets))} compute its results")
        builtin = suite.Tally(f"of their calls give them with the built-in evaluator (PyTorch {version})")
        refusals = []
        with tempfile.TemporaryDirectory() as work:
            later = {"place": work, "models": {}}
            for name in names:
                if o.words and name not in o.words:
                    continue
                for opset in opsets:
                    check(o, os.path.join(place, name), name, opset, tally, refusals, later)
            got = evaluated.evaluate(o.build, {k: m for k, (m, _) in later["models"].items()})
            for k, (_, want) in later["models"].items():
                bad = differs(got[k], want)
                builtin.add(not bad, k, bad)
        for name, reason in refusals:
            print(f"  refused: {name}: {reason[:400]}", flush=True)
        held += [tally.close(), builtin.close(), not refusals]
        print(f"figure: {len(tally.bad) + tally.good} of {len(tally.bad) + tally.good + len(refusals)} scripts and opsets export "
              f"(PyTorch {version})")
    sys.exit(not all(held))


main()
