#!/usr/bin/env python3
"""Operators whose meaning changed: an archive whose version, and where that needs it whose code, is written anew as an
older one. What PyTorch computes when it loads that is what ONNX Runtime must compute of what is exported."""
import os
import zipfile

import suite

QUOTIENTS = {"int64": ("int64", "int64"), "float32": ("float32", "float32"), "mixed": ("int64", "float32")}
VERSIONS = (2, 3, 4, 5, 7, 8, 9, 10)


def networks(torch):
    class Quotients(torch.nn.Module):
        def forward(self, x, y, s: int):
            return x / y, x / 3, x / 2.5, x / s

    class InPlace(torch.nn.Module):
        def forward(self, x, y, s: int):
            a = x.clone()
            a /= y
            b = x.clone()
            b /= s
            return a, b, torch.div(x, y, out=torch.zeros_like(y))

    class Filled(torch.nn.Module):
        def forward(self, x, y, s: int):
            return torch.full([2], 3), torch.full([2], s), torch.full([2], 3, dtype=torch.int64), torch.full([2], 1.5)

    class Steps(torch.nn.Module):
        def forward(self, x, y, s: int):
            return torch.linspace(0, 1, 7) + s, torch.logspace(0, 1, 7), torch.nn.functional.gelu(x.float())

    return Quotients, InPlace, Filled, Steps


def rewrite(source, target, version, code=lambda text: text):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("/version"):
                data = b"%d\n" % version
            elif entry.filename.endswith(".py"):
                data = code(data.decode()).encode()
            new.writestr(entry.filename, data)


def older(version):
    """Code as it was written then: the number of steps could be left out."""
    def change(text):
        for op, since, rest in (("linspace(0, 1", 8, ""), ("logspace(0, 1", 9, ", None")):
            if version < since:
                text = text.replace(f"torch.{op}, 7", f"torch.{op}{rest}")
        return text
    return change


def check(onnxsh, torch, path, module, inputs, tally, name):
    import numpy
    import onnxruntime
    out = path + ".onnx"
    try:
        want = [t.numpy() for t in module(*inputs)]
    except RuntimeError:
        return  # such as a quotient that is a float, where an int is to be written to
    spec = [w for n, t in zip("xy", inputs) for w in ("--input", f"{n}={t.numpy().dtype}[{','.join(map(str, t.shape))}]")]
    p = suite.run(onnxsh, "export", path, out, "--opset", "17", *spec)
    if p.returncode:
        tally.add(False, name, p.stderr.decode(errors="replace").strip().replace("\n", " | ")[:300])
        return
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    data = [inputs[0].numpy(), inputs[1].numpy(), numpy.array(inputs[2])]
    got = session.run(None, {i.name: d for i, d in zip(session.get_inputs(), data)})
    os.remove(out)
    wrong = [i for i, (a, b) in enumerate(zip(want, got)) if a.dtype != b.dtype or not numpy.allclose(a, b, 1e-4, 1e-5)]
    tally.add(not wrong and len(want) == len(got), name, f"results {wrong} differ")


def main():
    import torch
    o = suite.options()
    place = os.path.join(suite.cache(), "versions")
    os.makedirs(place, exist_ok=True)
    tally = suite.Tally("exports of archives of older versions compute what PyTorch does when it loads them")
    x, y = torch.tensor([[-7, 7, 5], [-1, 12, -9]]), torch.tensor([[2, -2, 3], [4, 5, -4]])
    for build in networks(torch):
        made = os.path.join(place, build.__name__ + ".pt")
        torch.jit.script(build()).save(made)
        for version in VERSIONS:
            path = f"{made[:-3]}.{version}.pt"
            rewrite(made, path, version, older(version))
            module = torch.jit.load(path)
            for kinds in QUOTIENTS.values():
                inputs = [t.to(getattr(torch, kind)) for t, kind in zip((x, y), kinds)] + [3]
                check(o.onnxsh, torch, path, module, inputs, tally, f"{build.__name__}, version {version}, {kinds}")
    return 0 if tally.close() else 1


if __name__ == "__main__":
    raise SystemExit(main())
