#!/usr/bin/env python3
"""Traces and scripts the cases of write_cases.py with the PyTorch that runs this.

usage: trace_writes.py OUT_DIR [CASE...]

Writes NAME.trace.pt and NAME.script.pt, and for each archive an .npz: for each run r the inputs r.in.NAME and what the
archive computes when PyTorch loads it, r.out.0, ... (a trace may differ from its function, and a script too: PyTorch drops
some writes when it compiles or saves); index.json: {name of the archive: {inputs, low, varies, low_varying, refused}}. A case that this
PyTorch does not script or trace is left out there, and printed.
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy
import torch

from write_cases import CASES, inputs


def flat(y):
    if isinstance(y, (list, tuple)):
        return [t for part in y for t in flat(part)]
    return [y.numpy() if isinstance(y, torch.Tensor) else numpy.array(y)]


def runs_of(case, module):
    """The arrays, and whether the archive takes the run of another size."""
    arrays, varies = {}, case.varies
    for run in range(4 if case.varies else 3):
        given = {name: inputs(name, run) for name in case.inputs}
        taken = {name: v.clone().numpy() if isinstance(v, torch.Tensor) else numpy.array(v) for name, v in given.items()}
        try:
            results = flat(module(*given.values()))
        except RuntimeError:
            if run < 3:
                raise
            return arrays, False  # sizes stand in the trace
        arrays.update({f"{run}.in.{name}": v for name, v in taken.items()})
        arrays.update({f"{run}.out.{i}": y.copy() for i, y in enumerate(results)})
    return arrays, varies


def forms(case):
    yield "script", lambda: torch.jit.script(case.fn)
    if not {"k", "n"} & set(case.inputs):
        yield "trace", lambda: torch.jit.trace(case.fn, tuple(inputs(name, 0) for name in case.inputs), check_trace=False)


def main():
    out, words = sys.argv[1], sys.argv[2:]
    index = {}
    for name, case in CASES.items():
        if words and name not in words:
            continue
        for form, make in forms(case):
            try:
                path = f"{out}/{name}.{form}"
                make().save(path + ".pt")
                arrays, varies = runs_of(case, torch.jit.load(path + ".pt"))
                numpy.savez(path + ".npz", **arrays)
            except Exception as e:  # many kinds, one a frontend
                print(f"  not made: {name}.{form}: {str(e).strip().splitlines()[0][:160]}")
                continue
            low = case.low_script if form == "script" else case.low
            index[f"{name}.{form}"] = {"inputs": case.inputs, "low": low, "varies": varies,
                                       "low_varying": max(low, case.low_varying),
                                       "refused": None if form == case.also else case.refused}
    with open(out + "/index.json", "w") as f:
        json.dump(index, f)


main()
