#!/usr/bin/env python3
"""Holds the printed graphs against onnx: style `printable` is what onnx.helper prints, style `onnx` is what its parser
reads back as the same model. Style `seed` is read back by our own reader."""
import os
import subprocess
import tempfile
import warnings

import onnx
import onnx.helper
import onnx.parser

import suite


class Printer:
    def __init__(self, build):
        self.p = subprocess.Popen([os.path.join(build, "tests", "io_print")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, style, path):
        self.p.stdin.write(f"{style} {path}\n".encode())
        self.p.stdin.flush()
        head = self.p.stdout.readline()
        if not head.startswith(b"ok "):
            raise ValueError(head.decode(errors="replace").strip())
        _, n, notes = head.split()
        return self.p.stdout.read(int(n)).decode("utf-8", "surrogateescape"), int(notes)


def printable(path):
    m = onnx.load(path, load_external_data=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return onnx.helper.printable_graph(m.graph) + "\n"


def first_difference(got, want):
    for g, w in zip(got.split("\n"), want.split("\n")):
        if g != w:
            return f"\n      ours   {g[:160]!r}\n      theirs {w[:160]!r}"
    return "one is longer"


# ---- models of odd things, which no corpus has ----

def odd_models(place):
    h, T = onnx.helper, onnx.TensorProto
    out = {}

    def save(name, nodes, inputs=(), outputs=(), inits=(), functions=(), opsets=(), **model):
        g = h.make_graph(list(nodes), model.pop("graph", "g"), list(inputs), list(outputs), list(inits))
        m = h.make_model(g, functions=list(functions),
                         opset_imports=[h.make_opsetid("", 21)] + [h.make_opsetid(d, 1) for d in opsets])
        for key, value in model.items():
            setattr(m, key, value)
        path = os.path.join(place, name + ".onnx")
        onnx.save(m, path)
        out[name] = path

    def f32(name, *dims):
        return h.make_tensor_value_info(name, T.FLOAT, dims)

    # every element type as an initializer, raw and typed
    import numpy as np
    tensors = []
    for t in range(1, 29):
        dtype = h.tensor_dtype_to_np_dtype(t)
        for shape in ((), (3,), (0,), (2, 7)):
            n = int(np.prod(shape))
            values = np.array([b"a\"b\\", b"", b"c"] * 5, object)[:n] if t == T.STRING else (np.arange(n) % 2).astype(dtype)
            for raw in (False, True):
                if t == T.STRING and raw:
                    continue
                name = f"t{t}_{len(shape)}_{n}_{raw}"
                a = values.reshape(shape)
                tensors.append(onnx.numpy_helper.from_array(a, name) if raw or t not in (1, 3, 6, 7, 8, 9, 11, 13, 27, 28)
                               else h.make_tensor(name, t, shape, a.flatten().tolist() if t != T.STRING else list(values)))
    save("dtypes", [h.make_node("Relu", ["x"], ["y"])], [f32("x")], [f32("y")], tensors)

    special = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4028235e38, 0.1, 1e10, 123456.789], np.float32)
    save("floats", [h.make_node("Constant", [], ["y"], value_floats=special.tolist()),
                    h.make_node("Constant", [], ["z"], value=onnx.numpy_helper.from_array(special, "v")),
                    h.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(special.astype(np.float64)))],
         [], [f32("y", 9)])

    names = ["a b", "1", "float", "seq", "x/y:0", "\"q\"", "back\\slash", "\u00e9\u4e2d", "tab\tnl\n", "%p, %q)", "inf"]
    save("names", [h.make_node("Relu", [a], [b], name=b + "!", domain="a.b_c") for a, b in zip(names, names[1:])],
         [h.make_tensor_value_info(names[0], T.FLOAT, ["N", "a b", None, 3, "2*seq+1"])], [f32(names[-1], "M")],
         graph="graph of \"names\"", opsets=["a.b_c"], doc_string="line 1\nline 2", producer_name="p\"q", domain="d", model_version=7)

    inner = h.make_graph([h.make_node("Relu", ["x"], ["i"])], "if", [], [f32("i", 2)], [h.make_tensor("k", T.FLOAT, [2], [1, 2])])
    deep = inner
    for i in range(20):
        deep = h.make_graph([h.make_node("If", ["c"], ["i"], then_branch=deep, else_branch=inner)], f"d{i}", [], [f32("i", 2)])
    save("blocks", [h.make_node("If", ["c"], ["y"], then_branch=deep, else_branch=inner)],
         [h.make_tensor_value_info("c", T.BOOL, []), f32("x", 2)], [f32("y", 2)])

    body = [h.make_node("Mul", ["a", "b"], ["c"]), h.make_node("LeakyRelu", ["c"], ["d"])]
    ref = h.make_node("LeakyRelu", ["d"], ["e"])
    ref.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    fn = h.make_function("local", "my fn", ["a", "b"], ["e"], body + [ref], [h.make_opsetid("", 21)], ["slope", "other"],
                         [h.make_attribute("beta", 0.5)])
    over = h.make_function("local", "my fn", ["a", "b"], ["e"], body + [ref], [h.make_opsetid("", 21)], ["slope"], overload="v2",
                           doc_string="a \"doc\"")
    save("functions", [h.make_node("f", ["x", "x"], ["y"], domain="local", slope=0.1),
                       h.make_node("f", ["y", ""], ["z", ""], domain="local", overload="v2", slope=0.25)], [f32("x", 2)],
         [f32("z", 2)], functions=[fn, over], opsets=["local"])

    tp = h.make_sequence_type_proto(h.make_optional_type_proto(h.make_tensor_type_proto(T.INT64, ["a'b", 3, None])))
    m = h.make_map_type_proto(T.STRING, h.make_sparse_tensor_type_proto(T.FLOAT16, None))
    save("attributes", [h.make_node("Odd", ["x"], ["y", "z"], domain="x", t=tp, m=m, s="\u00e9" * 70, short="it's \"q\" \\ \n",
                                    one="it's", l=["a", "b'c", "\x01"], i=-(2 ** 63), many=list(range(40)), f=1e-7,
                                    scalar=h.make_tensor("odd name", T.INT64, [], [5]),
                                    string=h.make_tensor("s", T.STRING, [], [b"x'y"])),
                        h.make_node("Odd", ["x"], ["v"], domain="x", ts=[h.make_tensor("", T.FLOAT, [1], [1])])],
         [f32("x"), h.make_value_info("sq", tp), h.make_value_info("mp", m)], [f32("y")], opsets=["x"])

    save("no_inputs", [h.make_node("Constant", [], ["y"], value_int=3)], [], [f32("y")], [h.make_tensor("i", T.FLOAT, [1], [1])])
    save("only_optional", [h.make_node("Relu", ["x"], ["y"])], [f32("x", 1)], [f32("y", 1)], [h.make_tensor("x", T.FLOAT, [1], [1])])
    save("empty", [], [], [], graph="")
    return out


