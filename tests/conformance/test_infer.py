#!/usr/bin/env python3
"""Holds onnxsh's type and shape inference against onnx.shape_inference, value by value.

Where both know a dim, a rank or an element type they must agree. What only one of the two knows is counted; operators
for which onnx knows more are listed. A model that onnx infers must be inferred here without an error.
"""
import collections
import subprocess
import sys
import warnings

import onnx
from onnx import helper, shape_inference

import suite

# Where we differ on purpose: (part of the path, reason).
ALLOWED = []


def theirs(path):
    """{value: (dtype, dims or None)} of the main graph; dims are ints or None."""
    m = onnx.load(path, load_external_data=False)
    makes = {o for n in m.graph.node for o in n.output}
    for field in (m.graph.value_info,):
        del field[:]
    for o in m.graph.output:  # what the file declares is no inference
        if o.type.HasField("tensor_type") and o.name in makes:
            o.type.tensor_type.ClearField("shape")
    m = shape_inference.infer_shapes(m, data_prop=True)
    out = {}
    for v in list(m.graph.value_info) + list(m.graph.output):
        if v.name not in makes or not v.type.HasField("tensor_type"):
            continue
        t = v.type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim] if t.HasField("shape") else None
        out[v.name] = (t.elem_type, dims)
    return out


def ours(program, paths):
    """{path: (status, message, {value: (op, dtype, dims or None)})}"""
    p = subprocess.run([program], input="\n".join(paths) + "\n", capture_output=True, text=True, errors="replace")
    if p.returncode != 0:
        sys.exit("ops_infer: " + p.stderr[-2000:])
    result, current = {}, None
    for line in p.stdout.splitlines():
        if not line.startswith("\t"):
            path, status, message = line.split("\t", 2)
            current = {}
            result[path] = (status, message, current)
            continue
        _, name, op, text = line.split("\t")
        if "(" in text:
            continue
        dtype, dims = text[:-1].split("[", 1)
        dims = None if dims == "..." else [int(d) if d.isdigit() else None for d in dims.split(",")] if dims else []
        current[name] = (op, dtype, dims)
    return result


NAMES = {t: helper.tensor_dtype_to_np_dtype(t).name if t != 8 else "string" for t in range(1, 17)}


def compare(values, mine):
    """Yields (op, kind, text): kind is clash, weaker, stronger or same."""
    for name, (dtype, dims) in values.items():
        if name not in mine:
            continue
        op, own_dtype, own = mine[name]
        if dtype in NAMES and own_dtype not in ("undefined", "?") and NAMES[dtype] != own_dtype and NAMES[dtype] != "bfloat16":
            yield op, "clash", "%s is %s, onnx says %s" % (name, own_dtype, NAMES[dtype])
        elif dims is None:
            yield op, "same" if own is None else "stronger", ""
        elif own is None:
            yield op, "weaker", "%s: rank %d" % (name, len(dims))
        elif len(own) != len(dims) or any(a is not None and b is not None and a != b for a, b in zip(own, dims)):
            yield op, "clash", "%s is %s, onnx says %s" % (name, own, dims)
        elif any(a is None and b is not None for a, b in zip(own, dims)):
            yield op, "weaker", "%s is %s, onnx says %s" % (name, own, dims)
        else:
            yield op, "stronger" if any(a is not None and b is None for a, b in zip(own, dims)) else "same", ""


def main():
    a = suite.options()
    bad = 0
    weaker = collections.Counter()
    example = {}
    for corpus, paths in suite.corpora().items():
        count = collections.Counter()
        mine = ours(a.build + "/tests/ops_infer", paths)
        for path in paths:
            status, message, values = mine.get(path, ("lost", "", {}))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    other = theirs(path)
            except Exception:  # a model that onnx refuses
                count["refused by onnx"] += 1
                continue
            if status != "ok" and not any(part in path for part, _ in ALLOWED):
                print("FAIL %s: %s" % (path, message))
                bad += 1
                continue
            for op, kind, text in compare(other, values):
                count[kind] += 1
                if kind == "clash":
                    print("FAIL %s: %s: %s" % (path, op, text))
                    bad += 1
                elif kind == "weaker":
                    weaker[op] += 1
                    example.setdefault(op, "%s: %s" % (path, text))
        total = sum(count[k] for k in ("same", "stronger", "weaker", "clash"))
        print("figure: %d of %d values of %s inferred as onnx does, %d more exactly, %d less" %
              (count["same"] + count["stronger"], total, corpus, count["stronger"], count["weaker"]))
    for op, n in weaker.most_common():
        print("less exact: %-24s %4d  %s" % (op, n, example[op]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
