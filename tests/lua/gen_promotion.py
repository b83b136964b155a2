#!/usr/bin/env python3
"""Writes promotion.lua: what PyTorch's type promotion answers, for the rules in lua/onnxsh/sym.lua.

Run with any PyTorch from 1.13 on:  python3 gen_promotion.py > promotion.lua
"""

import itertools

import torch

types = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()


def name(dtype):
    return str(dtype).split(".")[1]


def operand(kind, dtype):
    if kind == "number":
        return {"bool": True, "int64": 1, "float32": 1.5}[dtype]
    return torch.zeros((2, 2) if kind == "dims" else (), dtype=getattr(torch, dtype))


print("-- Made by gen_promotion.py from PyTorch: do not edit.")
print("local pairs_of = {")
for a, b in itertools.combinations_with_replacement(types, 2):
    print(f'  {{"{a}", "{b}", "{name(torch.promote_types(getattr(torch, a), getattr(torch, b)))}"}},')
print("}")
print("-- operands of different rank: {kind, dtype, kind, dtype, result}")
print("local mixed = {")
kinds = [("dims", t) for t in types] + [("scalar", t) for t in types] + [("number", t) for t in ("bool", "int64", "float32")]
for (ka, a), (kb, b) in itertools.combinations(kinds, 2):
    if ka == kb:
        continue
    print(f'  {{"{ka}", "{a}", "{kb}", "{b}", "{name(torch.result_type(operand(ka, a), operand(kb, b)))}"}},')
print("}")
print("return pairs_of, mixed")
