#!/usr/bin/env python3
"""Writes tests/io/arrays/: small files of arrays as NumPy, safetensors and PyTorch write them (needs numpy, onnx,
safetensors, torch). test_arrays.c knows their contents by the rules of `ramp` and `saw`."""
import os
import zipfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrays")


def ramp(shape, dtype):
    """Element i (in C order) is i * 3 - 5, or that modulo 2 for bools."""
    v = np.arange(int(np.prod(shape)), dtype=np.int64) * 3 - 5
    return (v % 2 == 1 if np.dtype(dtype) == bool else v.astype(dtype)).reshape(shape)


def saw(shape):
    """Element i is i modulo 7: much that packs into little."""
    return (np.arange(int(np.prod(shape))) % 7).astype(np.float32).reshape(shape)


def path(name):
    return os.path.join(DIR, name)


os.makedirs(DIR, exist_ok=True)
plain = {
    "conv1.weight": ramp((4, 3, 2), np.float32), "b": ramp((3,), np.int64), "scalar": ramp((), np.float64),
    "empty": ramp((0, 4), np.float32), "flag": ramp((5,), bool), "half": ramp((2, 2), np.float16),
    "complex": ramp((3,), np.complex64), "byte": ramp((7,), np.int8), "café": ramp((2,), np.uint16),
}
np.savez(path("plain.npz"), **plain)
np.savez_compressed(path("packed.npz"), **plain, large=saw((300, 1000)))
turned = {
    "f2": np.asfortranarray(ramp((3, 5), np.float32)), "f3": np.asfortranarray(ramp((2, 3, 4), np.int16)),
    "row": np.asfortranarray(ramp((1, 6), np.float32)), "big4": ramp((2, 3), ">f4"), "big8": ramp((3,), ">i8"),
    "bigc": ramp((3,), ">c8"), "both": np.asfortranarray(ramp((3, 4), ">f8")),
    "wide": np.asfortranarray(saw((257, 300))), "same": ramp((2, 2), np.float32),
}
np.savez_compressed(path("turned.npz"), **turned)
np.savez(path("turned_stored.npz"), **{k: v for k, v in turned.items() if k != "wide"})
np.savez(path("odd.npz"), allow=np.array([{"a": 1}, None], dtype=object), text=np.array(["a", "bc"]), bytes=np.array([b"x"]),
         record=np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]), time=np.zeros(2, dtype="datetime64[s]"),
         void=np.zeros(2, dtype="V2"), long=np.zeros(2, dtype=np.longdouble), good=ramp((2,), np.float32))
with zipfile.ZipFile(path("odd.npz"), "a") as z:
    z.writestr(zipfile.ZipInfo("readme.txt"), "no array")
np.save(path("lone.npy"), ramp((2, 3), np.float32))
np.save(path("lone_big.npy"), np.asfortranarray(ramp((2, 3), ">f4")))
with open(path("version2.npy"), "wb") as f:
    np.lib.format.write_array(f, ramp((4,), np.float64), version=(2, 0))
tensors = {k: torch.from_numpy(v.copy()) for k, v in plain.items() if k != "café"}
tensors["bf16"] = torch.from_numpy(ramp((4,), np.float32)).to(torch.bfloat16)
tensors["f8"] = torch.from_numpy(ramp((4,), np.float32)).to(torch.float8_e4m3fn)
save_file(tensors, path("plain.safetensors"), metadata={"format": "pt", "note": "br{ac]es \" and \\ quotes"})
torch.save({"w": torch.zeros(2)}, path("state.pt"))

# the same as initializers of a model: raw, typed fields, external
raw = numpy_helper.from_array(plain["conv1.weight"], "conv1.weight")
typed = helper.make_tensor("b", TensorProto.INT64, [3], plain["b"])
outside = numpy_helper.from_array(plain["half"], "half")
text = helper.make_tensor("words", TensorProto.STRING, [1], [b"word"])
model = helper.make_model(helper.make_graph([], "weights", [], [], [raw, typed, outside, text]),
                          opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
for t in model.graph.initializer:
    if t.name == "half":
        onnx.external_data_helper.set_external_data(t, "weights.onnx.data", offset=0, length=len(t.raw_data))
        with open(path("weights.onnx.data"), "wb") as f:
            f.write(t.raw_data)
        t.data_location = TensorProto.EXTERNAL
        t.ClearField("raw_data")
onnx.save(model, path("weights.onnx"))
