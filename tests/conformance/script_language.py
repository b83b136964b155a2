"""Networks whose code uses each construct that PyTorch's serialiser can write, for scripts.py: cases(torch) yields (name,
"script" or "trace", what makes the network, its inputs)."""
import enum
import math
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import torch
from torch import nn

F = torch.nn.functional
TABLE = {}


def case(*inputs, how="script"):
    """Registers a class of networks under its name in small letters."""
    def add(cls):
        TABLE[cls.__name__.lower()] = (how, cls, inputs)
        return cls
    return add


def x23():
    return torch.arange(6.0).reshape(2, 3)


# ---- enums ----
class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Scale(enum.Enum):
    HALF = 0.5
    TWICE = 2.0


@case(x23(), True)
class Enums(nn.Module):
    def __init__(self):
        super().__init__()
        self.color = Color.GREEN

    def pick(self, fast: bool) -> Mode:
        return Mode.FAST if fast else Mode.SLOW

    def forward(self, x, fast: bool):
        if self.color == Color.GREEN:
            x = x + self.color.value
        mode = self.pick(fast)
        if mode is Mode.FAST:
            x = x * 2
        if mode != Mode.SLOW:
            x = x - Scale.HALF.value
        return x, mode.name, Color.RED.name


@case(x23())
class Enum_loop(nn.Module):
    def forward(self, x):
        names: List[str] = []
        for c in Color:
            x = x + c.value
            names.append(c.name)
        table: Dict[str, Color] = {"a": Color.RED}
        return x, names, table["a"].value


# ---- items ----
@case(torch.ones(4, 4), torch.tensor([True, False, True, False]))
class Assign_items(nn.Module):
    def forward(self, x, mask):
        x[0] = x[1] * 2
        x[1:3, 0] = 5.0
        x[..., 1] += 1
        x[mask] = 0
        x[:, 2] = x[0]
        x[torch.tensor([0, 1])] *= 2
        x += 1
        x *= x
        x -= 2
        x /= 3
        return x


@case([1, 2, 3], {"a": 1})
class Assign_containers(nn.Module):
    def forward(self, xs: List[int], table: Dict[str, int]):
        xs[0] = 7
        xs[1] += 2
        xs[-1] *= 3
        table["b"] = xs[0]
        table["a"] += 1
        del xs[0]
        del table["a"]
        xs.insert(0, 4)
        xs.extend([5, 6])
        xs.pop()
        xs.reverse()
        xs.sort()
        ys = xs[1:] + xs[:2] * 2
        ys.remove(4)
        return xs, table, ys, ys.index(5), ys.count(5), xs.copy(), list(table.keys()), list(table.values()), table.get("z", 3)


@case(x23())
class Counts(nn.Module):
    last: Optional[torch.Tensor]

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.names = ["made"]
        self.table = {1: [0.5], 2: [1.0]}
        self.register_buffer("seen", torch.zeros(3))
        self.register_buffer("gone", None)
        self.last = None

    def forward(self, x):
        self.calls += 1
        self.names.append(f"call {self.calls}")
        self.table[3] = [float(self.calls)]
        self.seen += x.sum(0)
        self.last = x
        last = self.last
        assert last is not None
        return x * self.calls + last, len(self.table)


# ---- classes ----
@torch.jit.interface
class Worker(nn.Module):
    def work(self, x: torch.Tensor, n: int) -> torch.Tensor:
        pass

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pass


