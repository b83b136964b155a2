#!/usr/bin/env python3
"""torchvision's CNN classifiers, traced by PyTorch 1.13 and 2.x, exported at several opsets: onnx.checker accepts each
(full check), and ONNX Runtime and the built-in evaluator compute what PyTorch computed (rtol 1e-3, atol 1e-5)."""
import os
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

import suite
from suite import newest_opset

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = """alexnet vgg11_bn resnet18 resnet50 resnext50_32x4d squeezenet1_0 squeezenet1_1 densenet121 googlenet inception_v3
mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet0_5 shufflenet_v2_x0_5 shufflenet_v2_x1_0 efficientnet_b0
regnet_y_400mf regnet_x_400mf convnext_tiny""".split()
FULL = QUICK + "vgg11 vgg16 wide_resnet50_2 mnasnet1_0 efficientnet_v2_s".split()
RTOL, ATOL = 1e-3, 1e-5
BUILTIN_OPSET = 17


def compare(path, io):
    """None if the model is valid and computes y from x, else what is wrong."""
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as e:
        return f"checker: {str(e)[:300]}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        got = session.run(None, {session.get_inputs()[0].name: io["x"]})[0]
    except Exception as e:
        return f"ONNX Runtime: {str(e)[:300]}"
    return difference(got, io)


def difference(got, io):
    if got.shape != io["y"].shape:
        return f"shape {got.shape}, PyTorch has {io['y'].shape}"
    if not numpy.allclose(got, io["y"], rtol=RTOL, atol=ATOL):
        return f"outputs differ by up to {numpy.abs(got - io['y']).max():g}"
    return None


def compare_builtin(a, place, path, io):
    """The same with `onnxsh run`."""
    numpy.save(f"{place}/x.npy", io["x"])
    p = suite.run(a.onnxsh, "run", path, "--inputs", f"{place}/x.npy", "--outputs", f"{place}/out.npz")
    if p.returncode != 0:
        return p.stderr.decode(errors="replace")[:600]
    with numpy.load(f"{place}/out.npz") as out:
        return difference(out[out.files[0]], io)


def one_model(a, python, name, opsets, place, tallies):
    p = subprocess.run([python, os.path.join(HERE, "trace_models.py"), place, name], capture_output=True, text=True)
    if p.returncode != 0:
        for t in tallies.values():
            t.add(False, name, "tracing failed: " + p.stderr[-300:])
        return
    io = numpy.load(f"{place}/{name}.io.npz")
    for opset in opsets:
        out = f"{place}/{name}.onnx"
        p = suite.run(a.onnxsh, "--weights", f"{place}/{name}.npz", "export", f"{place}/{name}.txt", out, "--opset", str(opset))
        why = p.stderr.decode(errors="replace")[:600] if p.returncode != 0 else compare(out, io)
        tallies[opset].add(why is None, f"{name} opset {opset}", why)
        if opset == BUILTIN_OPSET and p.returncode == 0:
            why = compare_builtin(a, place, out, io)
            tallies["built-in"].add(why is None, f"{name} run by onnxsh", why)


def main():
    a = suite.options()
    opsets = [9, 13, 17, newest_opset()]
    print("opsets", opsets, "onnx", onnx.__version__, "ONNX Runtime", onnxruntime.__version__)
    good = True
    for label, python in (("PyTorch 1.13", a.torch113), ("PyTorch 2.13", sys.executable)):
        tallies = {o: suite.Tally(f"CNN classifiers traced by {label} equal PyTorch at opset {o}") for o in opsets}
        tallies["built-in"] = suite.Tally(f"of them run with the built-in evaluator equal PyTorch {label[8:]} at opset {BUILTIN_OPSET}")
        for name in a.words or (FULL if a.full else QUICK):
            place = tempfile.mkdtemp(prefix="onnxsh-tv-")
            try:
                one_model(a, python, name, opsets, place, tallies)
            finally:
                shutil.rmtree(place)
        for t in tallies.values():
            good = t.close() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
