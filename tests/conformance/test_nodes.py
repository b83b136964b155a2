"""ONNX's backend node tests, run with the built-in evaluator and held against the expected outputs, within the
tolerances of the onnx package: those that the newest onnx makes, and those of Debian's libonnx-testdata. Words on the
command line choose tests by parts of their names. Tests of random numbers are held to dtype and shape alone."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

import suite

# Not run, each with its reason.
SKIPPED = {
    "image_decoder": "codecs of images are not built in",
    "training_dropout": None,  # random: by shape
    "gradient": "Gradient asks for differentiation, which is no evaluation",
}
RANDOM = re.compile(r"bernoulli|multinomial|random_normal|random_uniform|training_dropout")


def skipped(name):
    for part, why in SKIPPED.items():
        if why and part in name:
            return why
    return None


def write_proto(value, type_proto, path):
    """An input as the file that `run --inputs` reads."""
    kind = type_proto.WhichOneof("value")
    if isinstance(value, (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto, onnx.MapProto)):
        proto = value
    elif kind == "sequence_type":
        proto = numpy_helper.from_list(value, "")
    elif kind == "optional_type":
        inner = type_proto.optional_type.elem_type.WhichOneof("value")
        dtype = onnx.OptionalProto.SEQUENCE if inner == "sequence_type" else onnx.OptionalProto.TENSOR
        proto = numpy_helper.from_optional(value, "", dtype if value is None else None)
    elif kind == "map_type":
        proto = numpy_helper.from_dict(value, "")
    else:
        proto = numpy_helper.from_array(np.asarray(value))
    with open(path, "wb") as f:
        f.write(proto.SerializeToString())


def flatten(name, value, out):
    """An expected output under the names that a .npz gives its parts."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if isinstance(value, onnx.SequenceProto):
        value = numpy_helper.to_list(value)
    if isinstance(value, onnx.OptionalProto):
        value = numpy_helper.to_optional(value)
        value = [] if value is None else [value]
    if value is None:
        return
    if isinstance(value, dict):
        out[name + ".keys"] = np.array(list(value.keys()))
        out[name + ".values"] = np.array(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            flatten(f"{name}[{i}]", item, out)
    else:
        out[name] = np.asarray(value)


def comparable(got, want):
    """Both in a form that numpy compares: raw bytes get their type back, low-bit types become numbers."""
    if want.dtype.kind in "OSU":
        return got.astype(str), np.array([x.decode() if isinstance(x, bytes) else str(x) for x in want.ravel()]
                                         ).reshape(want.shape).astype(str)
    if got.dtype.kind == "V":
        got = got.view(want.dtype) if want.dtype.itemsize == got.dtype.itemsize else got
    if want.dtype.kind == "V" or want.dtype.name not in np.sctypeDict:
        want = want.astype(np.float32)
        got = got.astype(np.float32)
    return got, want


def wide(dtype):
    """The dtype that the .npz has for an element type that numpy lacks."""
    name = np.dtype(dtype).name
    return {"int4": "int8", "int2": "int8", "uint4": "uint8", "uint2": "uint8", "float4_e2m1fn": "float32",
            "float6_e2m3fn": "float32", "float6_e3m2fn": "float32"}.get(name, name)


def difference(name, got, want, rtol, atol):
    """Why they differ, or None."""
    if set(got) != set(want):
        return f"outputs {sorted(got)} where {sorted(want)} are expected"
    for key in want:
        g, w = got[key], want[key]
        if g.shape != w.shape:
            return f"{key}: shape {g.shape} where {w.shape} is expected"
        if w.dtype.kind not in "OSU" and g.dtype.kind != "V" and g.dtype.name != wide(w.dtype):
            return f"{key}: dtype {g.dtype} where {w.dtype} is expected"
        if RANDOM.search(name):
            continue
        g, w = comparable(g, w)
        if w.dtype.kind == "U":
            if not (g == w).all():
                return f"{key}: other strings: {g.ravel()[:4]} where {w.ravel()[:4]} are expected"
        elif not np.allclose(g, w, rtol=rtol, atol=atol, equal_nan=True):
            with np.errstate(all="ignore"):
                off = np.abs(g.astype(np.complex128) - w.astype(np.complex128))
            return f"{key}: off by {np.nanmax(off):g} at most, {g.ravel()[:4]} where {w.ravel()[:4]} are expected"
    return None


def run_case(o, folder, model_path, graph, inputs, expected, name, rtol, atol):
    """None, or why the test fails."""
    args = []
    for i, (info, value) in enumerate(zip(graph.input, inputs)):
        path = os.path.join(folder, f"input_{i}.pb")
        write_proto(value, info.type, path)
        args += ["--inputs", f"{info.name}={path}"]
    out = os.path.join(folder, "out.npz")
    if os.path.exists(out):
        os.unlink(out)
    try:
        p = suite.run(o.onnxsh, "run", model_path, *args, "--outputs", out, timeout=120)
    except subprocess.TimeoutExpired:
        return "it takes more than two minutes"
    if p.returncode:
        return p.stderr.decode(errors="replace").strip().split("\n")[0] or f"exit status {p.returncode}"
    want = {}
    for info, value in zip(graph.output, expected):
        flatten(info.name, value, want)
    with np.load(out, allow_pickle=False) as got:
        return difference(name, {k: got[k] for k in got.files}, want, rtol, atol)


def made_cases():
    from onnx.backend.test.case.node import collect_testcases
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            for inputs, outputs in case.data_sets:
                yield case.name, case.model, inputs, outputs, case.rtol, case.atol


def stored_cases():
    """libonnx-testdata: a folder for each test."""
    listing = subprocess.run(["dpkg", "-L", "libonnx-testdata"], capture_output=True, text=True).stdout.split()
    for path in sorted(f for f in listing if f.endswith("/model.onnx")):
        folder = os.path.dirname(path)
        model = onnx.load(path)
        for data in sorted(glob.glob(folder + "/test_data_set_*")):
            sides = []
            for side, infos in (("input", model.graph.input), ("output", model.graph.output)):
                values = []
                for i, info in enumerate(infos):
                    file = f"{data}/{side}_{i}.pb"
                    if not os.path.exists(file):
                        break
                    kind = info.type.WhichOneof("value")
                    proto = {"sequence_type": onnx.SequenceProto, "optional_type": onnx.OptionalProto,
                             "map_type": onnx.MapProto}.get(kind, onnx.TensorProto)()
                    with open(file, "rb") as f:
                        proto.ParseFromString(f.read())
                    values.append(proto)
                sides.append(values)
            yield os.path.basename(folder), model, *sides, 1e-3, 1e-7


def run_all(o, title, cases):
    tally = suite.Tally(f"{title} run with the built-in evaluator", shown=10000)
    random = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, model, inputs, outputs, rtol, atol in cases:
            if o.words and not any(w in name for w in o.words):
                continue
            if skipped(name):
                refused += 1
                continue
            path = os.path.join(folder, "model.onnx")
            with open(path, "wb") as f:
                f.write(model.SerializeToString())
            why = run_case(o, folder, path, model.graph, inputs, outputs, name, rtol, atol)
            random += bool(RANDOM.search(name))
            tally.add(why is None, name, why)
    if refused:
        print(f"  {refused} not run: {'; '.join(sorted(set(w for w in SKIPPED.values() if w)))}")
    print(f"  {random} of random numbers are held to dtype and shape alone")
    return tally.close()


def main():
    o = suite.options()
    o.onnxsh = os.path.abspath(o.onnxsh)
    good = run_all(o, f"node tests of onnx {onnx.__version__}", made_cases())
    good = run_all(o, "tests of libonnx-testdata", stored_cases()) and good
    return 0 if good else 1


sys.exit(main())
