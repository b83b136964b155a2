#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into corpus/: small models that have every field of the format once, small
graphs of every era, dims and queries, code of archives, archives of arrays, zip archives, pickles, journals. Needs no package. usage: gen_corpus.py [DIR]"""
import io
import json
import os
import re
import shutil
import struct
import sys
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from gen_models import (BOOL, FLOAT, INT64, attr_graph, attr_i, attr_ints, node, number, part, tensor, type_of,  # noqa: E402
                        value, varint)

OUT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "corpus"))


def write(target, name, data):
    os.makedirs(os.path.join(OUT, target), exist_ok=True)
    with open(os.path.join(OUT, target, name), "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


# ---- .onnx ----

def entry(field, key, text):
    return part(field, part(1, key) + part(2, text))


def opset(field, domain, version):
    return part(field, part(1, domain) + number(2, version))


def f32(field, v):
    return varint(field << 3 | 5) + struct.pack("<f", v)


def model(graph, *more, ir=10, opsets=(("", 17),)):
    return (number(1, ir) + part(2, "seed") + part(3, "1") + part(4, "d") + number(5, 3) + part(6, "doc") + part(7, graph) +
            b"".join(opset(8, d, v) for d, v in opsets) + b"".join(more))


def graph(nodes, ins=(), outs=(), inits=(), infos=(), name="g", more=b""):
    return (b"".join(part(1, n) for n in nodes) + part(2, name) + b"".join(part(5, t) for t in inits) +
            b"".join(part(11, v) for v in ins) + b"".join(part(12, v) for v in outs) + b"".join(part(13, v) for v in infos) + more)


X, Y = value("x", FLOAT, [2, "n", 3]), value("y", FLOAT, [2, "n", 3])


def attributes():
    """A node with an attribute of each kind."""
    t = tensor("", FLOAT, [2], struct.pack("<2f", 1.5, -2))
    s = part(1, tensor("v", FLOAT, [1], bytes(4))) + part(2, tensor("i", INT64, [1], bytes(8))) + number(3, 4)
    body = graph([node("Relu", ["x"], ["z"])], outs=[value("z", FLOAT, [2])])
    rows = [
        part(1, "f") + f32(2, 0.5) + number(20, 1), part(1, "i") + number(3, -7) + number(20, 2),
        part(1, "s") + part(4, "te\\x\x1bt \u202e") + number(20, 3), part(1, "t") + part(5, t) + number(20, 4),
        part(1, "g") + part(6, body) + number(20, 5), part(1, "fs") + part(7, struct.pack("<3f", 1, 2, 3)) + number(20, 6),
        part(1, "fs2") + f32(7, 1) + f32(7, 2) + number(20, 6), part(1, "is") + number(8, 5) + part(8, b"\x01\x02") + number(20, 7),
        part(1, "ss") + part(9, "a") + part(9, "") + number(20, 8), part(1, "ts") + part(10, t) + part(10, t) + number(20, 9),
        part(1, "gs") + part(11, body) + number(20, 10), part(1, "sp") + part(22, s) + number(20, 11),
        part(1, "sps") + part(23, s) + number(20, 12), part(1, "tp") + part(14, type_of(FLOAT, [1])) + number(20, 13),
        part(1, "tps") + part(15, type_of(FLOAT, ["a"])) + part(15, b"") + number(20, 14),
        part(1, "untyped") + number(3, 1), part(1, "doc") + number(3, 1) + part(13, "words") + number(20, 2),
    ]
    return model(graph([node("Op", ["x", ""], ["y", "", "k"], "n", rows)], [X], [Y]))


def tensors():
    """Initializers of every way to hold data."""
    dims2 = number(1, 1) + number(1, 2)
    rows = [
        tensor("raw", FLOAT, [1, 2], bytes(8)), dims2 + number(2, 1) + part(4, struct.pack("<2f", 1, 2)) + part(8, "floats"),
        dims2 + number(2, 1) + f32(4, 1) + f32(4, 2) + part(8, "floats, unpacked"),
        dims2 + number(2, 6) + part(5, b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01") + part(8, "int32"),
        dims2 + number(2, 10) + part(5, b"\x80\x78\x00") + part(8, "half"), dims2 + number(2, 8) + part(6, "a") + part(6, "b") + part(8, "text"),
        dims2 + number(2, 7) + number(7, 5) + number(7, -5) + part(8, "int64"), dims2 + number(2, 11) + part(10, bytes(16)) + part(8, "double"),
        dims2 + number(2, 13) + part(11, b"\x05\x06") + part(8, "uint64"), dims2 + number(2, 14) + part(4, bytes(16)) + part(8, "complex"),
        dims2 + number(2, 22) + part(5, b"\x21") + part(8, "int4"), dims2 + number(2, 22) + part(9, b"\x21") + part(8, "int4 raw"),
        dims2 + number(2, 17) + part(9, b"\x21\x22") + part(8, "float8"), number(2, 9) + part(5, b"\x01") + part(8, "bool scalar"),
        part(1, b"\x01\x02") + number(2, 1) + part(9, bytes(8)) + part(8, "packed dims") + part(12, "doc") + entry(16, "k", "v"),
        number(1, 0) + number(2, 1) + part(8, "empty"), dims2 + number(2, 26) + part(9, b"\x01") + part(8, "2 bits"),
    ]
    sparse = part(1, tensor("sparse", FLOAT, [2], bytes(8))) + part(2, tensor("", INT64, [2], struct.pack("<2q", 0, 3))) + number(3, 2) + number(3, 2)
    quant = part(14, part(1, "y") + entry(2, "SCALE_TENSOR", "raw"))
    return model(graph([node("Add", ["raw", "floats"], ["y"])], [], [Y], rows, more=part(15, sparse) + quant + entry(16, "m", "w")))


def external():
    def t(name, *rows):
        return number(1, 4) + number(2, 1) + part(8, name) + b"".join(entry(13, k, v) for k, v in rows) + number(14, 1)
    rows = [t("good", ("location", "w.bin"), ("offset", "16"), ("length", "16")), t("plain", ("location", "w.bin"), ("length", "16"), ("checksum", "00"))]
    bad = [t("up", ("location", "../w.bin")), t("absolute", ("location", "/etc/passwd")), t("none"), t("unknown", ("location", "w.bin"), ("other", "1")),
           t("past", ("location", "w.bin"), ("offset", "60")), t("negative", ("location", "w.bin"), ("offset", "-1"), ("length", "99999999999999999999")),
           t("nul", ("location", "w.bin\0x"))]
    n = node("Concat", ["good", "plain"], ["y"], attrs=[attr_i("axis", 0)])
    yield "external", model(graph([n], [], [Y], rows))
    for i, b in enumerate(bad):
        yield "external_bad%d" % i, model(graph([node("Relu", ["a"], ["y"])], [], [Y], [b]))


def types():
    t = type_of(FLOAT, [1, "n"])
    many = [part(1, "seq") + part(2, part(4, part(1, t))), part(1, "map") + part(2, part(5, number(1, 8) + part(2, t))),
            part(1, "opt") + part(2, part(9, part(1, part(4, part(1, t))))), part(1, "sparse") + part(2, part(8, number(1, 1) + part(2, part(1, number(1, 3))))),
            part(1, "opaque") + part(2, part(7, part(1, "dom") + part(2, "name"))), part(1, "denoted") + part(2, t + part(6, "IMAGE")),
            part(1, "no type"), part(1, "no shape") + part(2, part(1, number(1, 1))), part(1, "dims") + part(2, part(1, number(1, 1) + part(2, part(1, b"") +
            part(1, part(3, "DATA_BATCH") + number(1, 2)) + part(1, part(2, "2*n+1"))))) + part(3, "doc") + entry(4, "k", "v")]
    return model(graph([node("Identity", ["seq"], ["y"])], many, [Y], infos=[value("w", BOOL, [])]))


def functions():
    body = part(1, "F") + part(4, "i") + part(5, "o") + part(6, "alpha") + part(7, node("Relu", ["i"], ["o"], attrs=[part(1, "a") + part(21, "alpha") + number(20, 1)])) + \
        part(8, "doc") + opset(9, "", 17) + part(10, "dom") + part(11, part(1, "beta") + f32(2, 1) + number(20, 1)) + value("i", FLOAT, [1])[:0] + part(12, value("i", FLOAT, [1])) + part(13, "over") + entry(14, "k", "v")
    again = part(1, "R") + part(4, "i") + part(5, "o") + part(7, node("R", ["i"], ["o"]) + part(7, "dom")) + opset(9, "dom", 1) + part(10, "dom")
    call = node("F", ["x"], ["y"], "call") + part(7, "dom") + part(8, "over") + entry(9, "k", "v")
    train = part(20, part(1, graph([node("Constant", [], ["c"], attrs=[attr_i("value_int", 1)])], outs=[value("c", INT64, [])])) + part(2, graph([])) + entry(3, "a", "b") + entry(4, "c", "d"))
    return model(graph([call], [X], [Y]), entry(14, "key", "value"), train, part(25, body), part(25, again), opsets=(("", 17), ("dom", 1), ("ai.onnx.ml", 3)))


def scopes():
    a = node("Add", ["x", "x"], ["a"], "/features/features.0/Add", []) + entry(9, "pkg.torch.onnx.name_scopes", "['', 'features', 'features.0', 'add']") + \
        entry(9, "pkg.torch.onnx.class_hierarchy", "['Net', 'Sequential', \"Conv\", 'aten.add.Tensor']") + entry(9, "namespace", ": Net/features: Sequential/add: aten.add.Tensor") + \
        entry(9, "pkg.torch.onnx.stack_trace", 'File "net.py", line 12, in forward\n  return x + x')
    b = node("Relu", ["a"], ["y"], "/features/features.1/Relu") + part(6, "doc\nof node")
    return model(graph([a, b], [X], [Y]))


def ifs(depth):
    def body(d, tag):
        out = tag + "o"
        n = node("Relu", ["x"], [out]) if d == 0 else node("If", ["c"], [out], "", [attr_graph("then_branch", body(d - 1, tag + "t")), attr_graph("else_branch", body(0, tag + "e"))])
        return graph([n], outs=[value(out, FLOAT, [2])])
    return model(graph([node("If", ["c"], ["y"], "", [attr_graph("then_branch", body(depth, "t")), attr_graph("else_branch", body(0, "e"))])],
                       [value("c", BOOL, []), X], [Y]))


def onnx():
    w = tensor("w", FLOAT, [2, 3], struct.pack("<6f", *range(6)))
    conv = node("Conv", ["x", "w", ""], ["c"], "conv", [attr_ints("kernel_shape", [3, 3]), attr_ints("pads", [1, 1, 1, 1]), attr_i("group", 1)])
    yield "conv", model(graph([conv, node("Relu", ["c"], ["y"], "/relu/Relu")], [X], [Y], [w], [value("c", FLOAT, [1, 2, 3, 4])]))
    yield "attributes", attributes()
    yield "tensors", tensors()
    yield from external()
    yield "types", types()
    yield "functions", functions()
    yield "scopes", scopes()
    yield "ifs", ifs(3)
    yield "ir3", model(graph([node("Relu", ["w"], ["y"])], [value("w", FLOAT, [2, 3])], [Y], [w]), ir=3, opsets=(("", 9),))
    yield "unknown_fields", model(graph([node("Relu", ["x"], ["y"]) + part(99, "?") + number(100, 7)], [X], [Y], more=part(77, "?"))) + part(1000, "tail") + number(1001, 1)
    yield "cycle", model(graph([node("Add", ["b", "x"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["s"], ["s"])], [X], [value("b", FLOAT, [])]))
    yield "duplicates", model(graph([node("Relu", ["x"], ["y"], "n"), node("Relu", ["x"], ["y"], "n")], [X, X], [Y, Y], [w, w], [Y, Y]))
    yield "odd_names", model(graph([node("Re\nlu\x1b[31m", ["\x00", "\u202e"], ["\x1b]52;c;AA\x07", "\x9b2J"], "\xff\xfe".encode("latin-1"))], [value("\x00", FLOAT, ["\x1b[2J"])], [value("", FLOAT, [1])]))
    yield "loop_scan", model(graph([node("Loop", ["", "c", "x"], ["y"], "", [attr_graph("body", graph([node("Identity", ["c1"], ["c2"]), node("Add", ["x1", "x"], ["x2"])],
                                    [value("i", INT64, []), value("c1", BOOL, []), value("x1", FLOAT, [])], [value("c2", BOOL, []), value("x2", FLOAT, [])]))])], [value("c", BOOL, []), X], [Y]))
    yield "dims_overflow", model(graph([node("Relu", ["w"], ["y"])], [], [Y], [b"".join(number(1, 1 << 40) for _ in range(4)) + number(2, 1) + part(8, "w")]))
    yield "segment", model(graph([node("Relu", ["w"], ["y"])], [], [Y], [number(1, 2) + number(2, 1) + part(3, number(1, 0) + number(2, 1)) + part(9, bytes(8)) + part(8, "w")]))
    yield "empty_sparse", model(part(15, b""))
    yield "split_graph", number(1, 8) + part(7, graph([node("Relu", ["x"], ["y"])], [X])) + part(7, graph([], [], [Y])) + opset(8, "", 17)
    yield "empty_records", model(b"".join(part(k, b"") for k in (1, 2, 5, 10, 11, 12, 13, 14, 16)), part(14, b""), part(20, b""), part(25, b""))


# ---- text ----

TEXT = {
    "2017": "graph(%1 : Float(1, 3)\n      %2 : Float(3)) {\n  %3 : Float(1, 3) = Add(%1, %2), uses = [%4.i0];\n  %4 : UNKNOWN_TYPE = Python(pyname=Fn)(%3)\n  return (%3);\n}\n",
    "seed": "graph(%x : Float(10, 3, 224, 224)\n      %w : Float(64, 3, 11, 11)) {\n  %17 : Float(10, 64, 55, 55) = onnx::Conv[dilations=[1, 1], group=1, pads=[2, 2, 2, 2]](%x, %w), scope: AlexNet/Sequential[features]/Conv2d[0]\n  return (%17);\n}\n",
    "dims": "graph(%x : Float(2*seq+1, *, \"odd dim\")) {\n  %y : BFloat16(seq//2, max(a, b)) = onnx::Relu(%x)\n  %z : Float(...) = onnx::Relu(%y)\n  %s : Float(3, 4)[] = onnx::SequenceConstruct(%z, %z)\n  return (%s);\n}\n",
    "inits": "graph(%x : Float(2))\ninitializers(%w : Float(2) = {1, 2}) {\n  %y : Tensor = onnx::Add(%x, %w)\n  return (%y)\n}\n",
    "torch": "graph(%self : __torch__.torch.nn.Module,\n      %x.1 : Float(2, 3, strides=[3, 1], requires_grad=0, device=cuda:0)):\n  %2 : int = prim::Constant[value=-9223372036854775808]() # a.py:1:2\n  %3 : float = prim::Constant[value=0.10000000000000001]()\n  %4 : NoneType = prim::Constant()\n  %5 : str = prim::Constant[value=\"a\\\"b\\\\\\n\\x1b\"]()\n  %6 : Long() = prim::Constant[value={3}]()\n  %7 : Device = prim::Constant[value=\"cpu\"]()\n  %8 : int[] = prim::Constant[value=[1, 2]]()\n  %9 : Float(2, 2) = prim::Constant[value= 1  2\n 3  4\n[ CPUFloatType{2,2} ]]()\n  %10 : Tensor = prim::Constant[value=<Tensor>]()\n  %11 : Tensor?, %12 : (int, Tensor[]) = aten::foo[scope=1](%x.1, %2), scope: __module.a/__module.a.b # /x/y.py:10:4\n  %13 : Dict(str, Tensor) = prim::DictConstruct(%5, %x.1)\n  %14 : Tensor = prim::CallMethod[name=\"forward\"](%self, %x.1)\n  return (%11, %14)\n",
    "control": "graph(%c : bool, %n : int, %x : Tensor):\n  %t : bool = prim::Constant[value=1]()\n  %y : Tensor = prim::If(%c)\n    block0():\n      -> (%x)\n    block1():\n      %z : Tensor = aten::relu(%x)\n      -> (%z)\n  %o : Tensor = prim::Loop(%n, %t, %y)\n    block0(%i : int, %a : Tensor):\n      %b : Tensor = aten::add_(%a, %x, %i)\n      -> (%t, %b)\n  return (%o)\n",
    "python": "graph(%x : Float(2)):\n  %y : Float(2) = ^MyFn(2, 'a', (1, 2))(%x)\n  %z : Float(2) = ^Other[inplace=0](%y), scope: A[b]\n  return (%z)\n",
    "sections": "graph(%x : Float(2)):\n  %y : Float(2) = prim::FusionGroup_0(%x)\n  return (%y)\nwith prim::FusionGroup_0 = graph(%a : Float(2)):\n  %b : Float(2) = aten::relu(%a)\n  return (%b)\n",
    "log": "Warning: x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nRuntimeError: no\nTorch IR graph at exception: graph(%x : Tensor):\n  %y : Tensor = aten::elu(%x)\n  return (%y)\n\nExported graph: graph(%x : Tensor):\n  return (%x)\n============= Diagnostic Run ==========\n",
    "quoted": "\"graph(%x : Tensor):\\n  return (%x)\\n\"\ngraph(x)\ngraph(%x : Float(2, 3)\n",
    "controls": "graph(%x\x1b[31m : Float(2)):\n  %y\u202e : Float(2) = aten::re\x07lu(%x\x1b[31m), scope: A[\x9b]\n  return (%y\u202e)\n",
    "list_2018": "graph(%0 : Double(2)) {\n  %1 : Dynamic = prim::Constant[value=<Tensor>]()\n  %2 : Long() = prim::Constant[value={1}](), scope: Net\n  %3 : Dynamic = aten::_convolution[stride=[1, 1], padding=[0], transposed=0](%0, %1)\n  %4 : Double(2), %5 : Long(2) = aten::max(%3, %2)\n  return (%4, %5);\n}\n",
}

# Traces that have a form in ONNX, most of them.
TRACES = ["robust/data/small_net.txt", "traces/cnn.traced.graph.txt", "traces/cnn.inlined.graph.txt", "traces/scriptcf.inlined.graph.txt",
          "traces/torch-2.13/cnn.frozen.txt", "traces/torch-2.13/control.inlined.txt", "traces/torch-2.13/lstm.inlined.txt",
          "traces/baked_shape.verbose.graph.txt", "traces/eras/e1_2018.txt", "traces/while_fn.script.graph.txt"]

# ---- dims and queries ----

DIMS = ["seq", "2*seq+1", "(a+b)//2", "max(a, min(b, 3))", "*", "?", "-7*x*y+x//(y-1)", "\"odd name\"+1", "9223372036854775807+1", "a*a*a-a*a",
        "((((((((a))))))))", "a//0", "(a+1)*(a-1)", "-a", "1-1", "a\\x20b", "+".join("s%d" % i for i in range(40))]
QUERIES = ["op:Conv scope:features", "op:aten::_convolution or not (op:relu and name:/x.*/)", "dtype:float32 shape:[*,3,..]", "uses:%x.1", "attr:value>0 attr:value<=1",
           "up(%y,3)", "down(%x.1)", "name:\"a b\"", "shape:[2,n,..,4]", "op:/^(a+)+$/", "scope:features.0$ in:1", "not not not op:a", "((((op:a))))", "up(%17,99999999999)",
           "attr:name=weight", "op:\"\\\"\"", "dtype:float16,float32", "/conv/", "conv", "op:", ":", "rank:4", "line:12", "up(up(%y))", "and", "op:* OR op:?"]

# ---- lines of the prompt ----

LINES = ["show --style torch", "show features.0", "tree --depth 2", "find --count --limit 3 op:aten::linear and not name:/x/", "ops --missing --opset 13", "info",
         "node \"#3\"", "value %x.1 %y", "weights --stats w*", "check --only structure --skip schema", "schema aten::elu", "symbolics aten::elu", "help find", "set style seed",
         "set opset 17", "version", "show \"a \\\" b\\\\\"", "find \"name:\\\"a b\\\"\"", ":show", "show = 3", "model:graph()", "export --opset=17 --dynamic x:0=b out.onnx", "save --",
         "help --man", "ops " + "x " * 70, "set", "node --result #1", "value \\x25y"]
SPECS = ["float32[2,seq,?]", "x.1=float32[batch,3]", "n=int:3", "\"odd=name\"=int64[2]", "float32[]", "float32", "n=bool:true\nfloat16[1,2,3]", "x.1=float32[2*n+1,max(a,b)]",
         "float33[2]", "x.1=float32[2", "nowhere=float32", "=", "float32[,]", "n=float:1e5", "\"a\\\"b\"=int8[]", "float32[" + ",".join(["1"] * 70) + "]"]

# ---- arrays ----


def npy(descr, shape, data, fortran=False, version=(1, 0)):
    head = ("{'descr': %s, 'fortran_order': %s, 'shape': (%s), }" % (descr, fortran, "".join("%d, " % d for d in shape))).encode()
    size = 2 if version == (1, 0) else 4
    head += b" " * (-(len(head) + 7 + size + 2) % 16) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(head).to_bytes(size, "little") + head + data


def npz(rows, method):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        for name, data in rows:
            z.writestr(zipfile.ZipInfo(name), data, method)
    return b.getvalue()


def safetensors(head, data):
    text = json.dumps(head).encode() if not isinstance(head, bytes) else head
    return struct.pack("<Q", len(text)) + text + data


def arrays():
    f = npy("'<f4'", (2, 3), bytes(24))
    rows = [("a.npy", f), ("b.npy", npy("'>i8'", (2,), bytes(16))), ("c.npy", npy("'<f8'", (2, 2), bytes(32), True, (2, 0))), ("d.npy", npy("'|O'", (1,), b"\x80\x04.")),
            ("e.txt", b"text"), ("f.npy", npy("[('x', '<f4')]", (1,), bytes(4)))]
    yield "one.npy", f
    yield "stored.npz", npz(rows, zipfile.ZIP_STORED)
    yield "deflated.npz", npz(rows, zipfile.ZIP_DEFLATED)
    yield "bomb.npz", npz([("a.npy", npy("'<f4'", (1 << 16,), bytes(1 << 18)))], zipfile.ZIP_DEFLATED)
    yield "huge.npy", npy("'<f4'", (1 << 40, 1 << 40), b"")
    good = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]}, "__metadata__": {"k": "v"}}
    yield "good.safetensors", safetensors(good, bytes(10))
    yield "overlap.safetensors", safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "I64", "shape": [1], "data_offsets": [4, 12]}}, bytes(12))
    yield "huge.safetensors", safetensors({"a": {"dtype": "F8_E4M3", "shape": [1 << 62, 8], "data_offsets": [0, 1 << 63]}}, b"")
    yield "twice.safetensors", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"\0")
    yield "deep.safetensors", safetensors(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", b"")
    yield "crc.npz", npz(rows[:1], zipfile.ZIP_STORED).replace(struct.pack("<I", zlib.crc32(f)), b"\1\2\3\4")


# ---- zip archives ----

def zipped(*rows, method=zipfile.ZIP_STORED, stream=False, limit=None, comment=b""):
    """limit: sizes and counts from there on are written as zip64 does. stream: sizes stand behind the data."""
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError
    b = Pipe() if stream else io.BytesIO()
    known = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    if limit is not None:
        zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = limit
    try:
        with zipfile.ZipFile(b, "w", method) as z:
            z.comment = comment
            for name, data in rows:
                z.writestr(zipfile.ZipInfo(name), data, method)
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = known
    return b.getvalue()


def central(archive, which, offset, data):
    """The archive with bytes of entry number `which` of its directory changed."""
    at = -1
    for _ in range(which + 1):
        at = archive.index(b"PK\1\2", at + 1)
    return archive[:at + offset] + data + archive[at + offset + len(data):]


def zips():
    rows = (("a/data.pkl", b"pickle" * 9), ("a/data/0", bytes(range(64))), ("a/empty", b""), ("a/folder/", b""))
    good = zipped(*rows)
    yield "stored", good
    yield "deflated", zipped(*rows, method=zipfile.ZIP_DEFLATED)
    yield "stream", zipped(*rows, method=zipfile.ZIP_DEFLATED, stream=True)
    yield "zip64", zipped(*rows, limit=3)
    yield "comment", zipped(*rows[:1], comment=b"PK\5\6" + bytes(18) + b"more")
    yield "nothing", zipped()
    yield "crc", good.replace(b"pickle", b"Pickle", 1)
    yield "local_name", good.replace(b"a/data.pkl", b"a/data.pkk", 1)
    yield "overlap", central(good, 1, 42, struct.pack("<I", 0))
    yield "beyond", central(good, 1, 42, struct.pack("<I", 1 << 30))
    yield "claims", central(zipped(("a", bytes(900)), method=zipfile.ZIP_DEFLATED), 0, 24, struct.pack("<I", 901))
    yield "bomb", zipped(("a", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED)
    yield "encrypted", central(good, 0, 8, b"\1\0")
    yield "bzip2", zipped(*rows[:2], method=zipfile.ZIP_BZIP2)
    yield "twice", zipped(("a", b"1"), ("b", b"2")).replace(b"b", b"a")
    yield "nul", good.replace(b"a/empty", b"a\0empty")
    yield "cut", good[:-30]
    yield "volume", good[:-18] + b"\1\0" + good[-16:]
    yield "counts", good[:-14] + b"\7\0\7\0" + good[-10:]


# ---- code inside archives: each form once ----

SOURCES = [
    """class Net(Module):
  __parameters__ = ["w", ]
  __buffers__ = []
  __annotations__ = []
  __annotations__["0"] = __torch__.torch.nn.modules.conv.Conv2d
  w : Tensor
  bias : Optional[Tensor]
  k : Final[Tuple[int, int]] = (1, 1)
  def forward(self: __torch__.Net,
    x: Tensor,
    n: int=3) -> Tuple[Tensor, int]:
    w = self.w
    _0 = getattr(self, "0")
    y = torch.add((_0).forward(x, ), CONSTANTS.c0, alpha=2)
    return (y, n)