# ---- the same model, but for what the syntax cannot say ----

def clear_field(message, *names):
    for name in names:
        message.ClearField(name)


def normal_tensor(t, name=True):
    """Data in one form; nothing of a tensor but its name, type, shape and data."""
    out = onnx.TensorProto(data_type=t.data_type, dims=t.dims)
    if name:
        out.name = t.name
    if t.data_type == onnx.TensorProto.STRING:
        out.string_data.extend(t.string_data)
    else:
        try:
            out.raw_data = onnx.numpy_helper.to_array(t).tobytes()
        except ValueError:
            pass  # no data at all
    return out


def is_word(s):
    return s.isidentifier() and s.isascii()


def normal_attr(a):
    clear_field(a, "doc_string")
    if a.type == onnx.AttributeProto.TENSOR and not a.ref_attr_name:
        t = normal_tensor(a.t, is_word(a.t.name))
        a.t.CopyFrom(t)
    if a.HasField("g"):
        normal_graph(a.g)
        a.g.name = ""  # an identifier is made of it


def normal_types(values):
    for v in values:
        clear_field(v, "doc_string", "metadata_props")
        if not v.type.WhichOneof("value"):
            v.ClearField("type")
        else:
            v.type.ClearField("denotation")
            for d in v.type.tensor_type.shape.dim if v.type.HasField("tensor_type") else ():
                d.ClearField("denotation")


