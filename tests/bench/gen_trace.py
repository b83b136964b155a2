#!/usr/bin/env python3
"""Writes a textual trace for benches: N nodes of a deep transformer as PyTorch 1.13 prints them, scopes and source
places included, 240 bytes a line (200,000 nodes are 48 MB).

    gen_trace.py N FILE [chain|star|deep|blocks|lists|branches]

decoder (no shape given): layers of 20 operators; chain: each node uses the one before; star: all use the input; deep:
prim::If nested 30 levels, again and again. Those that convert: chain; star; blocks: of a transformer, without weights, 36
nodes each; lists: lists of tensors that are made and joined; branches: prim::Ifs one after the other.
"""
import re
import sys

F = "Float(%d, %d, 64, strides=[%d, 64, 1], requires_grad=0, device=cpu)"
LAYER = "acme.Decoder::/acme.Layer::layers.%d/%s"
PARTS = [
    ("acme.Attention::attn/torch.nn.modules.linear.Linear::q", "aten::linear"),
    ("acme.Attention::attn/torch.nn.modules.linear.Linear::k", "aten::linear"),
    ("acme.Attention::attn", "aten::matmul"),
    ("acme.Attention::attn", "aten::softmax"),
    ("torch.nn.modules.normalization.LayerNorm::norm", "aten::layer_norm"),
    ("torch.nn.modules.container.Sequential::mlp/torch.nn.modules.activation.GELU::mlp.1", "aten::gelu"),
]
PLACE = "site-packages/torch/nn/functional.py:%d:0"


