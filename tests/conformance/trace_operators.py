#!/usr/bin/env python3
"""Traces the cases of operator_cases.py with the PyTorch that runs this.

usage: trace_operators.py OUT_DIR [CASE...]

Writes, for each case, NAME.txt (the exporter's ATen graph), NAME.npz (weights, if any) and NAME.io.npz (in0, in1, ...
and what PyTorch computes, out0, ...), and cases.json: {name: [lowest opset, rtol]}; for the cases whose batch varies,
NAME.io.npz is of another batch size than the trace, and dynamic.json: {name: [lowest opset, name of the input]}.
"""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy
import torch

from operator_cases import CASES, DYNAMIC
from trace_models import graph_of


class Function(torch.nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, *args):
        return self.fn(*args)


def flat(y):
    if isinstance(y, torch.Tensor):
        return [y]
    return [t for part in y for t in flat(part)]


def save(out, name, module, text, inputs, outputs):
    with open(f"{out}/{name}.txt", "w") as f:
        f.write(text)
    weights = {k: v.numpy() for k, v in module.state_dict().items()}
    if weights:
        numpy.savez(f"{out}/{name}.npz", **weights)
    arrays = {f"in{i}": t.numpy() for i, t in enumerate(inputs)}
    arrays.update({f"out{i}": t.numpy() for i, t in enumerate(outputs)})
    numpy.savez(f"{out}/{name}.io.npz", **arrays)


def as_module(fn):
    module = fn if isinstance(fn, torch.nn.Module) else Function(fn)
    return module.eval()


def traced(out, words):
    written = {}
    for name, fn, inputs, opset, rtol in CASES(torch):
        if words and name not in words:
            continue
        module = as_module(fn)
        try:
            y = flat(module(*[t.clone() for t in inputs]))
            text = graph_of(torch, module, tuple(t.clone() for t in inputs))
        except Exception as e:  # an operator that this PyTorch lacks, or its tracer refuses
            print(f"not traced: {name}: {str(e).splitlines()[0][:120]}")
            continue
        save(out, name, module, text, inputs, y)
        written[name] = [opset, rtol]
    return written


def traced_dynamic(out, words):
    written = {}
    for name, fn, make, opset in DYNAMIC(torch):
        if words and name not in words:
            continue
        module = as_module(fn)
        text = graph_of(torch, module, (make(4),))
        x = make(6)
        save(out, name, module, text, [x], flat(module(x)))
        written[name] = [opset, text[text.index("%") + 1:text.index(" : ")]]
    return written


def main():
    out, words = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(5)
    torch.set_num_threads(1)
    with torch.no_grad():
        for name, rows in (("cases", traced(out, words)), ("dynamic", traced_dynamic(out, words))):
            with open(f"{out}/{name}.json", "w") as f:
                json.dump(rows, f)


if __name__ == "__main__":
    main()
