#!/usr/bin/env python3
"""Small scripted functions and modules with control flow, for test_scripted.py.

usage: scripted_cases.py OUT_DIR [NAME...]

For each: NAME.pt; NAME.json, the --input specs and how many calls there are; NAME.npz, the inputs (c0_i0, ...) and PyTorch's
outputs (c0_o0, ...) of each call. Ints among the inputs are inputs of the graph unless FIXED names them.
"""
import json
import math
import os
import sys
import warnings
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy
import torch
from torch import nn

warnings.filterwarnings("ignore")
CASES, Tensor = {}, torch.Tensor


def case(*calls, fixed=None, shapes=None):
    """The calls that are compared: lists of arguments. fixed: {argument: value} given as constants; shapes: specs instead of
    those of the first call."""
    def take(what):
        CASES[what.__name__] = (what, calls, fixed or {}, shapes or {})
        return what
    return take


def t(*shape, lo=-1.0, hi=1.0, seed=0):
    g = torch.Generator().manual_seed(seed + sum(shape))
    return torch.rand(*shape, generator=g) * (hi - lo) + lo


X, Y = t(2, 3), t(2, 3, seed=5)


# ---- branches ----
@case([X, 1], [X, 3], [X, -2])
def if_int(x, n: int):
    if n > 2:
        return x + n
    if n < 0:
        return x * 2
    return x - 1


@case([X], [-X.abs() - 1], [X.abs() + 1])
def if_tensor(x):
    if bool(x.sum() > 0):
        y = x * 2
    else:
        y = x - 1
    return y, x + y


@case([X, True], [X, False])
def if_bool(x, flag: bool):
    y = x
    if flag:
        y = torch.relu(x)
    return y + 1


@case([X.abs() + 1], [-X.abs()], [X * 0 + 100])
def early_return(x):
    if bool(x.mean() > 50):
        return x
    y = x + 1
    if bool(y.sum() > 4):
        return y * 2
    return y - 3


@case([X, 0], [X, 1], [X, 5])
def nested_if(x, n: int):
    if n == 0:
        a = 1
        if bool(x.sum() > 0):
            b = 2.5
        else:
            b = 0.5
    elif n == 1:
        a, b = 2, 1.5
    else:
        a = n
        b = float(n) / 2
    return x * b + a


@case([X, 4], [X, 0], [X, 7])
def bool_logic(x, n: int):
    if (n > 3 and n != 7) or not bool(x.max() > 10.0) and n < 1:
        return x + 1
    return x - 1


@case([X, 2], [X, 3])
def ternary(x, n: int):
    k = 2 if n % 2 == 0 else 5
    return x * k + (1 if n > 2 else -1)


@case([X], [X * 100])
def branch_shapes(x):
    if bool(x.abs().max() > 2):
        y = x.reshape(-1)
    else:
        y = x
    return (y * 2).reshape(3, 2)


@case([X], [X * -1])
def branch_dtype(x):
    n = 3
    if bool(x.sum() > 0):
        n = n + 1
    return x * n, n


@case([X], [X + 10])
def branch_tuple(x):
    if bool(x.sum() > 3):
        p = (x, x + 1)
    else:
        p = (x * 2, x)
    a, b = p
    return a - b


@case([X], [X + 10])
def branch_list(x):
    if bool(x.sum() > 3):
        l = [x, x + 1, x]
    else:
        l = [x * 2]
    l.append(x)
    return torch.cat(l, 0)


@case([X], [X + 9])
def branch_outer(x):
    y = x + 1
    if bool(y.sum() > 10):
        z = y
    else:
        z = x
    return z


# ---- asserts and exceptions ----
@case([X], [Y])
def asserts(x):
    assert x.dim() == 2, "two dims"
    if x.size(1) != 3:
        raise ValueError("three columns, not {}".format(x.size(1)))
    return x + 1


@case([X], [Y])
def assert_data(x):
    assert bool(x.abs().max() < 1000), "too large"
    return x * 2


# ---- loops that are known ----
@case([X])
def for_range(x):
    for i in range(4):
        x = x + i
    return x


