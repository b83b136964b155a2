#!/usr/bin/env python3
"""Makes the .onnx models that the benches and the large tests use. It writes the protobuf bytes itself: no package is
needed, and 200,000 nodes take a few seconds.

    gen_models.py decoder  --nodes 200000 OUT.onnx   decoder layers of 60 nodes with scope names, small weights, and a
                                                     value_info for every value
    gen_models.py chain    --nodes 200000 OUT.onnx   each node uses the one before
    gen_models.py star     --nodes 200000 OUT.onnx   every node uses the one input, and all are outputs
    gen_models.py ifs      --depth 30     OUT.onnx   Ifs inside Ifs, each capturing a value of the outermost graph
    gen_models.py single   --mib 1856     OUT.onnx   MatMul/Relu pairs with 64 MiB weights in the file (sparse on disk)
    gen_models.py external --mib 2880     OUT.onnx   the same with the weights in OUT.onnx.data
    gen_models.py empty    --nodes 5000000 OUT.onnx  nodes without any field

The weights of `single` and `external` are zeros that take no room on disk; --dense writes them out.
"""
import argparse
import math
import os
import struct

FLOAT, INT64, BOOL = 1, 7, 9


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n & (1 << 64) - 1)


def part(field, data):
    if isinstance(data, str):
        data = data.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def type_of(elem, dims):
    """A TypeProto: ints are dim_value, strings dim_param."""
    shape = b"".join(part(1, number(1, d) if isinstance(d, int) else part(2, d)) for d in dims)
    return part(1, number(1, elem) + part(2, shape))


def value(name, elem, dims):
    return part(1, name) + part(2, type_of(elem, dims))


def attr_i(name, i):
    return part(1, name) + number(3, i) + number(20, 2)


def attr_ints(name, ints):
    return part(1, name) + b"".join(number(8, i) for i in ints) + number(20, 7)


def attr_graph(name, g):
    return part(1, name) + part(6, g) + number(20, 5)


def node(op, inputs, outputs, name="", attrs=()):
    b = b"".join(part(1, i) for i in inputs) + b"".join(part(2, o) for o in outputs)
    if name:
        b += part(3, name)
    return b + part(4, op) + b"".join(part(5, a) for a in attrs)


def tensor(name, elem, dims, raw):
    return b"".join(number(1, d) for d in dims) + number(2, elem) + part(8, name) + part(9, raw)


def model_ends(opset=17):
    """What stands before and after the graph."""
    return number(1, 8) + part(2, "gen_models") + part(3, "1"), part(8, part(1, "") + number(2, opset))


class Graph:
    def __init__(self, name):
        self.name, self.n = name, 0
        self.nodes, self.inits, self.inputs, self.outputs, self.infos = [], [], [], [], []

    def node(self, *args, **kw):
        self.nodes.append(part(1, node(*args, **kw)))
        self.n += 1

    def bytes(self):
        return b"".join(self.nodes + [part(2, self.name)] + self.inits + self.inputs + self.outputs + self.infos)


def write_model(path, graph):
    head, tail = model_ends()
    with open(path, "wb") as f:
        f.write(head + part(7, graph.bytes()) + tail)


HID, HEADS, HEAD, FF = 4, 2, 2, 6  # small, and true: the shapes of weights and values agree


