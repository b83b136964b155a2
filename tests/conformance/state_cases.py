#!/usr/bin/env python3
"""Scripted modules that keep something from call to call, for test_state.py.

usage: state_cases.py OUT_DIR [NAME...]

For each: NAME.pt as it is before the first call; NAME.json, what is given with --input and, of a module that no model can
stand for, a part of the message that says so; NAME.npz, of each call in turn the inputs (c0_i0, ...) and PyTorch's
outputs (c0_o0, ...), and what the attributes are before the first (sNAME).
"""
import json
import os
import sys
import warnings
from typing import Optional

import numpy
import torch
from torch import nn

warnings.filterwarnings("ignore")
CASES, Tensor = {}, torch.Tensor


def t(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed + sum(shape))) * 2 - 1


X = [[t(2, 4, seed=i)] for i in range(4)]


def case(calls, given=(), refused=None, low=9):
    """given: options of --input; refused: what the message says of a module that cannot be exported; low: the lowest opset
    that can say it."""
    def take(what):
        CASES[what.__name__] = (what, calls, list(given), refused, low)
        return what
    return take


# ---- attributes that are set ----
@case(X)
class Running(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = torch.zeros(4)

    def forward(self, x):
        self.h = self.h * 0.5 + x.sum(0)
        return x + self.h


@case(X)
class SetTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.ones(4), torch.zeros(2, 4)

    def forward(self, x):
        self.a = self.a + x[0]
        first = self.a * 2
        self.b, self.a = self.b - self.a, self.a + self.b[1]
        return first + self.a, self.b * 1


@case(X)
class Numbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.n, self.scale, self.on = 1, 0.5, False

    def forward(self, x):
        self.n = self.n + 2
        self.scale = self.scale * 1.5
        y = x * self.scale + self.n
        if self.on:
            y = -y
        self.on = not self.on
        return y


@case(X)
class OnlyBefore(nn.Module):
    """What is returned is the attribute of the call before."""

    def __init__(self):
        super().__init__()
        self.last = torch.zeros(2, 4)

    def forward(self, x):
        y = self.last
        self.last = x
        return y


@case(X)
class NeverRead(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def forward(self, x):
        self.seen = x.size(0)
        return x * 2


class Cell(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.h = torch.zeros(n)

    def forward(self, x):
        self.h = torch.tanh(self.lin(x).mean(0) + self.h)
        return x + self.h


@case(X)
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([Cell(4), Cell(4)])
        self.calls = 0

    def forward(self, x):
        for c in self.cells:
            x = c(x)
        self.calls += 1
        return x * self.calls


@case(X)
class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(4, 3)
        self.h, self.c = torch.zeros(2, 3), torch.zeros(2, 3)

    def forward(self, x):
        self.h, self.c = self.cell(x, (self.h, self.c))
        return self.h * 1


# ---- in branches and loops ----
@case([[t(2, 4, seed=i), n] for i, n in enumerate([3, -1, 0, 5])])
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.h, self.k = torch.zeros(2, 4), 0

    def forward(self, x, n: int):
        if n > 0:
            self.h = self.h + x
            if n > 4:
                self.k = self.k + n
        else:
            self.k = self.k - 1
        return self.h * self.k


@case([[t(2, 4, seed=i), n] for i, n in enumerate([3, 0, 1, 5])])
class Loops(nn.Module):
    def __init__(self):
        super().__init__()
        self.h, self.k = torch.zeros(2, 4), 1

    def forward(self, x, n: int):
        for i in range(n):
            self.h = self.h * 0.5 + x * i
            if i % 2 == 0:
                self.k += i
        return self.h + self.k


@case([[t(2, 4, seed=i)] for i in range(4)])
class While(nn.Module):
    def __init__(self):
        super().__init__()
        self.level = torch.zeros(1)

    def forward(self, x):
        top = self.level + 2
        while bool(self.level.sum() < top.sum()):
            self.level = self.level + x.abs().max()
        return x * self.level


@case([[t(2, 4, seed=i), n] for i, n in enumerate([1, 2, 3, 0])])
class EarlyReturn(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = torch.zeros(4)

    def forward(self, x, n: int):
        if n == 2:
            return x + self.h
        self.h = self.h + x[1]
        if n == 3:
            self.h = -self.h
            return x * self.h
        return self.h - x


@case([[t(2, 4, seed=i), r] for i, r in enumerate([False, False, True, False])])
class Reset(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = torch.zeros(2, 4)

    def reset(self):
        self.h = torch.zeros(2, 4)

    def forward(self, x, again: bool):
        if again:
            self.reset()
        self.h = self.h + x
        return self.h * 2


# ---- writes in place ----
@case(X)
class Buffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("h", torch.zeros(4))
        self.register_buffer("scale", torch.full((4,), 2.0))

    def forward(self, x):
        self.h.add_(x[0])
        return self.h * self.scale


@case(X)
class Window(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("w", torch.zeros(5, 4))

    def forward(self, x):
        self.w[:-2] = self.w[2:].clone()
        self.w[-2:] = x
        return self.w.mean(0)


@case(X)
class AugmentedBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("n", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        self.n += 1
        self.mean += (x.mean(0) - self.mean) / self.n
        return x - self.mean


@case([[t(2, 4, seed=i), n] for i, n in enumerate([0, 2, 1, 0])], low=11)
class CacheAt(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("cache", torch.zeros(3, 2, 4))

    def forward(self, x, n: int):
        self.cache[n] = x
        return self.cache.sum(0)


@case(X)
class SetAndWritten(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = torch.zeros(2, 4)

    def forward(self, x):
        y = x * 2
        self.h = self.h + y
        self.h[:, 0] = 1.0
        return self.h - y


@case(X)
class BatchNormTraining(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("var", torch.ones(4))

    def forward(self, x):
        m, v = x.mean(0), x.var(0, unbiased=False)
        self.mean.mul_(0.9).add_(m * 0.1)
        self.var.copy_(self.var * 0.9 + v * 0.1)
        return (x - m) / torch.sqrt(v + 1e-5)


# ---- given types ----
@case(X, given=["state.h=float32[2,4]"])
class BeginsEmpty(nn.Module):
    """Its first call is told from the others; a model of the others takes zeros for it."""

    def __init__(self):
        super().__init__()
        self.h = torch.zeros(0)

    def forward(self, x):
        if self.h.numel() == 0:
            self.h = torch.zeros_like(x)
        self.h = self.h * 0.5 + x
        return self.h + 0


@case(X, given=["state.h=float32[2,4]"])
class BeginsNone(nn.Module):
    h: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.h = None

    def forward(self, x):
        h = self.h
        if h is None:
            h = torch.zeros_like(x)
        h = h * 0.5 + x
        self.h = h
        return h + 0


@case(X, given=["state.mode=int:3"])
class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.mode, self.h = 3, torch.zeros(4)

    def forward(self, x):
        if self.mode == 3:
            self.h = self.h + x[0]
        else:
            self.h = self.h - x[0]
        self.mode = 3
        return x + self.h


# ---- what no model can say ----
@case(X, refused="what it is set to here may be None")
class SetToNone(nn.Module):
    h: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.h = torch.zeros(2, 4)

    def forward(self, x):
        h = self.h
        if h is not None:
            x = x + h
            self.h = None
        return x


@case(X, refused="it is None before the first call")
class NoneFirst(nn.Module):
    h: Optional[Tensor]

    def __init__(self):
        super().__init__()
        self.h = None

    def forward(self, x):
        h = self.h
        y = x if h is None else x + h
        self.h = y
        return y * 1


@case(X, refused="only tensors and numbers can")
class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.word = "a"

    def forward(self, x):
        if self.word == "a":
            x = x * 2
        self.word = self.word + "b"
        return x


@case(X, refused="only tensors and numbers can")
class ListSet(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = [torch.zeros(2, 4)]

    def forward(self, x):
        self.parts = [self.parts[-1] + x]
        return self.parts[0] * 1


@case(X, refused="writes to a list or dict that is an attribute")
class ListGrows(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = [torch.zeros(2, 4)]

    def forward(self, x):
        self.parts.append(x)
        return torch.stack(self.parts).sum(0)


@case(X, refused="after it: the next call could not take it")
class Grows(nn.Module):
    def __init__(self):
        super().__init__()
        self.all = torch.zeros(1, 4)

    def forward(self, x):
        self.all = torch.cat([self.all, x])
        return self.all.sum(0)


@case(X, refused="may be the same memory")
class SameMemory(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.zeros(2, 4), torch.zeros(2, 4)

    def forward(self, x):
        self.a.add_(x)
        y = self.a + self.b
        self.b = self.a
        return y


@case(X, refused="is also that of 'b'")
class OneBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        h = torch.zeros(4)
        self.register_buffer("a", h)
        self.register_buffer("b", h)

    def forward(self, x):
        y = x + self.b
        self.a.add_(x[0])
        return y


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = torch.zeros(4)

    def forward(self, x):
        self.h = self.h + x[0]
        return x + self.h


class Wrapped(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x) * 2


@case(X)
class TwoCopies(nn.Module):
    """Scripting makes two modules of the one."""

    def __init__(self):
        super().__init__()
        inner = Shared()
        self.a, self.b = Wrapped(inner), Wrapped(inner)

    def forward(self, x):
        return self.b(self.a(x))


@case(X, refused="its module is part of others under two names")
class TwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        inner = torch.jit.script(Shared())
        self.a, self.b = Wrapped(inner), Wrapped(inner)

    def forward(self, x):
        return self.b(self.a(x))


# ---- the files ----
def flat(v):
    if isinstance(v, Tensor):
        return [v.detach().numpy().copy()]
    if isinstance(v, (list, tuple)):
        return [a for e in v for a in flat(e)]
    return [numpy.array(v, numpy.bool_ if isinstance(v, bool) else numpy.int64 if isinstance(v, int) else numpy.float32)]


def attributes(net):
    """Tensors and numbers of the modules by their dotted names."""
    for path, module in net.named_modules():
        for name, v in list(vars(module).items()) + list(module.named_buffers(recurse=False)):
            if isinstance(v, (Tensor, int, float)) and name != "training":
                yield f"{path}.{name}" if path else name, flat(v)[0]


def make(out, name, what, calls, given, refused, low):
    torch.manual_seed(0)
    path = os.path.join(out, name)
    net = what().eval()
    module = torch.jit.script(net)
    module.save(path + ".pt")
    module = torch.jit.load(path + ".pt")
    names = [a.name for a in module._c._get_method("forward").schema.arguments if a.name != "self"]
    arrays = {"s" + k: v for k, v in attributes(net)}
    for c, call in enumerate(calls):
        for i, a in enumerate(flat(call)):
            arrays[f"c{c}_i{i}"] = a
        with torch.no_grad():
            for i, a in enumerate(flat(module(*call))):
                arrays[f"c{c}_o{i}"] = a
    first = [flat(v)[0] for v in calls[0]]
    specs = [f"{n}={a.dtype}[{','.join(map(str, a.shape))}]" for n, a in zip(names, first)]
    with open(path + ".json", "w") as f:
        json.dump({"specs": specs + given, "calls": len(calls), "refused": refused, "low": low}, f)
    numpy.savez(path + ".npz", **arrays)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, (what, *rest) in CASES.items():
        if not sys.argv[2:] or name in sys.argv[2:]:
            make(sys.argv[1], name, what, *rest)


main()