def decoder(n, write):
    t = F % (1, 16, 1024)
    write("graph(%%x.1 : %s):\n" % t)
    last, one = "x.1", "x.1"
    for i in range(1, n + 1):
        part, op = PARTS[i // 2 % len(PARTS)]
        scope = LAYER % (i // 20, part)
        if i % 4 == 1:
            one = str(i)
            write("  %%%d : int = prim::Constant[value=%d](), scope: %s # %s\n" % (i, i % 7, scope, PLACE % (i % 2000)))
            continue
        write("  %%%d : %s = %s(%%%s, %%%s, %%%s), scope: %s # %s\n" % (i, t, op, last, one, one, scope, PLACE % (i % 2000)))
        last = str(i)
    write("  return (%%%s)\n" % last)


def flat(n, write, star):
    t = F % (1, 16, 1024)
    write("graph(%%x.1 : %s):\n" % t)
    last = "x.1"
    for i in range(1, n + 1):
        write("  %%%d : %s = aten::relu(%%%s), scope: acme.Net:: # %s\n" % (i, t, last, PLACE % 1))
        if not star:
            last = str(i)
    write("  return (%%%s)\n" % last)


def deep(n, write):
    write("graph(%c : bool,\n      %x : Tensor):\n")
    i, depth = 0, 30
    while i < n:
        for d in range(depth):
            pad = "  " * (2 * d + 1)
            i += 1
            write("%s%%%d : Tensor = prim::If(%%c)\n%s  block0():\n" % (pad, i, pad))
        top = i - depth + 1
        for d in range(depth - 1, -1, -1):
            pad = "  " * (2 * d + 1)
            inner = "x" if d == depth - 1 else str(top + d + 1)
            write("%s    -> (%%%s)\n%s  block1():\n%s    -> (%%x)\n" % (pad, inner, pad, pad))
    write("  return (%x)\n")


# One block of a transformer: three linears, attention by reshapes that ask for sizes, a norm and an activation.
BLOCK = """q : T = aten::linear(@, %w, %b)
k : T = aten::linear(@, %w, %b)
v : T = aten::linear(@, %w, %b)
zero : int = prim::Constant[value=0]()
one : int = prim::Constant[value=1]()
two : int = prim::Constant[value=2]()
last : int = prim::Constant[value=-1]()
heads : int = prim::Constant[value=4]()
each : int = prim::Constant[value=16]()
none : NoneType = prim::Constant()
scale : float = prim::Constant[value=4.]()
batch : int = aten::size(@, %zero)
steps : int = aten::size(@, %one)
split : int[] = prim::ListConstruct(%batch, %steps, %heads, %each)
qs : S = aten::view(%q, %split)
ks : S = aten::view(%k, %split)
vs : S = aten::view(%v, %split)
qt : H = aten::transpose(%qs, %one, %two)
kt : H = aten::transpose(%ks, %one, %two)
vt : H = aten::transpose(%vs, %one, %two)
two2 : int = prim::Constant[value=-2]()
kk : Tensor = aten::transpose(%kt, %two2, %last)
qk : Tensor = aten::matmul(%qt, %kk)
scaled : Tensor = aten::div(%qk, %scale)
soft : Tensor = aten::softmax(%scaled, %last, %none)
mixed : H = aten::matmul(%soft, %vt)
back : S = aten::transpose(%mixed, %one, %two)
width : int = prim::Constant[value=64]()
joined : int[] = prim::ListConstruct(%batch, %steps, %width)
flat : T = aten::reshape(%back, %joined)
out : T = aten::linear(%flat, %w, %b)
sum : T = aten::add(%out, @, %one)
sizes : int[] = prim::ListConstruct(%width)
eps : float = prim::Constant[value=1e-05]()
yes : bool = prim::Constant[value=1]()
norm : T = aten::layer_norm(%sum, %sizes, %b, %b, %eps, %yes)""".split("\n")
TYPES = {": T ": ": Float(1, 16, 64, strides=[1024, 64, 1], requires_grad=0, device=cpu) ",
         ": S ": ": Float(1, 16, 4, 16, strides=[1024, 64, 16, 1], requires_grad=0, device=cpu) ",
         ": H ": ": Float(1, 4, 16, 16, strides=[1024, 16, 64, 1], requires_grad=0, device=cpu) "}
HEAD = "graph(%x.1 : Float(1, 16, 64, strides=[1024, 64, 1], requires_grad=0, device=cpu),\n      %w : Float(64, 64),\n      %b : Float(64)):\n"


def blocks(n, write):
    write(HEAD)
    last, made = "%x.1", 0
    while made < n:
        layer = made // len(BLOCK)
        for line in BLOCK:
            for short, long in TYPES.items():
                line = line.replace(short, long)
            text = re.sub(r"%(?!w\b|b\b)(\w+)", r"%%\1.%d" % layer, line)
            name, rest = text.split(" ", 1)
            scope = "acme.Decoder::/acme.Layer::layers.%d" % layer
            write("  %%%s.%d %s, scope: %s # %s\n" % (name, layer, rest.replace("@", last), scope, PLACE % 7))
        last, made = "%%norm.%d" % layer, made + len(BLOCK)
    write("  return (%s)\n" % last)


def lists(n, write):
    write("graph(%x.1 : Float(2, 3)):\n  %zero : int = prim::Constant[value=0]()\n  %one : int = prim::Constant[value=1]()\n")
    last = "x.1"
    for i in range(n // 3):
        write("  %%l%d : Tensor[] = prim::ListConstruct(%%%s, %%x.1)\n" % (i, last))
        write("  %%s%d : Tensor = aten::stack(%%l%d, %%zero)\n" % (i, i))
        write("  %%y%d : Tensor = aten::select(%%s%d, %%zero, %%one)\n" % (i, i))
        last = "y%d" % i
    write("  return (%%%s)\n" % last)


def branches(n, write):
    write("graph(%c : bool,\n      %x.1 : Float(2, 3)):\n")
    last = "x.1"
    for i in range(n // 3):
        write("  %%y%d : Tensor = prim::If(%%c)\n    block0():\n      %%a%d : Tensor = aten::relu(%%%s)\n      -> (%%a%d)\n" % (i, i, last, i))
        write("    block1():\n      %%b%d : Tensor = aten::neg(%%%s)\n      -> (%%b%d)\n" % (i, last, i))
        last = "y%d" % i
    write("  return (%%%s)\n" % last)


def main():
    n, path = int(sys.argv[1]), sys.argv[2]
    shape = sys.argv[3] if len(sys.argv) > 3 else "decoder"
    with open(path, "w", encoding="ascii") as f:
        if shape in ("chain", "star"):
            flat(n, f.write, shape == "star")
        else:
            {"decoder": decoder, "deep": deep, "blocks": blocks, "lists": lists, "branches": branches}[shape](n, f.write)


if __name__ == "__main__":
    main()