@case([X])
def for_range_step(x):
    y = x
    for i in range(10, 0, -3):
        y = y * 0.5 + i
    for i in range(1, 8, 2):
        y = y - i
    return y


@case([X])
def for_sizes(x):
    y = torch.zeros(3)
    for i in range(x.size(0)):
        y = y + x[i]
    return y


@case([X])
def for_nested(x):
    for i in range(3):
        for j in range(i):
            x = x + i * j
            if j == 1:
                break
    return x


@case([X])
def for_continue(x):
    for i in range(6):
        if i % 2 == 1:
            continue
        x = x + i
        if i > 3:
            x = x * 2
    return x


@case([X])
def for_enumerate(x):
    y = x
    for i, k in enumerate([3, 1, 2]):
        y = y * k + i
    return y


@case([X])
def for_zip(x):
    y = x
    for a, b in zip([1, 2, 3], [0.5, 0.25, 2.0]):
        y = y * b + a
    return y


@case([X, Y])
def for_tensors(x, y):
    out = x
    for v in [x, y, x + y]:
        out = out + v.sum()
    return out


@case([X])
def while_numbers(x):
    i, k = 0, 1
    while i < 20:
        i += k
        k *= 2
        x = x + i
    return x, i


@case([X])
def while_true(x):
    n = 0
    while True:
        n += 1
        x = x + 1
        if n == 5:
            break
    return x


@case([X])
def loop_return(x):
    for i in range(5):
        if i == 3:
            return x + i
        x = x * 2
    return x


# ---- loops that are not ----
@case([X, 3], [X, 0], [X, 6])
def for_input(x, n: int):
    for i in range(n):
        x = x + i
    return x


@case([X], [X + 3], [X * 0])
def while_tensor(x):
    while bool(x.sum() < 20):
        x = x + 1.5
    return x


@case([X], [X + 3])
def while_count(x):
    n = 0
    while bool(x.abs().sum() < 30) and n < 12:
        x = x * 1.5 + 1
        n += 1
    return x, n


@case([X, 2], [X, 5], [X, 0])
def for_break(x, n: int):
    for i in range(n):
        if bool(x.sum() > 12):
            break
        x = x + i + 1
    return x


@case([X, 6], [X, 3])
def for_continue_input(x, n: int):
    total = torch.zeros(1)
    for i in range(n):
        if i % 3 == 1:
            continue
        total = total + x.sum() * i
    return total


@case([X, 4], [X, 0])
def nested_loops(x, n: int):
    for i in range(n):
        k = 0
        while k < i:
            x = x + k * 0.1
            k += 1
    return x


def first_above(x, n: int):
    for i in range(n):
        if bool(x.sum() > 4):
            return x * 10
        x = x + 1
    return x


@case([X, 3], [X, 5], [X, 0])
def loop_return_input(x, n: int):
    return first_above(x, n).reshape(3, 2)


@case([X, 3, 0.5], [X, 2, 2.0])
def carried_numbers(x, n: int, f: float):
    a, b, c = 0, 1.0, True
    for i in range(n):
        a += i
        b *= f
        c = not c
    if c:
        return x * b + a
    return x - b


@case([X, 4], [X, 1])
def growing(x, n: int):
    y = x
    for i in range(n):
        y = torch.cat([y, x], 0)
    return y


@case([X, 7], [X, 12])
def collatz(x, n: int):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return x + steps, steps


# ---- lists ----
@case([X])
def list_comprehension(x):
    sizes = [d * 2 for d in x.shape]
    return torch.zeros(sizes) + sizes[1]


@case([X])
def list_methods(x):
    l = [3, 1, 2]
    l.append(7)
    l.insert(1, 9)
    l.extend([4, 4])
    l.remove(2)
    k = l.pop()
    l.reverse()
    l.sort()
    l[0] = 100
    return x * l[0] + l[-1] + k + len(l) + l.index(9) + l.count(4)


@case([X])
def list_slices(x):
    l = [1, 2, 3, 4, 5, 6]
    m = l[1:5:2] + l[::-1][:2] + l[-2:]
    total = 0
    for v in m:
        total += v
    return x + total + max(m) - min(m) + (10 if 6 in m else 0)


