#!/usr/bin/env python3
"""Every symbolic function against PyTorch: the small networks of operator_cases.py, traced by PyTorch 1.13 and 2.x, exported
at opsets from 9 to the newest; onnx.checker accepts each (full check) and ONNX Runtime computes what PyTorch computed, in the
same element type. Below the lowest opset that can say a case, the export must refuse it. Cases whose batch varies are exported
with a symbol for it and run with another size than the traced one."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import suite
from test_torchvision import newest_opset

HERE = os.path.dirname(os.path.abspath(__file__))


def compare(path, io, rtol):
    """None if the model is valid and computes what PyTorch did, else what is wrong."""
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as e:
        return f"checker: {str(e)[:300]}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        got = session.run(None, {v.name: io[f"in{i}"] for i, v in enumerate(session.get_inputs())})
    except Exception as e:
        text = str(e)
        return ("not implemented: " if "NOT_IMPLEMENTED" in text else "ONNX Runtime: ") + text[:300]
    wanted = [io[k] for k in sorted((k for k in io.files if k.startswith("out")), key=lambda k: int(k[3:]))]
    if len(got) != len(wanted):
        return f"{len(got)} outputs, PyTorch has {len(wanted)}"
    for i, (a, b) in enumerate(zip(got, wanted)):
        if a.dtype != b.dtype or a.shape != b.shape:
            return f"output {i} is {a.dtype}{list(a.shape)}, PyTorch has {b.dtype}{list(b.shape)}"
        if not numpy.allclose(a.astype("float64"), b.astype("float64"), rtol=rtol, atol=1e-5, equal_nan=True):
            return f"output {i} differs by up to {numpy.nanmax(numpy.abs(a.astype('float64') - b.astype('float64'))):g}"
    return None


def one_case(a, place, name, low, rtol, opset, *options):
    """None if all is well, else what is wrong."""
    out = f"{place}/out.onnx"
    weights = ["--weights", f"{place}/{name}.npz"] if os.path.exists(f"{place}/{name}.npz") else []
    p = suite.run(a.onnxsh, *weights, "export", f"{place}/{name}.txt", out, "--opset", str(opset), *options)
    if opset < -low:
        return None if p.returncode == 0 else f"status {p.returncode}"
    if opset < low:
        return None if p.returncode == 1 else f"status {p.returncode}: a refusal was expected below opset {low}"
    if p.returncode != 0:
        return p.stderr.decode(errors="replace")[:600]
    return compare(out, numpy.load(f"{place}/{name}.io.npz"), rtol)


def main():
    a = suite.options()
    opsets = [9, 10, 11, 13, 17, 18, newest_opset()]
    print("opsets", opsets, "onnx", onnx.__version__, "ONNX Runtime", onnxruntime.__version__)
    good = True
    for label, python in (("PyTorch 1.13", a.torch113), ("PyTorch 2.13", sys.executable)):
        tally = suite.Tally(f"operator cases traced by {label}, over opsets {' '.join(map(str, opsets))}, equal PyTorch", shown=60)
        absent = suite.Tally(f"of them run where ONNX Runtime has the kernels ({label})", shown=0)
        place = tempfile.mkdtemp(prefix="onnxsh-ops-")
        try:
            p = subprocess.run([python, os.path.join(HERE, "trace_operators.py"), place, *a.words], capture_output=True, text=True)
            print(p.stdout, end="")
            if p.returncode != 0:
                print(p.stderr[-2000:])
                good = False
                continue
            with open(place + "/cases.json") as f:
                cases = json.load(f)
            with open(place + "/dynamic.json") as f:
                dynamic = json.load(f)
            varying = suite.Tally(f"cases traced by {label} with one batch size and run with another, at opsets {' '.join(map(str, opsets))}, equal PyTorch")
            for name, (low, x) in dynamic.items():
                for opset in opsets:
                    why = one_case(a, place, name, low, 1e-3, opset, "--dynamic", f"{x}:0=batch")
                    varying.add(why is None, f"{name} opset {opset}", why)
            good = (varying.close() or not dynamic) and good
            for name, (low, rtol) in cases.items():
                for opset in opsets:
                    why = one_case(a, place, name, low, rtol, opset)
                    no_kernel = bool(why and why.startswith("not implemented"))
                    absent.add(not no_kernel, f"{name} opset {opset}")
                    tally.add(why is None or no_kernel, f"{name} opset {opset}", why)
        finally:
            shutil.rmtree(place)
        good = tally.close() and good
        absent.close(allowed=10**9)
        if absent.bad:
            print("  without a kernel in ONNX Runtime:", " ".join(absent.bad))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
