#!/usr/bin/env python3
"""Writes a textual trace for benches: N nodes of a deep transformer as PyTorch 1.13 prints them, scopes and source
places included, 240 bytes a line (200,000 nodes are 48 MB).

    gen_trace.py N FILE [chain|star|deep]

decoder (no shape given): layers of 20 operators; chain: each node uses the one before; star: all use the input; deep:
prim::If nested 30 levels, again and again.
"""
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


def main():
    n, path = int(sys.argv[1]), sys.argv[2]
    shape = sys.argv[3] if len(sys.argv) > 3 else "decoder"
    with open(path, "w", encoding="ascii") as f:
        if shape == "decoder":
            decoder(n, f.write)
        elif shape == "deep":
            deep(n, f.write)
        else:
            flat(n, f.write, shape == "star")


if __name__ == "__main__":
    main()