@case([X])
def list_tensors(x):
    out: List[Tensor] = []
    for i in range(3):
        out.append(x * i)
    out[1] = x + 10
    last = out.pop()
    return torch.stack(out), last


@case([X, 3], [X, 5])
def list_loop(x, n: int):
    out = [x]
    for i in range(n):
        out.append(out[-1] * 0.5 + i)
    return torch.stack(out), len(out)


@case([X, 3], [X, 1])
def list_cat(x, n: int):
    out: List[Tensor] = []
    for i in range(n):
        out.append(x[:, : i + 1])
    return torch.cat(out, 1).reshape(2, -1)


@case([X], [X * 50])
def list_if(x):
    out = [x]
    if bool(x.max() > 5):
        out.append(x + 1)
    else:
        out += [x, x * 2]
    out.append(x)
    return torch.cat(out)


@case([X, 4], [X, 2])
def list_ints(x, n: int):
    out: List[int] = []
    for i in range(n):
        out.append(i * i)
    return x + out[-1] + len(out)


@case([X, 1], [X, -1], [X, 0])
def list_item(x, i: int):
    l = [x, x + 1, x + 2]
    return l[i] * 2


@case([X])
def list_sorted(x):
    words = ["b", "c", "a"]
    k = 0
    for w in sorted(words):
        k = k * 10 + words.index(w)
    return x + k + sum([1, 2, 3])


@case([X])
def list_alias(x):
    a = [x]
    b = a
    b.append(x + 1)
    return torch.cat(a), len(a)


@case([X])
def list_copy(x):
    a = [1, 2]
    b = a.copy()
    c = list(a)
    b.append(5)
    c.clear()
    return x + len(a) * 100 + len(b) * 10 + len(c)


@case([X])
def list_of_lists(x):
    rows = [[1, 2], [3], [4, 5, 6]]
    k = 0
    for row in rows:
        for v in row:
            k += v * len(row)
    return x + k


@case([t(4, 6)])
def split_loop(x):
    out: List[Tensor] = []
    for i, part in enumerate(torch.split(x, 2, 1)):
        out.append(part * i)
    return torch.cat(out, 1)


@case([t(3, 4)])
def chunk_unpack(x):
    a, b = torch.chunk(x, 2, 1)
    return a * b


# ---- dicts, tuples, strings, optionals ----
@case([X])
def dict_use(x):
    d: Dict[str, Tensor] = {}
    d["a"] = x
    d["b"] = x + 1
    d["a"] = d["a"] * 2
    out = x
    for k, v in d.items():
        out = out + v * len(k)
    if "c" in d:
        out = out * 0
    return out + d.get("z", x) + len(d)


@case([X])
def dict_ints(x):
    d = {1: 10, 2: 20}
    d[3] = 30
    del d[1]
    k = 0
    for key in d.keys():
        k += key
    for v in d.values():
        k += v
    return x + k


class Pair(NamedTuple):
    left: Tensor
    right: int


def make_pair(x, n: int) -> Pair:
    return Pair(x * n, n + 1)


@case([X, 2], [X, -3])
def named_tuple(x, n: int):
    p = make_pair(x, n)
    if p.right > 0:
        p = Pair(p.left + 1, 0)
    return p.left + p.right


@case([X, 0], [X, 1])
def tuple_loop(x, n: int):
    t2 = (x, 1)
    for i in range(3):
        t2 = (t2[0] + t2[1], t2[1] + n)
    return t2


@case([X])
def tuple_return(x):
    return (x, (x + 1, [x, x * 2])), {"k": x - 1}


def mode_of(x, mode: str):
    if mode == "relu":
        return torch.relu(x)
    elif mode in ["tanh", "th"]:
        return torch.tanh(x)
    elif mode.startswith("sig"):
        return torch.sigmoid(x)
    raise ValueError("mode " + mode)