class Add(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = nn.Parameter(torch.full((3,), by))

    def work(self, x: torch.Tensor, n: int) -> torch.Tensor:
        return x + self.by * n

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.work(x, 1)


class Mul(nn.Module):
    def work(self, x: torch.Tensor, n: int) -> torch.Tensor:
        return x * n

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 3


class Workers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Add(2.0), Mul()

    def forward(self, x):
        return self.first.forward(self.second.work(x, 2)) + self.first.work(x, 3)


@case(x23())
class Interfaces(Workers):
    first: Worker
    second: Worker
    plain = Workers  # the same, its modules no interfaces


class Pair(NamedTuple):
    x: torch.Tensor
    name: str


class Deep(NamedTuple):
    pair: Pair
    sizes: List[int]
    extra: Optional[torch.Tensor]


@case(x23())
class Named_deep(nn.Module):
    def build(self, x, name: str) -> Deep:
        return Deep(Pair(x, name), x.size(), None)

    def forward(self, x):
        d = self.build(x, "first")
        x, name = d.pair
        pairs = [d.pair, Pair(x + 1, "second")]
        total = pairs[0].x + pairs[-1].x
        extra = d.extra
        if extra is not None:
            total = total + extra
        return d, total, name, d.sizes[0], d[0][1]


class Stack:
    """A class of TorchScript's own."""

    def __init__(self, x: torch.Tensor, depth: int = 2):
        self.items = [x]
        self.depth = depth

    def push(self, x: torch.Tensor) -> int:
        self.items.append(x)
        return len(self.items)

    @staticmethod
    def twice(x: torch.Tensor):
        return x * 2

    @property
    def top(self) -> torch.Tensor:
        return self.items[-1]

    def __add__(self, other: "Stack") -> "Stack":
        s = Stack(self.items[0], self.depth + other.depth)
        for item in other.items:
            s.push(item)
        return s

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, n: int) -> bool:
        return n < self.depth

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.items[i]


@case(x23())
class Classes(nn.Module):
    def forward(self, x):
        s = Stack(x)
        n = s.push(Stack.twice(x))
        t = s + Stack(x, 5)
        if 3 in t:
            x = x + len(t)
        return t.top + t[0] * n + x, t.depth


@case(x23())
class Class_kept(nn.Module):
    def __init__(self):
        super().__init__()
        self.options: Tuple[int, Optional[str], List[Tuple[str, float]]] = (1, None, [("a", 0.5)])

    def forward(self, x):
        n, name, pairs = self.options
        if name is None:
            name = "none"
        return x * n + pairs[0][1], name


@case(x23())
class State(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(3))
        self.n = 2

    @torch.jit.export
    def __getstate__(self) -> Tuple[torch.Tensor, int, bool]:
        return self.w * self.n, self.n, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[torch.Tensor, int, bool]):
        self.w = state[0] / state[1]
        self.n = state[1]
        self.training = state[2]

    def forward(self, x):
        return x * self.w + self.n


# ---- with, fork ----
class Timer:
    def __init__(self, n: int):
        self.n = n

    def __enter__(self) -> int:
        self.n += 1
        return self.n

    def __exit__(self, type: Any, value: Any, tb: Any):
        self.n -= 1


@case(x23())
class Withs(nn.Module):
    def forward(self, x):
        with torch.no_grad():
            y = x * 2
        with Timer(3) as n:
            y = y + n
            with Timer(1):
                x = x + y
        return x, y


class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x, n: int = 1):
        return self.fc(x) * n

    @torch.jit.export
    def other(self, x, y):
        return x + y, x - y


def outside(x, y: torch.Tensor, n: int = 2):
    return torch.relu(x) + y * n


