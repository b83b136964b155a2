#!/usr/bin/env python3
"""Operators of com.microsoft: inferred types against the results of ONNX Runtime and against its
symbolic_shape_infer, and values against ONNX Runtime, on models of one node."""
import contextlib
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

from evaluated import difference, evaluate, with_inputs
from suite import Tally, cache, options

MS = "com.microsoft"
R = np.random.default_rng(7)
CASES = []


def f(*shape, scale=1.0):
    return (R.standard_normal(shape) * scale).astype(np.float32)


def u8(*shape):
    return R.integers(0, 256, shape).astype(np.uint8)


def i8(*shape):
    return R.integers(-128, 128, shape).astype(np.int8)


def i32(*v):
    return np.array(v, dtype=np.int32)


def one(v, dtype=np.float32):
    return np.array(v, dtype=dtype)


def case(op, inputs, n_out=1, domain=MS, constant=(), **attrs):
    """inputs: arrays, None where absent; `constant`: positions of those that shapes depend on."""
    CASES.append((f"{op} {len(CASES)}", op, inputs, n_out, domain, constant, attrs))


def element(array):
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def model(op, inputs, n_out, domain, constant, attrs):
    names = ["" if v is None else f"i{k}" for k, v in enumerate(inputs)]
    given = {n: v for k, (n, v) in enumerate(zip(names, inputs)) if n and k not in constant}
    inits = [onnx.numpy_helper.from_array(inputs[k], names[k]) for k in constant]
    outs = [f"o{i}" for i in range(n_out)]
    graph = helper.make_graph([helper.make_node(op, names, outs, domain=domain, **attrs)], op,
                              [helper.make_tensor_value_info(n, element(v), v.shape) for n, v in given.items()],
                              [onnx.ValueInfoProto(name=o) for o in outs], inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)],
                             ir_version=8), given