@case([X])
def string_switch(x):
    return mode_of(x, "relu") + mode_of(x, "th") * 2 + mode_of(x, "sigmoid") + len("abc".upper() + "_")


@case([X])
def string_ops(x):
    name = "layer_{}_{}".format(3, "a")
    parts = name.split("_")
    k = len(parts[0]) * int(name.find("3")) + (1 if "a" in parts else 0)
    for ch in "xyz":
        if ch == "y":
            k += 1000
    return x + k + len("-".join(parts))


def maybe(x, y: Optional[Tensor], k: Optional[int] = None):
    if y is not None:
        x = x + y
    if k is None:
        k = 3
    return x * k


@case([X, Y])
def optionals(x, y):
    return maybe(x, None) + maybe(x, y, 2)


@case([X], [X + 5])
def optional_loop(x):
    best: Optional[Tensor] = None
    for i in range(3):
        if best is None:
            best = x * i
        else:
            best = torch.maximum(best, x * i)
    assert best is not None
    return best


@case([X], [X + 5])
def optional_data(x):
    best: Optional[Tensor] = None
    if bool(x.sum() > 5):
        best = x + 1
    if best is not None:
        return best
    return x * 3


@case([X, Y])
def optional_given(x, y: Optional[Tensor] = None):
    if y is not None:
        return x + y
    return x


# ---- arithmetic on numbers ----
@case([X, 7, 2], [X, -7, 2], [X, 9, 4])
def int_math(x, a: int, b: int):
    q, r = a // b, a % b
    return x + q * 10 + r + abs(a) + max(a, b) - min(a, b) + a ** 2, -a, a / b


@case([X, 2.5, 1.25], [X, -2.5, 0.5])
def float_math(x, a: float, b: float):
    k = int(a) + math.floor(a) + math.ceil(b) + round(b + 0.1)
    return x * k + a / b + float(k) + math.sqrt(abs(a)) + (a if a > b else b)


@case([X, 5], [X, 0])
def int_compare(x, n: int):
    flags = [n == 5, n != 5, n < 3, n <= 5, n > 1, n >= 6, not (n == 0), bool(n)]
    k = 0
    for f in flags:
        k = k * 2 + int(f)
    return x + k


@case([X], [t(2, 5)], [t(4, 3)], shapes={"x": "float32[a,b]"})
def sizes_math(x):
    n, m = x.size(0), x.size(-1)
    half = (n * m + 1) // 2
    return x.reshape(-1)[:half] + n - m, x.numel(), len(x)


@case([t(2, 8)], [t(5, 8)], shapes={"x": "float32[n,8]"})
def for_dynamic_size(x):
    y = torch.zeros(8)
    for i in range(x.size(0)):
        y = y * 0.5 + x[i]
    return y


@case([X], [X + 2])
def item_numbers(x):
    n = int(x.sum() * 3)
    f = float(x.max())
    if n > 3:
        return x * f
    return x + n


@case([X, 2], fixed={"n": 2})
def fixed_int(x, n: int):
    l = [x]
    for i in range(n):
        l.append(l[-1] + i)
    if n > 1:
        return torch.cat(l)
    return x


@case([X, 3])
def math_constants(x, n: int):
    return x * math.pi + math.log(2.0) + math.exp(1.0) + math.pow(2.0, 3.0) + 7 // 2 + (1 << 4) + n


# ---- modules ----
class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        self.act = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})

    def forward(self, x):
        outs: List[Tensor] = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i % 2 == 0:
                outs.append(x)
        for name, act in self.act.items():
            x = act(x)
        return torch.cat(outs, 1) + x.sum()


case([X], [Y])(Layers)


