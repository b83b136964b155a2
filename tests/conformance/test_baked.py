#!/usr/bin/env python3
"""Traces with sizes as numbers become dynamic: after `dynamic ... --against` traces of other sizes, the export runs in ONNX
Runtime at a size that no trace had, and computes what PyTorch computes there. The same with exports of those traces, held
against each other: onnxsh's, and those of PyTorch's own exporter. What cannot be proved is left and listed, and exports for
the traced size."""
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


def differs(path, data, what):
    """None if the model is valid and computes at the size called `what` what PyTorch computed."""
    try:
        onnx.checker.check_model(path, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        got = session.run(None, {x.name: data[f"{what}_in{i}"] for i, x in enumerate(session.get_inputs())})
    except Exception as e:  # of any of the packages: all mean that the model is no good
        return str(e).strip().replace("\n", " ")[:300]
    want = [data[k] for k in data.files if k.startswith(f"{what}_out")]
    if len(got) != len(want):
        return f"{len(got)} results for {len(want)}"
    return next((d for g, w in zip(got, want) if (d := evaluated.difference(g, w, RTOL, ATOL))), None)


class Network:
    def __init__(self, o, place, work, name):
        self.o, self.base, self.work, self.name = o, os.path.join(place, name), work, name
        with open(self.base + ".json") as f:
            self.about = json.load(f)
        self.data = numpy.load(self.base + ".npz")
        self.n = len(self.about["specs"])

    def inputs(self, i):
        return [w for s in self.about["specs"][i] for w in ("--input", s)]

    def trace(self):
        """`dynamic` on the first trace, and its export."""
        out = os.path.join(self.work, self.name + ".onnx")
        against = " ".join(f"--against {self.base}.{i}.pt " + " ".join(f"--against-input {s}" for s in self.about["specs"][i])
                           for i in range(1, self.n))
        p = suite.run(self.o.onnxsh, "--json", *self.inputs(0), "-e", f"dynamic {' '.join(self.about['dims'])} {against}",
                      "-e", f"export {out}", self.base + ".0.pt")
        return self.said(p, out)

    @staticmethod
    def said(p, out):
        """What `dynamic` said, the first document that is printed; the file; or the reason that there is none."""
        why = p.stderr.decode(errors="replace").strip()[:400] or "it failed"
        return json.JSONDecoder().raw_decode(p.stdout.decode())[0] if p.stdout else None, out, why if p.returncode else None

    def model(self):
        """The same from a static export of each trace."""
        paths = [os.path.join(self.work, f"{self.name}.{i}.onnx") for i in range(self.n)]
        for i, path in enumerate(paths):
            p = suite.run(self.o.onnxsh, *self.inputs(i), "export", f"{self.base}.{i}.pt", path)
            if p.returncode:
                return None, path, p.stderr.decode(errors="replace").strip()[:400]
        return self.held(paths)

    def peer(self):
        """The same from the exports of PyTorch."""
        return self.held([f"{self.base}.{i}.onnx" for i in range(self.n)])

    def held(self, paths):
        out = os.path.join(self.work, self.name + ".dynamic.onnx")
        p = suite.run(self.o.onnxsh, "--json", "dynamic", paths[0], *self.about["dims"],
                      *[w for path in paths[1:] for w in ("--against", path)], "-o", out)
        return self.said(p, out)


def check(net, how, tallies):
    """Where all sizes are proved, a new size is run; else what is left is listed, and the traced size is run. What folding
    made of sizes in exports may be left, that of traces where nothing can prove it."""
    said, path, bad = how(net)
    left = said["left"] if said else 0
    if not bad and how is Network.trace and net.about["proved"] != (left == 0):
        bad = f"{left} left: " + "; ".join(f"{r['argument']} {r['values']} {r['why']}" for r in said["baked"] if not r["rebuilt"])[:300]
    if not bad and not left and not said["rebuilt"]:
        bad = "nothing was baked"
    tallies["left" if left else "new"].add(*((False, net.name, bad) if bad else compare(net, path, "traced" if left else "new")))
    return said["rebuilt"] if said else 0


def compare(net, path, what):
    bad = differs(path, net.data, what)
    return not bad, net.name, bad


def main():
    o = suite.options()
    held = []
    for python in (o.torch113, sys.executable):
        version = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True,
                                 text=True).stdout.strip().split("+")[0]
        with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as work:
            subprocess.run([python, os.path.join(HERE, "baked_models.py"), place, *o.words], check=True)
            names = sorted(f[:-5] for f in os.listdir(place) if f.endswith(".json"))
            for what, how in (("traces", Network.trace), ("exports of traces", Network.model),
                              ("own exports", Network.peer)):
                tallies = {"new": suite.Tally(f"{what} of PyTorch {version} made dynamic compute at new sizes what it computes"),
                           "left": suite.Tally(f"{what} of PyTorch {version} with sizes that are not proved list them and keep the traced one")}
                rebuilt = 0
                for name in names:
                    if how is Network.peer and not os.path.exists(os.path.join(place, f"{name}.0.onnx")):
                        continue
                    rebuilt += check(Network(o, place, work, name), how, tallies)
                held += [t.close() for t in tallies.values() if t.good or t.bad]
                print(f"figure: {rebuilt} constants of {what} of PyTorch {version} rebuilt from sizes", flush=True)
    sys.exit(not all(held))


main()