@case(x23())
class Forks(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Slow(), Slow()

    def forward(self, x):
        fs: List[torch.jit.Future[torch.Tensor]] = []
        for i in range(3):
            fs.append(torch.jit.fork(self.a, x + i))
        f = torch.jit.fork(self.b.other, x, x * 2)
        g = torch.jit.fork(outside, x, y=x)
        p, q = torch.jit.wait(f)
        total = p * q + torch.jit.wait(g)
        for one in fs:
            total = total + torch.jit.wait(one)
        return total


@case(x23())
class Fork_nested(nn.Module):
    def inner(self, x, n: int):
        if n > 1:
            return x * n
        return x

    def middle(self, x):
        f = torch.jit.fork(self.inner, x, 2)
        g = torch.jit.fork(self.inner, x, 3)
        return torch.jit.wait(f) + torch.jit.wait(g)

    def forward(self, x):
        return torch.jit.wait(torch.jit.fork(self.middle, x)) + 1


# ---- types ----
@case(x23(), 3)
class Returns(nn.Module):
    def forward(self, x, n: int):
        if n == 1:
            return x, "one"
        for i in range(n):
            if i == 2:
                return x * i, "loop"
            if bool(x.sum() > 100):
                continue
            x = x + 1
        while True:
            x = x - 1
            if bool(x.sum() < 0):
                return x, "while"
        return x, "end"


@case(x23(), 2)
class Raises(nn.Module):
    def forward(self, x, n: int):
        if n > 10:
            raise ValueError(f"{n} is \"much\"\n")
        elif n > 5:
            raise RuntimeError("bad")
        assert n < 9, "n " + str(n)
        y: Optional[int] = None
        if n > 1:
            y = n
        assert y is not None
        return x * y


@case(x23(), "a", 2)
class Any_types(nn.Module):
    def kind(self, v: Any) -> str:
        if isinstance(v, int):
            return "int" + str(v + 1)
        if isinstance(v, (str, float)):
            return "str or float"
        if isinstance(v, torch.Tensor):
            return "tensor of " + str(v.dim())
        if isinstance(v, List[int]):
            return "list"
        return "other"

    def size(self, v: Union[int, List[int], str]) -> int:
        if isinstance(v, int):
            return v
        elif isinstance(v, str):
            return len(v)
        else:
            return v[0]

    def forward(self, x, s: str, n: int):
        a: List[Any] = [1, "b", x]
        return self.kind(x), self.kind(s), self.kind(n), self.size(s) + self.size(n) + self.size([n]), len(a)


@case(x23(), None)
class Optionals(nn.Module):
    def forward(self, x, y: Optional[torch.Tensor] = None, names: Optional[List[str]] = None, f: Optional[float] = None):
        if y is None:
            y = x * 2
        z = y if f is None else y * f
        if names is not None and len(names) > 1:
            z = z + len(names)
        out: Dict[str, Optional[torch.Tensor]] = {"a": z, "b": None}
        b = out["b"]
        if b is None or z.dim() > 2:
            return z
        return b


@case(x23())
class Constants(nn.Module):
    __constants__ = ["eps", "kind"]

    def __init__(self):
        super().__init__()
        self.eps = 1e-5
        self.kind = "k"
        self.dims: "torch.jit.Final[List[int]]" = [1, 2]
        self.shape: "torch.jit.Final[Tuple[int, float]]" = (3, 0.5)
        self.c: "torch.jit.Final[complex]" = 1 - 2j

    def forward(self, x):
        y = torch.full((2, 3), float("inf")) - float("-inf") + x
        z = torch.where(y == math.inf, torch.tensor(float("nan")), x)
        c = self.c * 2j + complex(1, 2) - complex(x.size(0), 0.5)
        big = 9223372036854775807 - 1
        small = [1e300, 1e-300, 0.1, 1.0, 12345.0, -0.0, -1.5]
        return z + self.eps, c, big, small, self.dims[1], self.shape[0], -9223372036854775807, 1 << 40, 7 // 2, -7 % 3


@case(x23())
class Strings(nn.Module):
    def forward(self, x):
        a = "tab\t nl\n quote\" apostrophe' back\\ bell\a nul\0 cr\r vt\v esc\x1b del\x7f"
        b = "é ü 漢字 😀"
        c = a.upper() + b.strip() + ", ".join(["x", "y"]) + a[1:3] + b[-1]
        d = "{} is {}".format(x.size(0), "two") + f"{x.size(1)}" + str(x.dtype) + "%d of %s" % (3, "s")
        if "nl" in a and not a.startswith("x") and a.find("q") > 0 and a < b:
            c = c.replace("t", "T")
        print(d, x)
        warnings.warn("careful")
        return d, c == d, len(a), ord("a"), a == b, int("3"), float("2.5"), chr(65)


@case(x23())
class Dtypes(nn.Module):
    def forward(self, x):
        d = torch.device("cpu")
        y = torch.zeros([2, 3], dtype=torch.float64, device=d)
        z = torch.ones(3, dtype=x.dtype, device=x.device, layout=torch.strided)
        if x.device == d or x.is_cuda or x.dtype == torch.half:
            y = y.to(torch.float32)
        w = x.to(device="cpu", dtype=torch.int32, memory_format=torch.preserve_format)
        return y + z, w, x.device.type, x.is_sparse, x.requires_grad, x.layout, x.ndim, x.T, x.data, x.is_quantized


# ---- long and odd ----
@case(x23())
class Long(nn.Module):
    def forward(self, x):
        y = ((x + 1) * (x + 2) - (x + 3) / (x + 4)) * ((x - 1) * (x - 2) + torch.sigmoid(torch.tanh(torch.relu(x * x + x - x)))) + (
            torch.cat([x, x + 1, x + 2, x + 3, x + 4, x + 5], 0).sum() * torch.stack([x, x, x]).mean(0).mean() + x.abs().sqrt().exp().log1p())
        n = x.size(0) + x.size(1) * 2 - x.size(0) // (x.size(1) + 1) + max(x.size(0), x.size(1), 3) - min(1, x.dim()) + abs(-3)
        return y * n if (n > 3 and x.dim() == 2) or (n < -3 and not x.dim() > 5) else y


@case(x23())
class Comprehensions(nn.Module):
    def forward(self, x):
        a = [i * 2 for i in range(5)]
        b = [str(i) for i in a]
        c = {i: i + 1 for i in a}
        d = [x[i] for i in range(x.size(0))]
        e = [(i, s) for i, s in zip(a, b)]
        total = 0
        for i, (j, s) in enumerate(e):
            total += i * j * len(s)
        for i in range(10, 0, -3):
            total += i
        for row in x:
            total += int(row.sum().item())
        for ch in "abc":
            total += len(ch)
        for k, v in c.items():
            total += k * v
        for k in c:
            total += k
        return torch.stack(d), total, sum(a), any([True, False]), all([True]), sorted([3, 1]), max(a), a[::2], a[::-1]


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("if-it", torch.ones(3))
        self.register_parameter("a b", nn.Parameter(torch.ones(3)))
        self.add_module("0", nn.Linear(3, 3))

    def forward(self, x):
        return getattr(self, "0")(x) + getattr(self, "if-it")


@case(x23())
class Names(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({"a-b": nn.Linear(3, 3), "is-it": nn.ReLU(), "2": nn.Tanh()})
        self.ps = nn.ParameterList([nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))])
        self.seq = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), nn.Identity()))

    def forward(self, x):
        for name, head in self.heads.items():
            x = head(x) + len(name)
        for p in self.ps:
            x = x + p
        for i, m in enumerate(self.seq):
            x = m(x) * i
        return self.heads["a-b"](x), len(self.seq)