def normal_nodes(nodes):
    for n in nodes:
        clear_field(n, "doc_string", "metadata_props")
        if not n.name:
            n.ClearField("name")
        n.domain = n.domain  # absent is ""
        if not n.overload:
            n.ClearField("overload")
        kept = [a for a in n.attribute if a.type not in (9, 10, 11, 12, 14)]
        del n.attribute[:]
        n.attribute.extend(kept)
        for a in n.attribute:
            normal_attr(a)


def made(nodes):
    return {o for n in nodes for o in n.output}


def normal_graph(g):
    clear_field(g, "doc_string", "metadata_props", "quantization_annotation", "sparse_initializer")
    normal_types(list(g.input) + list(g.output) + list(g.value_info))
    inits = [normal_tensor(t) for t in g.initializer]
    del g.initializer[:]
    g.initializer.extend(inits)
    # value_info of what is neither made here nor an initializer says nothing of this graph; ours come in order of nodes
    inside = made(g.node) - {o.name for o in g.output}
    infos = sorted((v for v in g.value_info if v.name in inside and v.HasField("type")), key=lambda v: v.name)
    del g.value_info[:]
    g.value_info.extend(infos)
    normal_nodes(g.node)


def normal_model(m):
    clear_field(m, "training_info")
    for name in ("producer_name", "producer_version", "domain", "doc_string", "model_version"):
        if not getattr(m, name):
            m.ClearField(name)
    for o in m.opset_import:
        o.domain = o.domain  # absent is ""
    normal_graph(m.graph)
    for f in m.functions:
        for o in f.opset_import:
            o.domain = o.domain
        clear_field(f, "metadata_props", "value_info")
        for name in ("doc_string", "overload"):
            if not getattr(f, name):
                f.ClearField(name)
        normal_nodes(f.node)
        for a in f.attribute_proto:
            normal_attr(a)
    return m


def differs(a, b):
    """Where two models differ, or None."""
    a, b = normal_model(a), normal_model(b)
    if a == b:
        return None
    a, b = str(a).split("\n"), str(b).split("\n")
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return f"line {i} of the protobuf text: {' | '.join(s.strip() for s in a[max(0, i - 3):i])} :: {x[:80]!r} / {y[:80]!r}"
    return "not equal, but their text is" if len(a) == len(b) else f"one has more: {(a[len(b):] or b[len(a):])[:3]}"


def compare(show, corpora):
    good = True
    for corpus, models in corpora.items():
        same = suite.Tally(f"models of {corpus} print as onnx.helper.printable_graph does")
        reads = suite.Tally(f"models of {corpus} are read by onnx.parser from style onnx")
        equal = suite.Tally(f"models of {corpus} come back equal from style onnx --full")
        seed = suite.Tally(f"models of {corpus} print alike again when style seed is read back")
        for path in models:
            try:
                want = printable(path)
            except Exception as e:  # noqa: BLE001  a model that onnx itself cannot print
                print(f"  left out: {path}: onnx: {str(e)[:80]}")
                continue
            got, _ = show("printable+raw", path)
            same.add(got == want, path, first_difference(got, want))
            for style, tally in (("onnx", reads), ("onnx+full+raw", equal)):
                text, _ = show(style, path)
                try:
                    back = onnx.parser.parse_model(text)
                except Exception as e:  # noqa: BLE001  any refusal counts
                    tally.add(False, path, str(e)[:300])
                    continue
                why = differs(onnx.load(path), back) if tally is equal else None
                tally.add(why is None, path, why)
            text, _ = show("seed+raw", path)
            # a trace has no word for an output that is absent, and a name may look like anything but not like two lines
            if not any(sign in text for sign in ("  % :", ", % :", "%tab\tnl")):
                with tempfile.NamedTemporaryFile("w", suffix=".txt", errors="surrogateescape", newline="") as f:
                    f.write(text)
                    f.flush()
                    try:
                        again, _ = show("seed+raw", f.name)
                        seed.add(again == text, path, first_difference(again, text))
                    except ValueError as e:
                        seed.add(False, path, str(e))
        good = all([same.close(), reads.close(), equal.close(), seed.close(), good])
    return good


def main():
    a = suite.options()
    show = Printer(a.build)
    with tempfile.TemporaryDirectory() as place:
        good = compare(show, suite.corpora() | {"odd things": list(odd_models(place).values())})
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