class Decoder(Graph):
    def weight(self, name, dims, elem=FLOAT, raw=None):
        if raw is None:
            raw = b"".join(struct.pack("<f", (i % 7 - 3) / 8) for i in range(math.prod(dims)))
        self.inits.append(part(5, tensor(name, elem, dims, raw)))
        return name

    def op(self, scope, op, ins, dims, elem=FLOAT, attrs=()):
        """A node named by the rule of the TorchScript exporter; returns its value's name."""
        base = scope + "/" + op
        k = self.used.get(base, 0)
        self.used[base] = k + 1
        name = base if k == 0 else "%s_%d" % (base, k)
        out = name + "_output_0"
        self.node(op, ins, [out], name, attrs)
        self.infos.append(part(13, value(out, elem, dims)))
        return out

    def norm(self, s, x, hid):
        c = self.op(s, "Cast", [x], hid, attrs=[attr_i("to", FLOAT)])
        p = self.op(s, "Pow", [c, "two"], hid)
        r = self.op(s, "ReduceMean", [p], ["batch", "seq", 1], attrs=[attr_ints("axes", [-1]), attr_i("keepdims", 1)])
        e = self.op(s, "Add", [r, "eps"], ["batch", "seq", 1])
        q = self.op(s, "Sqrt", [e], ["batch", "seq", 1])
        d = self.op(s, "Div", [c, q], hid)
        return self.op(s, "Mul", [self.weight(s[1:].replace("/", ".") + ".weight", [HID]), d], hid)

    def rotary(self, s, x, dims):
        half = dims[:-1] + [HEAD // 2]
        a = self.op(s, "Slice", [x, "zero", "half", "last"], half)
        b = self.op(s, "Slice", [x, "half", "end", "last"], half)
        n = self.op(s, "Neg", [b], half)
        r = self.op(s, "Concat", [n, a], dims, attrs=[attr_i("axis", -1)])
        c = self.op(s, "Mul", [x, "cos"], dims)
        t = self.op(s, "Mul", [r, "sin"], dims)
        return self.op(s, "Add", [c, t], dims)

    def layer(self, i, x):
        s = "/model/decoder/layers.%d" % i
        w = "model.decoder.layers.%d." % i
        hid = ["batch", "seq", HID]
        heads = ["batch", HEADS, "seq", HEAD]
        h = self.norm(s + "/input_layernorm", x, hid)
        att, mlp = s + "/self_attn", s + "/mlp"
        qkv = []
        for k in "qkv":
            p = self.op(att + "/%s_proj" % k, "MatMul", [h, self.weight(w + "self_attn.%s_proj.weight" % k, [HID, HID])], hid)
            r = self.op(att, "Reshape", [p, "split_shape"], ["batch", "seq", HEADS, HEAD])
            qkv.append(self.op(att, "Transpose", [r], heads, attrs=[attr_ints("perm", [0, 2, 1, 3])]))
        q, k, v = qkv
        q = self.rotary(att + "/rotary_emb", q, heads)
        k = self.rotary(att + "/rotary_emb", k, heads)
        kt = self.op(att, "Transpose", [k], ["batch", HEADS, HEAD, "seq"], attrs=[attr_ints("perm", [0, 1, 3, 2])])
        sq = ["batch", HEADS, "seq", "seq"]
        m = self.op(att, "MatMul", [q, kt], sq)
        m = self.op(att, "Div", [m, "scale"], sq)
        m = self.op(att, "Add", [m, "mask"], sq)
        m = self.op(att, "Cast", [m], sq, attrs=[attr_i("to", FLOAT)])
        m = self.op(att, "Softmax", [m], sq, attrs=[attr_i("axis", -1)])
        m = self.op(att, "Cast", [m], sq, attrs=[attr_i("to", FLOAT)])
        m = self.op(att, "MatMul", [m, v], heads)
        m = self.op(att, "Transpose", [m], ["batch", "seq", HEADS, HEAD], attrs=[attr_ints("perm", [0, 2, 1, 3])])
        m = self.op(att, "Reshape", [m, "join_shape"], hid)
        m = self.op(att + "/o_proj", "MatMul", [m, self.weight(w + "self_attn.o_proj.weight", [HID, HID])], hid)
        x = self.op(s, "Add", [x, m], hid)
        h = self.norm(s + "/post_attention_layernorm", x, hid)
        ff = ["batch", "seq", FF]
        g = self.op(mlp + "/gate_proj", "MatMul", [h, self.weight(w + "mlp.gate_proj.weight", [HID, FF])], ff)
        sg = self.op(mlp + "/act_fn", "Sigmoid", [g], ff)
        g = self.op(mlp + "/act_fn", "Mul", [g, sg], ff)
        u = self.op(mlp + "/up_proj", "MatMul", [h, self.weight(w + "mlp.up_proj.weight", [HID, FF])], ff)
        g = self.op(mlp, "Mul", [g, u], ff)
        d = self.op(mlp + "/down_proj", "MatMul", [g, self.weight(w + "mlp.down_proj.weight", [FF, HID])], hid)
        return self.op(s, "Add", [x, d], hid)


def decoder(args):
    g = Decoder("main_graph")
    g.used = {}
    for name, v in (("zero", 0), ("half", HEAD // 2), ("end", 1 << 62), ("last", -1)):
        g.weight(name, [1], INT64, struct.pack("<q", v))
    for name, v in (("two", 2.0), ("eps", 1e-6), ("scale", 4.0)):
        g.weight(name, [], FLOAT, struct.pack("<f", v))
    g.weight("split_shape", [4], INT64, struct.pack("<4q", 0, 0, HEADS, HEAD))
    g.weight("join_shape", [3], INT64, struct.pack("<3q", 0, 0, HID))
    g.weight("embed_tokens.weight", [12, HID])
    g.inputs.append(part(11, value("input_ids", INT64, ["batch", "seq"])))
    for name in ("cos", "sin"):
        g.inputs.append(part(11, value(name, FLOAT, ["seq", HEAD])))
    g.inputs.append(part(11, value("mask", FLOAT, ["batch", 1, "seq", "seq"])))
    x = g.op("/model/embed_tokens", "Gather", ["embed_tokens.weight", "input_ids"], ["batch", "seq", HID])
    i = 0
    while g.n < args.nodes:
        x = g.layer(i, x)
        i += 1
    g.node("Identity", [x], ["logits"], "/model/Identity")
    g.outputs.append(part(12, value("logits", FLOAT, ["batch", "seq", HID])))
    write_model(args.out, g)


def chain(args):
    g = Graph("chain")
    g.inputs.append(part(11, value("x", FLOAT, [2])))
    last = "x"
    for i in range(args.nodes):
        g.node("Relu", [last], ["v%d" % i])
        last = "v%d" % i
    g.outputs.append(part(12, value(last, FLOAT, [2])))
    write_model(args.out, g)


def star(args):
    g = Graph("star")
    g.inputs.append(part(11, value("x", FLOAT, [2])))
    for i in range(args.nodes):
        g.node("Relu", ["x"], ["v%d" % i])
        g.outputs.append(part(12, value("v%d" % i, FLOAT, [2])))
    write_model(args.out, g)


def ifs(args):
    def body(depth, tag):
        g = Graph(tag)
        out = "%s_out" % tag
        if depth == 0:
            g.node("Relu", ["x"], [out])
        else:
            g.node("If", ["c"], [out], "", [attr_graph("then_branch", body(depth - 1, tag + "t")),
                                            attr_graph("else_branch", body(0, tag + "e"))])
        g.outputs.append(part(12, value(out, FLOAT, [2])))
        return g.bytes()
    g = Graph("ifs")
    g.node("If", ["c"], ["y"], "", [attr_graph("then_branch", body(args.depth - 1, "t")),
                                    attr_graph("else_branch", body(0, "e"))])
    g.inputs += [part(11, value("c", BOOL, [])), part(11, value("x", FLOAT, [2]))]
    g.outputs.append(part(12, value("y", FLOAT, [2])))
    write_model(args.out, g)


def zeros(f, n, dense):
    if dense:
        for _ in range(n >> 20):
            f.write(bytes(1 << 20))
    else:
        f.seek(n, os.SEEK_CUR)


def weights(args, external):
    """One 64 MiB weight for two nodes. The lengths around the payloads are computed first, so nothing is held."""
    n = max(1, args.mib // 64)
    size, side = 64 << 20, 4096
    g = Graph("main_graph")
    last = "x"
    heads = []
    for i in range(n):
        g.node("MatMul", [last, "w%d" % i], ["m%d" % i], "matmul%d" % i)
        g.node("Relu", ["m%d" % i], ["r%d" % i], "relu%d" % i)
        last = "r%d" % i
        t = number(1, side) + number(1, side) + number(2, FLOAT) + part(8, "w%d" % i)
        if external:
            entry = lambda k, v: part(13, part(1, k) + part(2, str(v)))
            t += entry("location", os.path.basename(args.out) + ".data") + entry("offset", i * size) + entry("length", size)
            t += number(14, 1)
            heads.append(part(5, t))
        else:
            t += varint(9 << 3 | 2) + varint(size)
            heads.append(varint(5 << 3 | 2) + varint(len(t) + size) + t)
    front = b"".join(g.nodes) + part(2, g.name)
    back = part(11, value("x", FLOAT, ["n", side])) + part(12, value(last, FLOAT, ["n", side]))
    inside = len(front) + sum(map(len, heads)) + len(back) + (0 if external else n * size)
    head, tail = model_ends()
    with open(args.out, "wb") as f:
        f.write(head + varint(7 << 3 | 2) + varint(inside) + front)
        for h in heads:
            f.write(h)
            if not external:
                zeros(f, size, args.dense)
        f.write(back + tail)
    if external:
        with open(args.out + ".data", "wb") as f:
            zeros(f, n * size, args.dense)
            f.truncate(n * size)


def empty(args):
    head, tail = model_ends()
    inside = b"\x0a\x00" * args.nodes
    with open(args.out, "wb") as f:
        f.write(head + part(7, inside) + tail)


def main():
    kinds = {"decoder": decoder, "chain": chain, "star": star, "ifs": ifs, "empty": empty,
             "single": lambda a: weights(a, False), "external": lambda a: weights(a, True)}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kind", choices=sorted(kinds))
    p.add_argument("out")
    p.add_argument("--nodes", type=int, default=2000)
    p.add_argument("--depth", type=int, default=30)
    p.add_argument("--mib", type=int, default=1856)
    p.add_argument("--dense", action="store_true")
    args = p.parse_args()
    kinds[args.kind](args)


if __name__ == "__main__":
    main()
