#!/usr/bin/env python3
"""The networks of models_2018.py from the archives that two versions of PyTorch save, exported at several opsets:
onnx.checker accepts each (full check), and ONNX Runtime computes what PyTorch computed (rtol 1e-3, atol 1e-5) on three
inputs each; with the batch as a dynamic dim also on batches of two other sizes. The operators of the traced ones have
the scopes that the tracer saw."""
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import suite
from suite import newest_opset, scopes_differ

HERE = os.path.dirname(os.path.abspath(__file__))
RTOL, ATOL = 1e-3, 1e-5
MADE_OF = re.compile(r"made of (.*) by \w+(, \w+)*$")
REFUSED = {"lstm_projected.trace": "a recurrent layer with projections"}  # ONNX's LSTM has none
# Two opsets unless --full: those that take long, and those that are beside the eight of 2018.
FEW = ("alexnet", "vgg", "inception", "resnet", "densenet", "rnn_", "lstm_", "gru_", "cell_")


def arrays(data, sample, side):
    return [data[f"s{sample}.{side}{i}"] for i in range(sum(f.startswith(f"s{sample}.{side}") for f in data.files))]


def specs(data):
    return [w for a in arrays(data, 0, "in") for w in ("--input", f"{a.dtype}[{','.join(map(str, a.shape))}]")]


def export(a, base, opset, out, batch):
    data = numpy.load(base + ".npz")
    names = [f"in{i}" for i in range(len(arrays(data, 0, "in")))]
    words = ["export", base + ".pt", out, "--opset", str(opset), "--input-names", ",".join(names), *specs(data)]
    for i, axis in batch:
        words += ["--dynamic", f"in{i}:{axis}=batch"]
    p = suite.run(a.onnxsh, *words)
    return None if p.returncode == 0 else p.stderr.decode(errors="replace").strip().replace("\n", " | ")[:400]


def compare(path, data, samples):
    """None if the model is valid and computes PyTorch's results of these samples, else what is wrong."""
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as e:  # the library has one exception for each refusal
        return f"checker: {str(e)[:300]}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        taken = {i.name for i in session.get_inputs()}
        for k in samples:
            feeds = {f"in{i}": x for i, x in enumerate(arrays(data, k, "in"))}
            got, want = session.run(None, {n: x for n, x in feeds.items() if n in taken}), arrays(data, k, "out")
            if len(got) != len(want):
                return f"{len(got)} results, PyTorch has {len(want)}"
            for i, (g, w) in enumerate(zip(got, want)):
                if g.shape != w.shape or g.dtype != w.dtype:
                    return f"sample {k}, result {i}: {g.dtype}{g.shape}, PyTorch has {w.dtype}{w.shape}"
                if not numpy.allclose(g, w, rtol=RTOL, atol=ATOL):
                    return f"sample {k}, result {i} differs by up to {numpy.abs(g - w).max():g}"
    except Exception as e:
        return f"ONNX Runtime: {str(e)[:300]}"
    return None


def unknown_weights(path, names):
    """None if each float weight has a name of the model, or says of which of them it is made; else those that do not."""
    bad = []
    for t in onnx.load(path, load_external_data=False).graph.initializer:
        made = MADE_OF.match(t.doc_string)
        from_names = made.group(1).split(", ") if made else [t.name]
        if t.name not in names and not t.doc_string.startswith("the BatchNormalization of ") and not set(from_names) <= names:
            bad.append(f"{t.name} ({t.doc_string})")
    return f"of unknown origin: {bad[:3]}" if bad else None


def one_model(a, base, label, opsets, tallies, weights):
    with open(base + ".json") as f:
        about = json.load(f)
    batch, names = about["batch"], set(about["weights"])
    data, out = numpy.load(base + ".npz"), base + ".onnx"
    for opset in opsets:
        for dims, samples in (([], (0, 1, 2)), (batch, (0, 3, 4))):
            why = export(a, base, opset, out, dims)
            if os.path.basename(base) in REFUSED:
                why = None if REFUSED[os.path.basename(base)] in (why or "") else f"not refused as it should be: {why}"
            elif why is None:
                why = compare(out, data, samples)
            if os.path.basename(base) not in REFUSED and not dims:
                unknown = why or unknown_weights(out, names)
                weights.add(unknown is None, f"{label} opset {opset}", unknown)
            tallies[opset, bool(dims)].add(why is None, f"{label} opset {opset}{', dynamic batch' if dims else ''}", why)


def one_version(a, python, opsets):
    version = subprocess.run([python, "-c", "import torch; print(torch.__version__.split('+')[0])"], capture_output=True,
                             text=True, check=True).stdout.strip()
    tallies = {(o, d): suite.Tally(f"models of 2018 saved by PyTorch {version} equal it at opset {o}"
                                   f"{', dynamic batch of two other sizes' if d else ''}") for o in opsets for d in (False, True)}
    weights = suite.Tally(f"of the exported files have weights by PyTorch's names, or what they were made of (PyTorch {version})")
    scopes = suite.Tally(f"traces of them have the scopes that the tracer of PyTorch {version} saw")
    with tempfile.TemporaryDirectory(prefix="onnxsh-2018-") as place:
        subprocess.run([python, os.path.join(HERE, "trace_models_2018.py"), place, *(["--full"] if a.full else []), *a.words],
                       check=True, stdout=subprocess.DEVNULL)
        for file in sorted(f for f in os.listdir(place) if f.endswith(".pt")):
            base, name = os.path.join(place, file[:-3]), file[:-3]
            few = name.startswith(FEW) and not a.full
            one_model(a, base, f"{version} {name}", [opsets[0], opsets[-1]] if few else opsets, tallies, weights)
            if os.path.exists(base + ".scopes.txt"):
                why = scopes_differ(a.onnxsh, base)
                scopes.add(why is None, f"{version} {name}", why)
            for f in os.listdir(place):
                if f.startswith(name + "."):
                    os.remove(os.path.join(place, f))
    return all([t.close() for t in tallies.values()] + [weights.close(), scopes.close()])


def main():
    a = suite.options()
    opsets = [9, 13, 17, newest_opset()]
    print("opsets", opsets, "onnx", onnx.__version__, "ONNX Runtime", onnxruntime.__version__)
    held = [one_version(a, python, opsets) for python in (a.torch113, sys.executable)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
