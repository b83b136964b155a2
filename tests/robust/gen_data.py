#!/usr/bin/env python3
"""Writes data/: the models that faults are tried on. Needs no package."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from gen_models import FLOAT, Graph, part, tensor, value, write_model  # noqa: E402

# Two weights that are large enough to go to a data file, and one that is not.
g = Graph("main_graph")
for name, n in (("w0", 512), ("w1", 300), ("small", 4)):
    g.inits.append(part(5, tensor(name, FLOAT, [n], struct.pack("<%df" % n, *range(n)))))
g.node("Mul", ["w0", "x"], ["y"], "/scale/Mul")
g.node("Relu", ["w1"], ["a"], "/act/Relu")
g.node("Neg", ["small"], ["b"], "/Neg")
g.inputs.append(part(11, value("x", FLOAT, ["n", 512])))
g.outputs += [part(12, value("y", FLOAT, ["n", 512])), part(12, value("a", FLOAT, [300])), part(12, value("b", FLOAT, [4]))]
write_model(os.path.join(HERE, "data", "weights.onnx"), g)

# A trace that every opset can express, with constants to fold and an in-place form.
TRACE = """graph(%x : Float(2, 3, 8, 8, strides=[192, 64, 8, 1], requires_grad=0, device=cpu),
      %w : Float(4, 3, 3, 3, strides=[27, 9, 3, 1], requires_grad=1, device=cpu)):
  %2 : NoneType = prim::Constant(), scope: Net/Conv2d[conv]
  %3 : int = prim::Constant[value=1](), scope: Net/Conv2d[conv] # net.py:10:0
  %4 : int[] = prim::ListConstruct(%3, %3), scope: Net/Conv2d[conv]
  %5 : bool = prim::Constant[value=0](), scope: Net/Conv2d[conv]
  %6 : int = prim::Constant[value=0](), scope: Net/Conv2d[conv]
  %7 : int[] = prim::ListConstruct(%6, %6), scope: Net/Conv2d[conv]
  %8 : bool = prim::Constant[value=1](), scope: Net/Conv2d[conv]
  %y : Float(2, 4, 8, 8, strides=[256, 64, 8, 1], requires_grad=1, device=cpu) = aten::_convolution(%x, %w, %2, %4, %4, %4, %5, %7, %3, %5, %5, %8, %8), scope: Net/Conv2d[conv] # net.py:10:0
  %z : Float(2, 4, 8, 8, strides=[256, 64, 8, 1], requires_grad=1, device=cpu) = aten::relu_(%y), scope: Net/ReLU[act] # net.py:11:0
  %11 : float = prim::Constant[value=0.5]() # net.py:12:0
  %12 : Float(2, 4, 8, 8, strides=[256, 64, 8, 1], requires_grad=1, device=cpu) = aten::mul(%z, %11) # net.py:12:0
  %13 : int = prim::Constant[value=-1]() # net.py:13:0
  %14 : int = aten::size(%x, %6) # net.py:13:0
  %15 : int[] = prim::ListConstruct(%14, %13)
  %16 : Float(2, 256, strides=[256, 1], requires_grad=1, device=cpu) = aten::view(%12, %15) # net.py:13:0
  return (%16)
"""
with open(os.path.join(HERE, "data", "small_net.txt"), "w") as f:
    f.write(TRACE)

# An ONNX dump whose constants stand in typed attributes, with work on them for inference.
CONSTANTS = """graph(%x : Float(2, 3)):
  %a : Float(4) = onnx::Constant[value_floats=[1., 2., 3., 4.]]()
  %from : Long(1) = onnx::Constant[value_ints=[1]]()
  %to : Long(1) = onnx::Constant[value_ints=[3]]()
  %axis : Long(1) = onnx::Constant[value_ints=[0]]()
  %b : Float(2) = onnx::Slice(%a, %from, %to, %axis)
  %sum : Float(1) = onnx::ReduceSum[keepdims=1](%b, %axis)
  %words : Str(2) = onnx::Constant[value_strings=["one", "two"]]()
  %y : Float(2, 3) = onnx::Add(%x, %sum)
  return (%y, %words)
"""
with open(os.path.join(HERE, "data", "constants.txt"), "w") as f:
    f.write(CONSTANTS)
