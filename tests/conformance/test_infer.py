#!/usr/bin/env python3
"""Holds onnxsh's type and shape inference against onnx.shape_inference, value by value.

Where both know a dim, a rank or an element type they must agree, and where onnx knows one we must know it too, but for
the operators listed below with the reason. What only we know is counted. A model that onnx infers must be inferred here
without an error. The corpora are those of the other suites, torchvision's networks as this program exports them, and
the node tests once more with each node behind a call of a local function, whose types must come out the same.
"""
import collections
import glob
import os
import subprocess
import sys
import warnings

import onnx
from onnx import helper, shape_inference

import suite

# Where onnx knows more, and why that is so: {operator: reason}. Each is counted.
LESS = {}
NETWORKS = """alexnet resnet18 squeezenet1_1 densenet121 googlenet mobilenet_v3_small mnasnet0_5 shufflenet_v2_x0_5
efficientnet_b0 convnext_tiny""".split()
HERE = os.path.dirname(os.path.abspath(__file__))


def networks(a):
    """torchvision's networks, traced by PyTorch and exported, at the oldest opset and at the default one."""
    place = os.path.join(suite.cache(), "networks")
    os.makedirs(place, exist_ok=True)
    names = a.words or (NETWORKS if a.full else NETWORKS[:5])
    subprocess.run([sys.executable, os.path.join(HERE, "trace_models.py"), place, *names], capture_output=True, check=True)
    for name in names:
        for opset in ("9", "17"):
            p = suite.run(a.onnxsh, "--weights", f"{place}/{name}.npz", "export", f"{place}/{name}.txt",
                          f"{place}/{name}-{opset}.onnx", "--opset", opset)
            if p.returncode != 0:
                sys.exit(p.stderr.decode(errors="replace"))
        os.unlink(f"{place}/{name}.npz")
    return sorted(glob.glob(place + "/*.onnx"))


def behind_a_function(path, place):
    """The model with its only node moved into a local function of the same attributes; None where that cannot be said:
    blocks, absent inputs or outputs, sparse attributes, other domains."""
    m = onnx.load(path)
    if len(m.graph.node) != 1 or m.functions or m.graph.sparse_initializer:
        return None
    n = m.graph.node[0]
    kinds = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS, onnx.AttributeProto.SPARSE_TENSOR)
    if n.domain or "" in list(n.input) + list(n.output) or any(k.type in kinds for k in n.attribute):
        return None
    inner = onnx.NodeProto()
    inner.CopyFrom(n)
    del inner.attribute[:], inner.input[:], inner.output[:]
    inner.input.extend(f"i{k}" for k in range(len(n.input)))
    inner.output.extend(f"o{k}" for k in range(len(n.output)))
    for k in n.attribute:
        inner.attribute.append(onnx.AttributeProto(name=k.name, ref_attr_name=k.name, type=k.type))
    imports = [o for o in m.opset_import if not o.domain]
    f = helper.make_function("local", "Wrapped", list(inner.input), list(inner.output), [inner], imports,
                             [k.name for k in n.attribute])
    n.domain, n.op_type = "local", "Wrapped"
    m.functions.append(f)
    m.opset_import.append(helper.make_opsetid("local", 1))
    m.ir_version = max(m.ir_version, 8)
    out = os.path.join(place, os.path.basename(path))
    onnx.save(m, out)
    return out


def wrapped(paths):
    """{path of the model with the call: path of the one without}"""
    place = os.path.join(suite.cache(), "wrapped")
    os.makedirs(place, exist_ok=True)
    return {w: p for p in paths for w in [behind_a_function(p, place)] if w}


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
    corpora = suite.corpora()
    corpora["torchvision's networks as exported"] = networks(a)
    nodes = next(paths for name, paths in corpora.items() if name.endswith("node tests"))
    for corpus, paths in corpora.items():
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
            if status != "ok":
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
        print("less: %-24s %4d  %s" % (op, n, LESS.get(op, "no reason is listed: " + example[op])))
    calls = compare_calls(a, wrapped(nodes))
    return 1 if bad or not calls or set(weaker) - set(LESS) or set(LESS) - set(weaker) else 0


def compare_calls(a, calls):
    """What a call gives must be what the node gives."""
    tally = suite.Tally("node tests inferred alike behind a call of a local function")
    mine = ours(a.build + "/tests/ops_infer", list(calls) + list(calls.values()))
    for call, plain in calls.items():
        if mine[plain][0] == "ok":
            types = [{v: t[1:] for v, t in mine[p][2].items()} for p in (call, plain)]
            tally.add(mine[call][0] == "ok" and types[0] == types[1], os.path.basename(plain), f"{mine[call][1]} {types}")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