@case(x23(), how="trace")
class Names_traced(nn.Module):
    def __init__(self):
        super().__init__()
        self.odd = Odd()
        self.list = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])

    def forward(self, x):
        y = self.odd(x)
        for m in self.list:
            y = m(y)
        y = y.clone()
        y[0] = 1.0
        y[:, 1:] += x[:, 1:]
        return {"a": y, "b": (x, [y, x])}["b"]


class Branch(nn.Module):
    def forward(self, x, n: int):
        if n > 1:
            return x * 2
        return x


@case(x23(), how="trace")
class Mixed(nn.Module):
    """A traced network with a scripted part."""

    def __init__(self):
        super().__init__()
        self.part = torch.jit.script(Branch())
        self.free = torch.jit.script(outside)

    def forward(self, x):
        return self.free(self.part(x, 3), x) + self.part(x, 1)


@case(x23())
class Mixed_traced(nn.Module):
    """A scripted network with a traced part."""

    def __init__(self):
        super().__init__()
        self.part = torch.jit.trace(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), x23())

    def forward(self, x):
        for _ in range(2):
            x = self.part(x)
        return x


@case(x23())
class Hooks(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = Add(1.0)

        def before(self, input: Tuple[torch.Tensor]) -> Tuple[torch.Tensor]:
            return (input[0] * 2,)

        def after(self, input: Tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
            return output + input[0]

        self.fc.register_forward_pre_hook(before)
        self.fc.register_forward_hook(after)

    def forward(self, x):
        return self.fc(x)


@case(x23())
class Exports(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    @torch.jit.ignore
    def python(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.jit.unused
    def not_used(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.jit.export
    def named(self, x, k: int, name: str):
        return x * k, name

    @torch.jit.export
    def predict(self, x, k: int = 3, name: str = "a", scale: float = 0.5, flags: Tuple[bool, bool] = (True, False)):
        return self.fc(x) * k * scale

    def forward(self, x):
        if torch.jit.is_scripting():
            x = x + 1
        else:
            x = self.not_used(x)
        if self.training:
            x = self.not_used(x)
        return self.predict(x, 1, "b", flags=(False, False), scale=2.0), self.named(name="n", k=2, x=x)


@case(x23())
class Inplace(nn.Module):
    def forward(self, x):
        y = torch.empty_like(x)
        torch.add(x, 1, out=y)
        y.relu_().mul_(2).clamp_(min=0.5)
        a, b = torch.max(x, dim=1)
        c = torch.sort(x, descending=True)
        u, s, v = torch.svd(x)
        lo, hi = x.chunk(2)
        p, q = torch.split(x, [1, 1])
        m, rest = (1, 2)
        return y, a, c.values, c[1], lo + hi, p, q, torch.max(x, dim=0).indices, s, m, rest


@case(x23())
class Maths(nn.Module):
    def forward(self, x):
        n, f = x.size(0), float(x.size(1))
        a = math.sqrt(f) + math.floor(f) + math.ceil(f / 2) + math.pi + math.exp(1.0) + math.log(f) + math.pow(f, n) + n ** 2 + f ** 0.5
        b = round(f) + int(f) + divmod(7, n)[0] + (n & 3) + (n | 4) + (n ^ 1) + (n << 2) + (n >> 1)
        c = x.sum().item()
        t = torch.tensor([[1, 2], [n, 4]], dtype=torch.float) @ torch.rand(2, 2)
        return a, b, float(c), t.shape, t.size(), torch.tensor(n).item() == 2, float(t.sum() > 0)


@case(x23())
class To_list(nn.Module):
    def forward(self, x):
        a: List[List[float]] = x.tolist()
        b: List[int] = x[0].to(torch.int64).tolist()
        c: bool = (x.sum() > 0).tolist()
        n: int = int(x.sum())
        return a[0], b, c, n


class Plain(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.quant, self.dequant = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()

    def forward(self, x):
        return self.dequant(self.net(self.quant(x)))


def quantised(per_channel):
    def make():
        torch.backends.quantized.engine = "qnnpack" if not per_channel else "fbgemm"
        ao = torch.ao.quantization
        m = Plain(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))).eval()
        m.qconfig = ao.get_default_qconfig("fbgemm" if per_channel else "qnnpack")
        ao.prepare(m, inplace=True)
        m(torch.rand(1, 3, 4, 4))
        return ao.convert(m, inplace=True)
    return make


def dynamic():
    torch.backends.quantized.engine = "qnnpack"
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), {nn.Linear}, dtype=torch.qint8)


class Library(nn.Module):
    """Operators of a library that only its user has."""

    def forward(self, x):
        y = torch.ops.onnxsh_test.twice(x)
        a, b = torch.ops.onnxsh_test.halves(y, 2)
        return torch.ops.onnxsh_test.twice(a) + b


kept = None


def library():
    global kept
    if kept:
        return Library()
    kept = torch.library.Library("onnxsh_test", "DEF")
    kept.define("twice(Tensor x) -> Tensor")
    kept.define("halves(Tensor x, int n) -> (Tensor, Tensor)")
    kept.impl("twice", lambda x: x * 2, "CompositeImplicitAutograd")
    kept.impl("halves", lambda x, n: (x / n, x - n), "CompositeImplicitAutograd")
    return Library()


OTHERS = {"quantised": quantised(False), "quantised_channels": quantised(True), "quantised_dynamic": dynamic,
          "library": library}


def cases():
    for name, (how, make, inputs) in TABLE.items():
        yield name, how, make, inputs
    for name, make in OTHERS.items():
        for how in ("trace", "script"):
            yield name, how, make, (x23(),) if name in ("library", "quantised_dynamic") else (torch.rand(1, 3, 4, 4),)
