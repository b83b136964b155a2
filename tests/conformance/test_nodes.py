"""ONNX's backend node tests, run with the built-in evaluator and held against the expected outputs, within the
tolerances of the onnx package: those that the newest onnx makes, and those of Debian's libonnx-testdata. Words on the
command line choose tests by parts of their names. Tests of random numbers are held to dtype and shape alone. What
inference said of the outputs before is held against the shapes that came out."""
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
import test_infer

# Not run, each with its reason.
SKIPPED = {
    "image_decoder": "codecs of images are not built in",
    "training_dropout": None,  # random: by shape
    "gradient": "Gradient asks for differentiation, which is no evaluation",
}
# The absolute tolerance, where the expected values are no better: sums that are zero but for float32's rounding.
TOLERANCE = {"test_dft_inverse": 1e-6, "test_dft_inverse_opset19": 1e-6}
# Tests whose expected values are not what the operator's definition gives: pattern, reason, and the tolerances (rtol,
# atol) within which they must be met all the same; None where the test cannot be run as it stands.
LISTED = [
    (r"attention_.*(bf16|fp16)", "its sums were rounded to 16 bits after every step, ours once", (2.0**-7, 2.0**-9)),
    (r"cast_FLOAT_to_BFLOAT16$", "its release cut the bits off, where Cast rounds to nearest", (2.0**-7, 0)),
    (r"adam_multiple$", "it was computed with an epsilon that its node does not state", (0, 0.004)),
    (r"castlike_(BFLOAT16_to_FLOAT|FLOAT_to_BFLOAT16)(_expanded)?$", "its data has other dims than its model declares", None),
]
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


def plain(value):
    """A message as numpy has it."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, onnx.SequenceProto):
        return numpy_helper.to_list(value)
    return numpy_helper.to_optional(value) if isinstance(value, onnx.OptionalProto) else value


def flatten(name, value, type_proto, out):
    """An expected output under the names that a .npz gives its parts."""
    value = plain(value)
    kind = type_proto.WhichOneof("value")
    if kind == "optional_type":
        if value is not None:
            flatten(f"{name}[0]", value, type_proto.optional_type.elem_type, out)
    elif kind == "sequence_type":
        for i, item in enumerate(value):
            flatten(f"{name}[{i}]", item, type_proto.sequence_type.elem_type, out)
    elif kind == "map_type":
        out[name + ".keys"] = np.array(list(value.keys()))
        out[name + ".values"] = np.array(list(value.values()))
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


def listed(name, corpus):
    """The row of LISTED for a test, or None. All but the first concern the tests of Debian's older release."""
    for i, row in enumerate(LISTED):
        if re.search(row[0], name) and (i == 0 or "libonnx" in corpus):
            return row
    return None


def run_case(o, folder, model_path, graph, inputs, expected, name, rtol, atol, shapes):
    """None, or why the test fails. shapes gets the dims of the tensors that came out."""
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
        flatten(info.name, value, info.type, want)
    with np.load(out, allow_pickle=False) as file:
        got = {k: file[k] for k in file.files}
    shapes.update({i.name: got[i.name].shape for i in graph.output if i.name in got})
    return difference(name, got, want, rtol, TOLERANCE.get(name, atol))


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
                    if kind == "tensor_type" and info.type.tensor_type.elem_type == onnx.TensorProto.BFLOAT16:
                        proto.data_type = onnx.TensorProto.BFLOAT16  # that release wrote it as uint16
                    values.append(proto)
                sides.append(values)
            yield os.path.basename(folder), model, *sides, 1e-3, 1e-7


def check_inference(o, title, shapes):
    """Inference never says what does not come true. shapes: {path of a model: {output: dims}}"""
    tally, known = suite.Tally(f"outputs of {title} have the shapes that inference told"), 0
    for path, (status, message, values) in test_infer.ours(o.build + "/tests/ops_infer", list(shapes)).items():
        name = os.path.basename(path)[:-5]
        for output, dims in shapes[path].items():
            own = values.get(output, (None, None, None))[2]
            if status != "ok":
                tally.add(False, name, message)
                continue
            good = own is None or (len(own) == len(dims) and all(a is None or a == b for a, b in zip(own, dims)))
            tally.add(good, name, f"{output} is {list(dims)}, inferred {own}")
            known += own is not None and None not in own
    print(f"  {known} of these shapes were known whole")
    return tally.close()


def run_all(o, title, cases):
    tally, shapes = suite.Tally(f"{title} run with the built-in evaluator", shown=10000), {}
    random = refused = allowed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, model, inputs, outputs, rtol, atol) in enumerate(cases):
            if o.words and not any(w in name for w in o.words):
                continue
            if skipped(name):
                refused += 1
                continue
            path = os.path.join(folder, f"{number}.{name}.onnx")
            with open(path, "wb") as f:
                f.write(model.SerializeToString())
            shapes[path] = {}
            why = run_case(o, folder, path, model.graph, inputs, outputs, name, rtol, atol, shapes[path])
            random += bool(RANDOM.search(name))
            row = listed(name, title) if why else None
            if row and row[2]:
                still = run_case(o, folder, path, model.graph, inputs, outputs, name, *row[2], shapes[path])
                row = None if still else row
            allowed += row is not None
            tally.add(why is None, name, f"listed, {row[1]}: {why}" if row else why)
        if refused:
            print(f"  {refused} not run: {'; '.join(sorted(set(w for w in SKIPPED.values() if w)))}")
        print(f"  {random} of random numbers are held to dtype and shape alone")
        if allowed:
            print(f"  {allowed} differ for a listed reason, within listed bounds")
        return check_inference(o, title, shapes) & tally.close(allowed)


def main():
    o = suite.options()
    o.onnxsh = os.path.abspath(o.onnxsh)
    good = run_all(o, f"node tests of onnx {onnx.__version__}", made_cases())
    good = run_all(o, "tests of libonnx-testdata", stored_cases()) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
