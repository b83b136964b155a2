#!/usr/bin/env python3
"""The 45 models of the coverage table, as TorchScript archives: exported at opset 17, onnx.checker accepts each (full check),
and ONNX Runtime computes what PyTorch computed (rtol 1e-3, atol 1e-5) on three inputs. Beside it, with --full, what the
exporter of PyTorch 1.13 makes of the same archives."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime

import suite

HERE = os.path.dirname(os.path.abspath(__file__))
MAKER = os.path.join(HERE, "trace_coverage.py")
OPSET = 17
N_INPUTS = 3
RTOL, ATOL = 1e-3, 1e-5
# What is quick to trace and to run, and together has nearly all operators of the table.
QUICK = """squeezenet1_1 shufflenet_v2_x0_5 swin_t r3d_18 lraspp_mobilenet_v3_large ssdlite320_mobilenet_v3_large
fasterrcnn_mobilenet_v3_large_320_fpn raft_small nn.LSTM nn.GRU nn.RNN nn.LSTMCell nn.MultiheadAttention nn.Transformer
nn.TransformerEncoder gpt""".split()
TORCH_EXPORT = """
import sys, time, warnings
warnings.filterwarnings("ignore")
import numpy, torch
try:
    import torchvision
except ImportError:
    pass
path, io, out, opset = sys.argv[1], numpy.load(sys.argv[2]), sys.argv[3], int(sys.argv[4])
net = torch.jit.load(path)
args = [torch.from_numpy(io[k]) for k in sorted((k for k in io.files if k.startswith("in0_")), key=lambda k: int(k[4:]))]
if "LSTMCell" in path:
    args = [args[0], (args[1], args[2])]
start = time.monotonic()
torch.onnx.export(net, tuple(args), out, opset_version=opset)
print(time.monotonic() - start)
"""


def models():
    return subprocess.run([sys.executable, MAKER], capture_output=True, text=True, check=True).stdout.split()


def side(io, what, i):
    keys = [k for k in io.files if k.startswith(f"{what}{i}_")]
    return [io[k] for k in sorted(keys, key=lambda k: int(k.split("_")[1]))]


def in_order_of(got, want):
    """The rows of detections that got has, in the order of want's: among those whose scores are as near to each other as the
    tolerance says, the order hangs on the last bit, and each is put where the like of it stands."""
    boxes, labels, scores = want[:3]
    order, start = [], 0
    if any(a.shape != b.shape for a, b in zip(got, want)):
        return got
    for end in range(1, len(scores) + 1):
        if end < len(scores) and scores[end - 1] - scores[end] <= ATOL + RTOL * 1e-2 * scores[end]:
            continue
        left = list(range(start, end))
        for i in range(start, end):
            far = [numpy.abs(got[0][k] - boxes[i]).max() + 1e6 * (got[1][k] != labels[i]) for k in left]
            order.append(left.pop(int(numpy.argmin(far))))
        start = end
    return [x[order] for x in got]


def difference(got, want):
    for i, (a, b) in enumerate(zip(got, want)):
        if a.shape != b.shape:
            return f"output {i} has shape {a.shape}, PyTorch's has {b.shape}"
        if not numpy.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True):
            return f"output {i} differs by up to {numpy.abs(a.astype('f8') - b).max():g}"
    return None if len(got) == len(want) else f"{len(got)} outputs, PyTorch has {len(want)}"


def compare(path, io):
    """None if the model is valid and computes what PyTorch computed, else what is wrong."""
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as e:
        return f"checker: {str(e)[:200]}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for i in range(N_INPUTS):
            feeds = dict(zip([x.name for x in session.get_inputs()], side(io, "in", i)))
            got, want = session.run(None, feeds), side(io, "out", i)
            why = difference(in_order_of(got, want) if "detections" in io.files else got, want)
            if why:
                return f"input {i + 1}: {why}"
    except Exception as e:
        return f"ONNX Runtime: {str(e)[:200]}"
    return None


def ours(a, base, io):
    """(what is wrong, seconds of the export)."""
    # archives of PyTorch 1.13 do not say what was traced: its own exporter is given the inputs too
    specs = [word for x in side(io, "in", 0) for word in ("--input", f"{x.dtype}{list(x.shape)}".replace(" ", ""))]
    start = time.monotonic()
    p = suite.run(a.onnxsh, *specs, "export", base + ".pt", base + ".onnx", "--opset", str(OPSET))
    seconds = time.monotonic() - start
    if p.returncode != 0:
        lines = [x for x in p.stderr.decode(errors="replace").splitlines() if "warning" not in x]
        return " / ".join(lines)[:1200], seconds
    return compare(base + ".onnx", io), seconds


def torchs(a, base, io):
    """The same of torch.onnx.export of PyTorch 1.13."""
    try:
        p = subprocess.run([a.torch113, "-c", TORCH_EXPORT, base + ".pt", base + ".io.npz", base + ".torch.onnx", str(OPSET)],
                           capture_output=True, text=True, timeout=1200)
    except subprocess.TimeoutExpired:
        return "not done after 1200 s", 1200.0
    if p.returncode != 0:
        return p.stderr.strip().splitlines()[-1][:200], 0.0
    return compare(base + ".torch.onnx", io), float(p.stdout.split()[-1])


def trace(python, place, name):
    p = subprocess.run([python, MAKER, place, name], capture_output=True, text=True)
    return None if p.returncode == 0 else "tracing failed: " + p.stderr[-300:]


def row(a, python, place, name, tallies, peer):
    why = trace(python, place, name)
    base = os.path.join(place, name)
    if why:
        tallies[0].add(False, name, why)
        return
    io = numpy.load(base + ".io.npz")
    mine, seconds = ours(a, base, io)
    line = f"{name:<40} {'passes' if mine is None else 'FAILS':<7} {seconds:7.2f} s"
    tallies[0].add(mine is None, name, mine)
    if peer:
        theirs, torch_seconds = torchs(a, base, io)
        tallies[1].add(theirs is None, f"torch.onnx.export of {name}", theirs)
        line += f"   torch {'passes' if theirs is None else 'fails':<7} {torch_seconds:7.2f} s"
    print(line, flush=True)


def main():
    a = suite.options()
    names = a.words or (models() if a.full else QUICK)
    good = True
    for label, python, which in (("1.13", a.torch113, names), ("2.13", sys.executable, [n for n in names if n[:3] in ("nn.", "gpt")])):
        peer = a.full and label == "1.13"
        tallies = [suite.Tally(f"archives of the coverage table, traced by PyTorch {label}, equal PyTorch at opset {OPSET}"),
                   suite.Tally(f"of them exported by torch.onnx of PyTorch {label} do", shown=45)]
        for name in which:
            place = tempfile.mkdtemp(prefix="onnxsh-cov-")
            try:
                row(a, python, place, name, tallies, peer)
            finally:
                shutil.rmtree(place)
        good = tallies[0].close() and good
        if peer:
            tallies[1].close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