""",
    """def f(x: Tensor,
    d: Optional[Dict[str, Tensor]]=None) -> Tensor:
  _0 = __torch__.torch.nn.functional.relu
  _1 = uninitialized(Tensor)
  x0 = x
  for i in range(torch.sub(torch.len(x), 2)):
    x1 = torch.mul(x0, inf)
    x0 = x1
  _4 = torch.gt(n, 0)
  while _4:
    _4, x0, = _16, _13
  if torch.__isnot__(d, None):
    d0 = unchecked_cast(Dict[str, Tensor], d)
    x2 = _0(d0["a"], False, )
  else:
    x2 = x0
  with x as y:
    pass
  def __forked_function():
    return torch.relu(x2)
  z : Optional[int] = annotate(Optional[int], None)
  t = (a, b)[1:2]
  q = {"a": -1.5, "b": 1.+2.j, "\\n\\x41\\101": -inf}
  ops.prim.RaiseException("AssertionError: ")
  return torch.wait(fork(__forked_function))
""",
    """class Net(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  def forward(self: __torch__.Net,
    x: Tensor,
    n: int) -> Tuple[Tensor, Tensor, int]:
    _0 = uninitialized(Tensor)
    _1 = uninitialized(bool)
    out = annotate(List[Tensor], [])
    total = torch.zeros_like(x)
    total0 = total
    x0 = x
    _2 = 0
    _3 = torch.gt(n, 0)
    while _3:
      _4 = torch.eq(torch.remainder(_2, 2), 0)
      if _4:
        _5, _6, _7, _8, x1 = False, _1, _0, _0, torch.add(x0, _2)
      else:
        x2 = torch.mul(x0, 0.5)
        if torch.gt(_2, 5):
          _9, _10, _11, _12 = True, False, total0, x2
        else:
          _9, _10, _11, _12 = False, _1, _0, _0
        _5, _6, _7, _8, x1 = _9, _10, _11, _12, x2
      if _5:
        _13, _14, _15 = _6, _7, _8
      else:
        total1 = torch.add(total0, x1)
        _16 = torch.append(out, x1)
        _13, _14, _15 = True, total1, x1
      _17 = torch.add(_2, 1)
      _18 = torch.__and__(torch.lt(_17, n), _13)
      _3, total0, x0, _2 = _18, _14, _15, _17
    _19 = bool(torch.lt(torch.sum(total0), 30.))
    if _19:
      _20 = torch.lt(n, 50)
    else:
      _20 = False
    total2 = total0
    n0 = n
    _21 = _20
    while _21:
      total3 = torch.add(total2, 1)
      n1 = torch.add(n0, 1)
      _22 = bool(torch.lt(torch.sum(total3), 30.))
      if _22:
        _23 = torch.lt(n1, 50)
      else:
        _23 = False
      _21, total2, n0 = _23, total3, n1
    return (torch.stack(out), total2, n0)
""",
    """class Net(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  def forward(self: __torch__.Net,
    x: Tensor,
    table: Dict[str, Tensor],
    extra: Optional[Tensor]=None) -> Tuple[Tensor, str]:
    _0 = torch.dim(x)
    sizes = annotate(List[int], [])
    _1 = torch.size(x)
    for _2 in range(torch.len(_1)):
      d = _1[_2]
      _3 = torch.append(sizes, torch.mul(d, 2))
    if torch.__isnot__(extra, None):
      extra0 = unchecked_cast(Tensor, extra)
      x0 = torch.add(x, extra0)
    else:
      if torch.__contains__(table, "b"):
        x1 = torch.add(x, table["b"])
      else:
        x1 = x
      x0 = x1
    _4 = torch.items(table)
    x2 = x0
    for _5 in range(torch.len(_4)):
      k, v, = _4[_5]
      x3 = torch.add(x2, torch.mul(v, torch.len(k)))
      x2 = x3
    if torch.eq(torch.dim(x2), _0):
      pass
    else:
      ops.prim.RaiseException("AssertionError: the rank stays")
    _6 = torch.slice(torch.reshape(x2, [-1]), 0, None, torch.floordiv(sizes[0], 2))
    _7 = torch.add(_6, torch.sum(table["a"]))
    return (_7, torch.format("{} dims", _0))
""",
    """class Net(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    def __forked_function():
      return torch.relu(x)
    f = fork(__forked_function)
    y = torch.sigmoid(x)
    return torch.add(torch.wait(f), y)
""",
    """class Point(NamedTuple):
  x : Tensor
  y : Tensor
""",
    "op_version_set = 1\nimport __torch__.a\nclass E(Enum):\n  A = 1\nclass I(Interface):\n  def f(self, x: int) -> int:\n    pass\n",
    "def f(x):\n  return " + "(" * 120,
    "def f(x):\n" + "".join("%sif x:\n" % (" " * i) for i in range(1, 120)),
]


# ---- pickles of PyTorch ----

def text(s):
    return b"X" + struct.pack("<I", len(s)) + s


def storage(kind, key, numel, module=b"torch"):
    return (b"(" + text(b"storage") + b"c" + module + b"\n" + kind + b"Storage\n" + text(key) + text(b"cpu") + b"K" +
            bytes([numel]) + b"tQ")


def tensor_v2(where, dims, strides, more=b"\x89N"):
    numbers = [b"(" + b"".join(b"K" + bytes([d]) for d in v) + b"t" for v in (dims, strides)]
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + where + b"K\0" + b"".join(numbers) + more + b"tR"


def pickles():
    plain = tensor_v2(storage(b"Float", b"0", 6), (2, 3), (3, 1))
    ones = tensor_v2(storage(b"Double", b"1", 2), (2,), (1,))
    number = b"G\x3f\xe0\0\0\0\0\0\0"
    quantised = b"ctorch._utils\n_rebuild_qtensor\n(" + storage(b"QInt8", b"2", 4) + b"K\0K\2K\2\x86K\2K\1\x86"
    bodies = {
        "plain": b"(N\x88\x89K\1M\0\1J\0\0\0\xff\x8a\x09\1\0\0\0\0\0\0\0\x7f" + number + text(b"caf\xc3\xa9") +
                 b"U\1aT\1\0\0\0b\x8c\1cC\1\xffB\0\0\0\0t",
        "state": b"ccollections\nOrderedDict\nq\0)Rq\1(" + text(b"w") + plain + text(b"v") +
                 b"ctorch._utils\n_rebuild_parameter\n" + plain + b"\x88h\0)R\x87Ru}" + text(b"_metadata") + b"}sb",
        "untyped": b"ctorch._utils\n_rebuild_tensor_v3\n(" + storage(b"Untyped", b"0", 8, b"torch.storage") +
                   b"K\0K\4\x85K\1\x85\x89Nctorch\nuint16\n}" + text(b"conj") + b"\x88stR",
        "quantised": quantised + b"ctorch\nper_tensor_affine\n" + number + b"K\3\x87\x89NtR",
        "channels": quantised + b"(ctorch\nper_channel_affine\n" + ones + ones + b"K\0t\x89NtR",
        "meta": b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\nK\2\x85K\1\x85\x89tR",
        "typed": b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n(" +
                 storage(b"Half", b"0", 1) + b"K\0))\x89Nt}tR",
        "script": b"c__torch__.a\nNet\nq\0)\x81}(" + text(b"sizes") + b"ctorch.jit._pickle\nbuild_intlist\n](K\1K\2e\x85R" +
                  text(b"tag") + b"ctorch.jit._pickle\nrestore_type_tag\n}" + text(b"Dict[str, int]") + b"\x86R" +
                  text(b"sub") + b"c__torch__.b\nQ\n)\x81" + text(b"2") + b"\x85bub",
        "things": b"(cbuiltins\nset\n](K\1K\2e\x85Rcbuiltins\ncomplex\n" + number + number + b"\x86Rctorch\nSize\nK\2\x85\x85R"
                  b"ctorch\ndevice\n" + text(b"cuda") + b"K\1\x86Rctorch\nqint8\nctorch\nstrided\n"
                  b"c_codecs\nencode\n" + text(b"\xc3\xbf") + text(b"latin1") + b"\x86Rcargparse\nNamespace\n)\x81}b" +
                  b"ccollections\nCounter\n}" + text(b"a") + b"K\1s\x85R" + b"t",
        "numpy": b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text(b"f8") + b"\x89\x88\x87R(K\3" + text(b"<") +
                 b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC\x08\0\0\0\0\0\0\xe0\x3f\x86R",
        "shared": b"](]q\0h\0h\0\x86h\0e",
        "cycle": b"]q\0h\0a",
        "system": b"cos\nsystem\n" + text(b"true") + b"\x85R",
        "deep": b"]" * 300 + b"a" * 299,
        "unfolds": b"N" + b"2\x86" * 40,
        "twice": b"}(" + text(b"k") + b"N" + text(b"k") + b"Nu",
    }
    for name, body in bodies.items():
        yield name, b"\x80\2" + body + b"."
    protocol4 = b"\x8c\7storage\x94\x8c\5torch\x94\x8c\x0cFloatStorage\x94\x93\x94\x8c\x010\x94\x8c\3cpu\x94K\6t\x94Q"
    yield "protocol4", b"\x80\4\x95" + struct.pack("<Q", len(protocol4) + 2) + b"(" + protocol4 + b"."


# ---- journals ----

def journal():
    """Each edit once, with things of every kind defined before it, then a step, an undo and a redo; and all on end."""
    with open(os.path.join(HERE, "..", "..", "src", "ir", "edits.def")) as f:
        rows = re.findall(r'^OX__EDIT\((\w+), "(.*)"\)', f.read(), re.M)
    attr = bytes([1, 2, 0, 0, 1, 0, 6])  # an int
    defs = bytes([6, 0, 1]) + b"n" + bytes([0, 4]) + b"\xc3\xa9\x1b[" + bytes(
        [1, 1, 6, 0, 1, 2, 1, 0, 1, 3, 1, 2, 0, 1, 4, 2, 1, 2,  # dims: 3, n, unknown, a sum
         2, 1, 1, 3, 1, 2, 0, 0, 0, 0, 2, 14, 0, 0, 1, 1, 0, 0, 0,  # types: a tensor, a list of it
         3, 2, 0, 1, 2, 8, 0, 3, 0, 0, 0, 0, 1, 1,  # layouts: with strides, of something inside
         4, 2, 3, 0, 5, 1, 0, 7, 0, 1, 2, 0, 1, 0, 2, 9, 9])  # a place, a tensor of two bools
    things = {"s": [1], "T": [2], "L": [2], "@": [1], "t": [1], "N": [2], "V": [1], "G": [1], "S": [1], "u": [0], "i": [5],
              "a": attr, "F": bytes([1, 1, 1, 2, 1]) + attr + bytes([1, 1, 4]), "*": [2, 1, 2]}
    made = {"N": 4, "V": 5, "G": 2, "S": 4}
    every = b""
    for i, (name, args) in enumerate(rows):
        edit = bytes([11 + i])
        if args[0] == "=":
            edit, args = edit + bytes([made[args[1]]]), args[2:]
        edit += b"".join(bytes(things[a]) for a in args)
        every += edit
        yield name, b"e" + defs + edit + bytes([8, 2, 2, 1, 9, 2, 1, 10, 2, 1])
    yield "all", b"e" + defs + every
    yield "renumber", b"e" + bytes([6, 7, 1, 20, 2, 40, 2, 4, 60, 2, 2, 2, 2, 2, 2]) + defs[1:]
    yield "file", b"fonnxsh log\n\1" + struct.pack("<IcQ", 4, b"E", 0) + b"\6\0\0\0"
    yield "torn", b"fonnxsh log\n\1" + struct.pack("<I", 400)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for name, data in onnx():
        write("onnx", name + ".onnx", data)
        if name in ("conv", "ifs", "loop_scan", "functions", "types"):
            write("convert", name, b"\3" + data)
    for name in TRACES:
        with open(os.path.join(HERE, "..", name), "rb") as f:
            write("convert", os.path.basename(name), b"\3" + f.read())
    for name, text in TEXT.items():
        write("text", name + ".txt", text)
    for i, d in enumerate(DIMS):
        write("query", "dim%02d" % i, "d\n" + d)
    for i, q in enumerate(QUERIES):
        write("query", "query%02d" % i, q)
    for i, code in enumerate(SOURCES):
        write("source", "source%02d" % i, code)
    for i, q in enumerate(LINES):
        write("line", "line%02d" % i, q)
    for i, q in enumerate(SPECS):
        write("line", "spec%02d" % i, "i\n" + q)
    for name, data in arrays():
        write("arrays", name, data)
    for name, data in zips():
        write("zip", name + ".zip", data)
    for name, data in journal():
        write("journal", name, data)
    for name, data in pickles():
        write("pickle", name + ".pkl", data)


main()