def cases():
    for op in ("Gelu", "QuickGelu", "FastGelu"):
        case(op, [f(2, 3, 8)])
    for op in ("BiasGelu", "FastGelu"):
        case(op, [f(2, 3, 8), f(8)])
    case("QuickGelu", [f(2, 3)], alpha=1.0)
    for a, b, attrs in (((2, 3, 4), (2, 4, 5), {}), ((2, 4, 3), (4, 5), {"transA": 1}), ((3, 4), (5, 4), {"transB": 1, "alpha": 0.5}),
                        ((2, 1, 4, 3), (3, 5, 4), {"transA": 1, "transB": 1}), ((3, 4), (4, 2), {"alpha": 2.0})):
        case("FusedMatMul", [f(*a), f(*b)], **attrs)
    for stages in ((2, 3, 8), (1, 3, 8), (3, 8)):
        case("SkipLayerNormalization", [f(2, 3, 8), f(*stages), f(8), f(8), f(8)], 4, epsilon=1e-5)
        case("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(*stages), f(8)], 4)
    case("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8)])
    case("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8)], 4)
    case("SimplifiedLayerNormalization", [f(2, 3, 8), f(8)], 1, "", axis=-1)
    case("SimplifiedLayerNormalization", [f(2, 3, 8), f(8)], 2, "", axis=2, epsilon=1e-3)
    for kind in (u8, i8):
        zero = kind().dtype.type
        for op in ("QLinearAdd", "QLinearMul"):
            case(op, [kind(2, 3, 4), one(0.0513), one(3, zero), kind(3, 1), one(0.1037), one(7, zero), one(0.1971), one(5, zero)])
        case("QLinearSigmoid", [kind(2, 3), one(0.05), one(3, zero), one(1 / 256), one(0, zero)])
        case("QLinearLeakyRelu", [kind(2, 3), one(0.05), one(3, zero), one(0.07), one(1, zero)], alpha=0.1)
        case("QLinearConcat", [one(0.1), one(2, zero), kind(2, 3), one(0.05), one(1, zero), kind(2, 5), one(0.2), one(0, zero)], axis=1)
    case("QLinearGlobalAveragePool", [u8(1, 3, 4, 5), one(0.1), one(3, np.uint8), one(0.1), one(3, np.uint8)])
    case("QLinearGlobalAveragePool", [u8(1, 4, 5, 3), one(0.1), one(3, np.uint8), one(0.1), one(3, np.uint8)], channels_last=1)
    case("QLinearAveragePool", [u8(1, 3, 6, 7), one(0.1), one(3, np.uint8), one(0.1), one(3, np.uint8)], kernel_shape=[3, 2], strides=[2, 1])
    case("QLinearAveragePool", [u8(1, 6, 7, 3), one(0.1), one(3, np.uint8), one(0.1), one(3, np.uint8)], kernel_shape=[3, 2], channels_last=1)
    case("QLinearSoftmax", [u8(2, 5), one(0.1), one(3, np.uint8), one(1 / 256), one(0, np.uint8)], axis=1, opset=13)
    case("QGemm", [u8(3, 4), one(0.1), one(3, np.uint8), i8(4, 5), one(0.1), one(0, np.int8), None, one(0.1), one(3, np.uint8)])
    case("QGemm", [u8(3, 4), one(0.1), one(3, np.uint8), i8(5, 4), one(0.1), one(0, np.int8)], transB=1)
    case("DynamicQuantizeMatMul", [f(2, 3, 4), u8(4, 5), one([0.1]), one([3], np.uint8)])
    case("MatMulIntegerToFloat", [u8(2, 3, 4), u8(4, 5), one([0.1]), one([0.2]), one([3], np.uint8), one([4], np.uint8)])
    for bits, zero in ((4, False), (4, True), (8, False), (8, True)):
        blob = 16 * bits // 8
        zp = u8(5 * ((2 * bits + 7) // 8)) if zero else None
        case("MatMulNBits", [f(2, 3, 32), u8(5, 2, blob), f(5 * 2), *([zp] if zero else [])], K=32, N=5, bits=bits, block_size=16)
    case("MatMulNBits", [f(3, 32), u8(5, 1, 16), f(5), None, None, f(5)], K=32, N=5, bits=4, block_size=32)
    case("QuantizeLinear", [f(2, 3), one(0.05), one(3, np.uint8)])
    case("QuantizeLinear", [f(2, 3), one([0.05, 0.1, 0.2]), one([3, 2, 1], np.int8)], axis=1)
    case("DequantizeLinear", [i8(2, 3), one(0.05), one(3, np.int8)])
    case("FusedConv", [f(1, 2, 6, 6), f(4, 2, 3, 3), f(4)], activation="Relu", pads=[1, 1, 1, 1])
    case("FusedGemm", [f(3, 4), f(5, 4), f(5)], activation="Relu", transB=1)
    case("NhwcMaxPool", [u8(1, 6, 7, 3)], kernel_shape=[3, 2], strides=[2, 1])
    case("Trilu", [f(3, 4)], upper=0)
    case("Trilu", [f(2, 3, 4), one(1, np.int64)], upper=1)
    case("Inverse", [f(2, 3, 3)])
    case("CDist", [f(3, 4), f(5, 4)], metric="sqeuclidean")
    case("CDist", [f(3, 4), f(5, 4)], metric="euclidean")
    case("GatherND", [f(2, 3, 4), one([[0, 1], [1, 2]], np.int64)])
    case("ExpandDims", [f(2, 3), one(1, np.int32)], constant=(1,))
    case("ExpandDims", [f(2, 3), one(-1, np.int32)], constant=(1,))
    case("Pad", [f(2, 3), one([0, 1, 2, 0], np.int64), one([1.5])], mode="constant", constant=(1,))
    case("Range", [one(1.0), one(5.0), one(1.5)], constant=(0, 1, 2))
    case("BiasSoftmax", [f(2, 3, 4), f(2, 3, 4)], axis=2, is_inner_broadcast=1)
    case("NGramRepeatBlock", [R.integers(0, 5, (2, 6)), f(2, 5)], ngram_size=2)
    case("GridSample", [f(1, 2, 4, 4), f(1, 3, 5, 2, scale=0.3)])
    case("Attention", [f(2, 3, 8), f(8, 24), f(24)], num_heads=2)
    case("Attention", [f(2, 3, 8), f(8, 24), f(24), None, f(2, 2, 2, 5, 4)], 2, num_heads=2)
    case("Attention", [f(2, 3, 8), f(8, 28), f(28)], num_heads=2, qkv_hidden_sizes=[8, 8, 12])
    case("MultiHeadAttention", [f(2, 3, 8), f(2, 5, 8), f(2, 5, 12)], num_heads=2)
    case("MultiHeadAttention", [f(2, 3, 8), f(2, 3, 8), f(2, 3, 8)], 3, num_heads=2)
    case("MultiHeadAttention", [f(2, 3, 8), f(2, 3, 8), f(2, 3, 8), None, None, None, f(2, 2, 5, 4), f(2, 2, 5, 4)], 3, num_heads=2)
    case("MultiHeadAttention", [f(2, 3, 8), f(2, 2, 5, 4), f(2, 2, 5, 4)], num_heads=2)
    for past in (None, f(2, 1, 4, 16)):
        lengths, total = (i32(2, 2), 3) if past is None else (i32(4, 4), 5)
        seq = 3 if past is None else 1
        case("GroupQueryAttention", [f(2, seq, 32), f(2, seq, 16), f(2, seq, 16), past, past, lengths, one(total, np.int32)], 3, num_heads=2, kv_num_heads=1)
        case("GroupQueryAttention", [f(2, seq, 64), None, None, past, past, lengths, one(total, np.int32)], 3, num_heads=2, kv_num_heads=1)
    case("RotaryEmbedding", [f(2, 3, 16), one([0], np.int64), f(10, 4), f(10, 4)], num_heads=2)
    case("EmbedLayerNormalization", [i32(*range(6)).reshape(2, 3), np.zeros((2, 3), np.int32), f(9, 8), f(5, 8), f(2, 8), f(8), f(8),
                                     np.ones((2, 3), np.int32)], 2)


def session_results(m, feeds):
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    quiet.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(m.SerializeToString(), quiet, providers=["CPUExecutionProvider"]).run(None, feeds)
    except Exception as e:  # no kernel of this type, say
        return str(e)[-200:]


def inferred(build, models):
    """{name: {output: type}} as ops_infer prints them."""
    out, current = {}, None
    with tempfile.TemporaryDirectory() as place:
        path_of = {}
        for i, (name, m) in enumerate(models.items()):
            path_of[os.path.join(place, f"{i}.onnx")] = name
            onnx.save(m, os.path.join(place, f"{i}.onnx"))
        done = subprocess.run([os.path.join(build, "tests", "ops_infer")], input="\n".join(path_of) + "\n", capture_output=True,
                              text=True, check=True)
        for line in done.stdout.split("\n"):
            parts = line.split("\t")
            if parts[0] in path_of:
                current = out[path_of[parts[0]]] = {"error": parts[2]}
            elif len(parts) > 3:
                current[parts[1]] = parts[3]
    return out


def text_of(dtype, shape):
    return f"{dtype}[{','.join(str(d) for d in shape)}]"


def symbolic_types(m):
    try:  # it leaves a file in the working directory
        with tempfile.TemporaryDirectory() as d, contextlib.chdir(d):
            done = SymbolicShapeInference.infer_shapes(m, auto_merge=False)
    except Exception:
        return {}
    out = {}
    for v in list(done.graph.output) + list(done.graph.value_info):
        t = v.type.tensor_type
        if t.elem_type and t.HasField("shape") and all(d.HasField("dim_value") for d in t.shape.dim):
            out[v.name] = text_of(helper.tensor_dtype_to_np_dtype(t.elem_type).name, [d.dim_value for d in t.shape.dim])
    return out


def main():
    o = options()
    o.build = os.path.abspath(o.build)
    os.chdir(cache())  # symbolic_shape_infer leaves a file where it fails
    cases()
    models, feeds, computed = {}, {}, 0
    for name, op, inputs, n_out, domain, constant, attrs in CASES:
        models[name], feeds[name] = model(op, inputs, n_out, domain, constant, attrs)
    types, values = inferred(o.build, models), evaluate(o.build, {n: with_inputs(m, feeds[n]) for n, m in models.items()})
    types_agree, symbolic, agree, refused = (Tally("outputs of com.microsoft inferred as ONNX Runtime makes them"),
                                             Tally("outputs of com.microsoft inferred as by symbolic_shape_infer"),
                                             Tally("models of com.microsoft computed as by ONNX Runtime"), [])
    for name, m in models.items():
        want = session_results(m, feeds[name])
        if isinstance(want, str):
            refused.append(f"{name}: {want}")
            want = []
        for o_name, w in zip((x.name for x in m.graph.output), want):
            if w is None or w.size == 0:
                continue
            mine, theirs = types[name].get(o_name, types[name]["error"]), text_of(w.dtype.name, w.shape)
            unknown = mine.replace("?", "").count(",") == theirs.count(",") and "?" in mine
            types_agree.add(mine == theirs or unknown, f"{name} {o_name}", f"{mine} not {theirs}")
        for o_name, theirs in symbolic_types(m).items():
            if o_name in types[name]:
                symbolic.add(types[name][o_name] == theirs, f"{name} {o_name}", f"{types[name][o_name]} not {theirs}")
        if want and not isinstance(values[name], str):
            computed += 1
            pairs = [(g, w) for g, w in zip(values[name], want) if w is not None and w.size]
            why = next((d for d in (difference(g, w, 1e-4, 1e-5) for g, w in pairs) if d), None)
            agree.add(why is None, name, why)
        elif "cannot be computed" not in str(values[name]) and "output" not in str(values[name]) and want:
            agree.add(False, name, values[name])
    for line in refused:
        print(f"  ONNX Runtime refuses {line}")
    good = types_agree.close() & agree.close()
    symbolic.close(allowed=len(CASES))
    return 0 if good and computed else 1


sys.exit(main())