class Block(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.depth = depth
        self.inner = Block(depth - 1) if depth else nn.Identity()
        self.scale: Optional[float] = 0.5 if depth % 2 else None

    def forward(self, x):
        y = self.fc(x)
        scale = self.scale
        if scale is not None:
            y = y * scale
        return self.inner(y) + x


class OptionalMissing(nn.Module):
    def forward(self, x, y: Optional[Tensor] = None, n: Optional[int] = None):
        if y is not None:
            x = x + y
        if n is not None:
            x = x + n
        return x * 2


case([X])(OptionalMissing)


class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(3)

    def forward(self, x):
        return self.block(x)


case([X], [Y])(Recursive)


class Cell(nn.Module):
    """A recurrent loop over time by hand."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(4, 5)

    def forward(self, x, h: Optional[Tensor] = None):
        if h is None:
            h = torch.zeros(x.size(1), 5)
        outs: List[Tensor] = []
        for step in x.unbind(0):
            h = self.cell(step, h)
            outs.append(h)
        return torch.stack(outs), h


case([t(3, 2, 4)], [t(3, 2, 4, seed=3)])(Cell)


class CellSteps(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(4, 5)

    def forward(self, x, steps: int):
        h, c = torch.zeros(2, 5), torch.zeros(2, 5)
        outs: List[Tensor] = []
        for i in range(steps):
            h, c = self.cell(x[i], (h, c))
            outs.append(h)
        return torch.stack(outs, 1).reshape(2, -1, 5), c


case([t(6, 2, 4), 3], [t(6, 2, 4), 6])(CellSteps)


class Gates(nn.Module):
    mode: str

    def __init__(self):
        super().__init__()
        self.mode = "sum"
        self.k = [2, 3]
        self.names = {"a": 1, "b": 2}
        self.lin = nn.Linear(3, 3)
        self.register_buffer("mask", torch.tensor([1.0, 0.0, 1.0]))

    def forward(self, x, train: bool = False):
        if self.training and train:
            x = x + 100
        for k in self.k:
            x = self.lin(x) * k
        if self.mode == "sum":
            x = x + self.names["b"]
        return x * self.mask


case([X, False], [Y, True])(Gates)


class Experts(nn.Module):
    """One of several modules, by the data."""

    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)])

    def forward(self, x):
        best = int(x.sum(0).argmax())
        y = x
        for i, e in enumerate(self.experts):
            if i == best:
                y = e(x)
        return y


case([torch.eye(3)[:2] * 3], [torch.tensor([[0.0, 0.0, 5.0]] * 2)], [X])(Experts)


class Counter(nn.Module):
    """A fixed point by iteration, with a limit."""

    def __init__(self):
        super().__init__()
        self.max_iter = 50

    def forward(self, x):
        i = 0
        y = x
        while i < self.max_iter:
            z = torch.cos(y)
            if bool((z - y).abs().max() < 1e-3):
                break
            y = z
            i += 1
        return y, i


case([X], [X + 1])(Counter)


@case([X, 1], [X, 3])
def none_or_tensor(x, n: int):
    """An argument that is None in one of the calls."""
    bias: Optional[Tensor] = None
    if n > 2:
        bias = x.sum(0)[:2]
    return torch.nn.functional.linear(x, torch.ones(2, 3) * 0.5, bias)


@case([X, Y, 1], [X, Y[:, :2], 1], [X, Y, 3], shapes={"y": "float32[2,?]"})
def sizes_equal(x, y, n: int):
    if x.size() == y.size():
        return x + n
    if [x.size(0), n] != [y.size(0), 3]:
        return x - n
    return x * n


@case([X, 1], [X, 3])
def rank_of_either(x, n: int):
    y = x if n > 2 else x[0]
    if y.dim() == 1:
        return y.sum()
    return y.sum() * 2 + y.dim()


class Attributes(nn.Module):
    """What a module can hold beside weights, in each form that TorchScript has for it."""
    tables: Dict[str, List[float]]
    pair: Tuple[int, str]
    either: Optional[float]
    missing: Optional[int]
    empty: List[int]
    nested: List[List[int]]

    def __init__(self):
        super().__init__()
        self.floats, self.flags, self.words = [0.5, 2.0, -1e10], [True, False], ["a", 'quo"ted\\ \n', "zwölf"]
        self.tables, self.by_number = {"x": [1.5, 2.5], "y": []}, {3: "drei", -4: "vier"}
        self.pair, self.either, self.missing = (7, "seven"), 1.25, None
        self.nested = [[1, 2], [], [3]]
        self.parts = {"w": t(3), "b": t(3, seed=2)}
        self.steps = [t(3), t(3, seed=1)]
        self.empty = []

    def forward(self, x):
        for f, flag in zip(self.floats, [True, False, True]):
            x = x * f if flag else x + f
        if self.flags[0] and not self.flags[1] and "zwölf" in self.words and self.words[1] == 'quo"ted\\ \n':
            x = x + len(self.words)
        x = x * self.tables["x"][1] + len(self.tables["y"]) + len(self.empty)
        if self.by_number[-4] == "vier" and self.pair[1] == "seven":
            x = x + self.pair[0]
        either, missing = self.either, self.missing
        if either is not None:
            x = x * either
        if missing is not None:
            x = x * missing
        for row in self.nested:
            x = x + len(row) * 10
        for step in self.steps:
            x = x + step
        return x * self.parts["w"] + self.parts["b"]


case([X], [Y])(Attributes)


@case([X, 3], [X, 0], [X, 5])
def grows_in_a_list(x, n: int):
    """The items of a list are of other sizes in later rounds."""
    parts = [x]
    total = torch.zeros(3)
    for i in range(n):
        last = parts[-1]
        total = total + last.sum(0) * last.size(0)
        parts.append(torch.cat([last, x]))
    return total, torch.cat(parts)


@case([X, 3], [X, 1], [X, 5])
def stacked_from_empty(x, n: int):
    parts: List[Tensor] = []
    for i in range(n):
        if i % 2 == 0:
            x = x + 1
        parts.append(x)
    return torch.stack(parts)


@case([X, 3], [X, 1])
def either_rank_in_a_list(x, n: int):
    parts: List[Tensor] = []
    for i in range(n):
        parts.append(x if i % 2 == 0 else x[0])
    total = torch.zeros(3)
    for p in parts:
        total = total + p.sum() * p.dim()
    return total


@case([X, 3], [X, 1])
def grows_from_empty(x, n: int):
    parts: List[Tensor] = []
    y = x
    for i in range(n):
        y = torch.cat([y, x])
        parts.append(y)
    return torch.cat(parts), y


@case((t(5, 3, 4), torch.tensor([5, 3, 2])), (t(5, 3, 4, seed=2), torch.tensor([5, 5, 1])))
class packed_lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.LSTM(4, 6, num_layers=2, bidirectional=True)

    def forward(self, x, lengths):
        out, (h, c) = self.net(nn.utils.rnn.pack_padded_sequence(x, lengths))
        return nn.utils.rnn.pad_packed_sequence(out)[0], h, c


@case((t(3, 5, 4), torch.tensor([2, 5, 3])), (t(3, 5, 4, seed=2), torch.tensor([5, 1, 4])))
class packed_gru_unsorted(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.GRU(4, 6, batch_first=True)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, h = self.net(packed)
        y, n = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, padding_value=-1.0)
        return y, h, n


@case((X, Y), (Y, X))
def two_lists_returned(x, y):
    a: List[Tensor] = []
    b: List[Tensor] = []
    for v in [x, y]:
        a.append(v * 2)
        b.append(v.sum(1))
    return a, b


@case((X, Y), (Y, X))
def list_changed_after_it_is_put_away(x, y):
    a = [x]
    pair = (a, y)
    a.append(y * 2)
    return pair[0][1], pair[1], len(pair[0])


@case((X, Y), (Y, X))
def lists_in_a_dict_returned(x, y):
    a: List[Tensor] = []
    b: List[Tensor] = []
    for v in [x, y]:
        a.append(v + 1)
        b.append(v - 1)
    return {"a": a, "b": b}


@case((X,), (Y,))
def texts_of_percent(x):
    d = {"k%d" % 1: x * 2, "%s-%%" % "k": x + 1}
    return d["k1"], d["k-%"]


@case((t(2, 3, 8), t(2, 3, 8, seed=1)))
def dim_asked_for_again_and_again(x, y):
    for _ in range(9):
        if x.dim() == 3:
            x = torch.relu(x.permute(0, 2, 1)).permute(0, 2, 1) + y
        else:
            x = x.unsqueeze(0)
    return x


@case((X, Y))
def tensors_of_lists(x, y):
    return torch.as_tensor([1, 2, x.size(0)]), torch.as_tensor([0.5, 2.0]), torch.as_tensor(x, dtype=torch.float64), y


@torch.jit.script
class Box:
    def __init__(self, at: Tensor, sizes: List[Tuple[int, int]]):
        self.at = at
        self.sizes = sizes
        self.n = 0

    def moved(self, by: float) -> "Tensor":
        self.at = self.at + by
        self.n += 1
        return self.at


@case((X, Y), (Y, X))
def objects_made_here(x, y):
    a, b = Box(x, [(2, 3)]), Box(y, [(4, 5), (6, 7)])
    t = a.moved(1.0)
    b.sizes.append((8, a.n))
    h, w = b.sizes[2]
    for _ in range(2):
        t = t + b.at * w
    return a.moved(0.5) + t, a.at, h, len(b.sizes), a.n


@case((X,), (Y,))
def without_gradients(x):
    with torch.no_grad():
        y = x * 2
    return y + x


@case((X, Y), (Y, X))
def lists_of_sizes(x, y):
    sizes = [v.shape[-2:] for v in [x, y]]
    grid: List[List[int]] = []
    for s in sizes:
        grid.append([s[0] * 2, s[1]])
    return x.new_zeros(grid[0]), torch.tensor(sizes[1]), len(grid)


@case((X,), (Y,))
class KeepsWhatItHas(nn.Module):
    def __init__(self):
        super().__init__()
        self.anchors = [t(2, 3, seed=1), t(2, 3, seed=2)]

    def forward(self, x):
        self.anchors = [a.to(dtype=x.dtype) for a in self.anchors]
        return x * self.anchors[0] + self.anchors[1], len(self.anchors)


# ---- the files ----
def flat(v):
    if isinstance(v, Tensor):
        return [v.detach().numpy()]
    if isinstance(v, (list, tuple)):
        return [a for e in v for a in flat(e)]
    if isinstance(v, dict):
        return [a for e in v.values() for a in flat(e)]
    if isinstance(v, bool):
        return [numpy.array(v)]
    if isinstance(v, int):
        return [numpy.array(v, numpy.int64)]
    return [numpy.array(v, numpy.float32)] if isinstance(v, float) else []


def spec(name, value, fixed, shapes):
    if name in fixed:
        return f"{name}={type(fixed[name]).__name__}:{fixed[name]}"
    if name in shapes:
        return f"{name}={shapes[name]}"
    a = flat(value)[0]
    return f"{name}={a.dtype}[{','.join(map(str, a.shape))}]"


def make(out, name, what, calls, fixed, shapes):
    torch.manual_seed(0)
    scripted = torch.jit.script(what().eval() if isinstance(what, type) else what)
    path = os.path.join(out, name)
    scripted.save(path + ".pt")
    scripted = torch.jit.load(path + ".pt")
    names = [a.name for a in scripted._c._get_method("forward").schema.arguments if a.name != "self"]
    arrays = {}
    for c, call in enumerate(calls):
        with torch.no_grad():
            want = scripted(*call)
        kept = [v for n, v in zip(names, call) if n not in fixed]
        for i, a in enumerate(x for v in kept for x in flat(v)):
            arrays[f"c{c}_i{i}"] = a
        for i, a in enumerate(flat(want)):
            arrays[f"c{c}_o{i}"] = a
    specs = [spec(n, v, fixed, shapes) for n, v in zip(names, calls[0])]
    with open(path + ".json", "w") as f:
        json.dump({"specs": specs, "calls": len(calls)}, f)
    numpy.savez(path + ".npz", **arrays)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, (what, *rest) in CASES.items():
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        try:
            make(sys.argv[1], name, what, *rest)
        except (RuntimeError, TypeError, AttributeError, KeyError, ValueError) as e:  # what this version does not have
            print(f"{name}: {str(e).strip().splitlines()[-1][:150]}", file=sys.stderr)


main()
