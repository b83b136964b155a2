"""Running many small models at once with tests/conformance/ops_eval.c: inputs go along as initializers, results come
back as numpy arrays, lists (sequences) and dicts (maps)."""
import os
import re
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

def with_inputs(model, feeds):
    """A copy of the model that carries its inputs."""
    m = onnx.ModelProto()
    m.CopyFrom(model)
    for name, value in feeds.items():
        if isinstance(value, dict):
            keys, values = list(value), list(value.values())
            parts = {"keys": np.array(keys, dtype=object if isinstance(keys[0], str) else np.int64),
                     "values": np.array(values, dtype=object if isinstance(values[0], str) else
                                        np.int64 if isinstance(values[0], int) else np.float32)}
        else:
            parts = {"in": np.asarray(value, dtype=object) if np.asarray(value).dtype.kind in "US" else np.asarray(value)}
        for part, array in parts.items():
            m.graph.initializer.append(numpy_helper.from_array(array, f"{name}_{part}"))
    return m


class Reader:
    """Parses what ops_eval prints of one value."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def value(self):
        c = self.text[self.at]
        if c in "({":
            self.at += 1
            items = []
            while True:
                while self.text[self.at] == " ":
                    self.at += 1
                if self.text[self.at] in ")}":
                    break
                items.append(self.value())
            self.at += 1
            return items if c == "(" else dict(zip(items[0].tolist(), items[1].tolist()))
        found = re.compile(r"(\w+)\[([\d,]*)\]:([0-9a-f,]*)").match(self.text, self.at)
        self.at = found.end()
        dtype, dims, data = found.groups()
        shape = [int(d) for d in dims.split(",") if d]
        n = int(np.prod(shape, dtype=np.int64))
        if dtype == "str" or dtype == "string":
            texts = [bytes.fromhex(t).decode("utf-8", "replace") for t in data.split(",")] if n else []
            return np.array(texts, dtype=object).reshape(shape)
        return np.frombuffer(bytes.fromhex(data), dtype=dtype).reshape(shape)


def evaluate(build, models):
    """{name: model with its inputs} -> {name: [results] or the text of the error}."""
    out, name_of = {}, {}
    with tempfile.TemporaryDirectory() as place:
        for i, (name, model) in enumerate(models.items()):
            path = os.path.join(place, f"{i}.onnx")
            name_of[path] = name
            with open(path, "wb") as f:
                f.write(model.SerializeToString())
        done = subprocess.run([os.path.join(build, "tests", "ops_eval")], input="\n".join(name_of) + "\n",
                              capture_output=True, text=True, check=False)
        name = None
        for line in done.stdout.split("\n"):
            parts = line.split("\t")
            if len(parts) == 3 and parts[0] in name_of:
                name = name_of[parts[0]]
                out[name] = [] if parts[1] == "ok" else f"{parts[1]}: {parts[2]}"
            elif len(parts) == 3 and name:
                out[name].append(Reader(parts[2]).value())
    for name in models:
        out.setdefault(name, f"ops_eval ended with {done.returncode}: {done.stderr[-300:]}")
    return out


def difference(got, want, rtol=1e-3, atol=1e-6):
    """Why two results differ, or None."""
    if isinstance(got, list) or isinstance(want, list):
        if not (isinstance(got, list) and isinstance(want, list)) or len(got) != len(want):
            return "lists of other lengths"
        return next((d for d in map(lambda p: difference(p[0], p[1], rtol, atol), zip(got, want)) if d), None)
    if isinstance(got, dict) or isinstance(want, dict):
        if list(got) != list(want):
            return f"keys {list(got)[:4]} not {list(want)[:4]}"
        return difference(np.array(list(got.values())), np.array(list(want.values())), rtol, atol)
    want = np.asarray(want)
    if got.shape != want.shape:
        return f"shape {got.shape} not {want.shape}"
    if want.dtype.kind in "OUS" or got.dtype.kind == "O":
        return None if [str(x) for x in got.ravel()] == [str(x) for x in want.ravel()] else \
            f"{got.ravel()[:4]} not {want.ravel()[:4]}"
    if got.dtype != want.dtype:
        return f"dtype {got.dtype} not {want.dtype}"
    if np.allclose(got, want, rtol, atol, equal_nan=True):
        return None
    at = np.argmax(~np.isclose(got, want, rtol, atol, equal_nan=True).ravel())
    return f"element {at}: {got.ravel()[at]!r} not {want.ravel()[at]!r}"
