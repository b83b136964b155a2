#!/usr/bin/env python3
"""Makes TorchScript archives with the PyTorch that runs this, for test_torchscript.py.

usage: scripts.py OUT_DIR [NAME...]

For each: NAME.pt; NAME.graph.txt and NAME.inlined.txt, what torch.jit.load(...) says of it; NAME.scopes.txt, of a traced
network the operators of its graph before it was saved, with their modules, and NAME.traced.txt, that graph, with the types
that the tracer saw; NAME.io.npz, inputs and PyTorch's outputs. Of those of script_language.py there are graphs alone.
"""
import os
import sys
import warnings
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy
import script_language
from trace_models import NAMES, SIZES, import_torchvision, scopes_of, seed_statistics

warnings.filterwarnings("ignore")
torch, models = import_torchvision()
nn, F = torch.nn, torch.nn.functional
SCRIPTED = """alexnet vgg11_bn resnet18 squeezenet1_1 densenet121 googlenet mobilenet_v2 mobilenet_v3_small mnasnet0_5
shufflenet_v2_x0_5 efficientnet_b0 regnet_y_400mf convnext_tiny inception_v3""".split()


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8))
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3))) + 1.5


class Twice(nn.Module):
    """One module called twice, weights shared by two."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(torch.relu(self.a(x))) + self.a(x[:, 1:3].repeat(1, 2))


class Tied(nn.Module):
    """What words become and what they are guessed from is one weight, as in models of language."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5000, 64)
        self.decoder = nn.Linear(64, 5000)
        self.decoder.weight = self.embedding.weight

    def forward(self, ids):
        return self.decoder(torch.tanh(self.embedding(ids)))


class Recurrent(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.rnn = kind(4, 5, **options)

    def forward(self, x):
        y, state = self.rnn(x)
        return (y, state[0], state[1]) if isinstance(state, tuple) else (y, state)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, ids):
        return F.log_softmax(self.layer(self.embed(ids)), -1)


class Branches(nn.Module):
    def forward(self, x, n: int):
        if n > 2:
            y, z = x + 1, x * 2
        elif n == 0:
            y, z = x - 1, x
        else:
            z = x * 3
            y = z
        return y + z


class Loops(nn.Module):
    def forward(self, x, n: int):
        out: List[torch.Tensor] = []
        total = torch.zeros_like(x)
        for i in range(n):
            if i % 2 == 0:
                x = x + i
            else:
                x = x * 0.5
                if i > 5:
                    break
            total = total + x
            out.append(x)
        while bool(total.sum() < 30.0) and n < 50:
            total = total + 1
            n += 1
        return torch.stack(out), total, n


class Containers(nn.Module):
    def forward(self, x, table: Dict[str, torch.Tensor], extra: Optional[torch.Tensor] = None):
        pair: Tuple[int, str] = (x.dim(), "a")
        sizes = [d * 2 for d in x.shape]
        if extra is not None:
            x = x + extra
        elif "b" in table:
            x = x + table["b"]
        for k, v in table.items():
            x = x + v * len(k)
        assert x.dim() == pair[0], "the rank stays"
        return x.reshape(-1)[: sizes[0] // 2] + table[pair[1]].sum(), f"{pair[0]} dims"


class Point(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


class Named(nn.Module):
    scale: float

    def __init__(self):
        super().__init__()
        self.scale = 2.0
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.bias = None

    def make(self, x) -> Point:
        return Point(x * self.scale, x + 1)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        p = self.make(x)
        if self.bias is not None:
            x = x + self.bias
        return p.x + p.y, x


class Forked(nn.Module):
    def forward(self, x):
        f = torch.jit.fork(torch.relu, x)
        y = torch.sigmoid(x)
        return torch.jit.wait(f) + y


class Functional(nn.Module):
    def forward(self, x):
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = F.pad(F.max_pool2d(F.gelu(x), 2), [1, 1, 0, 0])
        return F.layer_norm(F.dropout(x, 0.5, self.training), [x.shape[-1]]), F.softmax(x.flatten(1), dim=1)


def image(size=64):
    return (torch.rand(1, 3, size, size),)


def cases():
    for name in NAMES:
        yield name, "trace", lambda name=name: models.__dict__[name](weights=None, num_classes=10), image(SIZES.get(name, 64))
    for name in SCRIPTED:
        yield name, "script", lambda name=name: models.__dict__[name](weights=None, num_classes=10), image(SIZES.get(name, 64))
    small = [("mlp", Mlp, image(8)), ("twice", Twice, (torch.rand(3, 4),)),
             ("tied", Tied, (torch.randint(0, 5000, (2, 3)),)),
             ("lstm", lambda: Recurrent(nn.LSTM, num_layers=2, bidirectional=True), (torch.rand(3, 2, 4),)),
             ("gru", lambda: Recurrent(nn.GRU), (torch.rand(3, 2, 4),)),
             ("attention", Attention, (torch.randint(0, 20, (2, 5)),)), ("functional", Functional, image(6)),
             ("named", Named, (torch.rand(2, 4),))]
    for name, make, inputs in small:
        yield name, "trace", make, inputs
        yield name, "script", make, inputs
    x = torch.rand(2, 3)
    yield "branches", "script", Branches, (x, 1)
    yield "loops", "script", Loops, (x, 4)
    yield "containers", "script", Containers, (x, {"a": x, "b": x + 1})
    yield "forked", "script", Forked, (x,)
    yield from script_language.cases()


def flat(v):
    if isinstance(v, torch.Tensor):
        return [v.detach().numpy()]
    if isinstance(v, (list, tuple)):
        return [a for e in v for a in flat(e)]
    if isinstance(v, dict):
        return [a for e in v.values() for a in flat(e)]
    return [numpy.array(v)] if isinstance(v, (int, float)) else []


def inline_forks(block):
    """PyTorch leaves the calls inside of what is forked: its own pass puts the functions in their place."""
    for node in block.nodes():
        if node.kind() == "prim::fork":
            body = node.g("Subgraph")
            torch._C._jit_pass_inline(body)
            inline_forks(body)
        for inner in node.blocks():
            inline_forks(inner)


def resolved(model, graph, base):
    """PyTorch leaves calls through interfaces; here they are inlined, as PyTorch does where the attributes are modules."""
    if not hasattr(model, "plain"):
        return graph
    twin = model.plain()
    torch.jit.script(twin.eval()).save(base + ".plain")
    text = str(torch.jit.load(base + ".plain").inlined_graph)
    os.remove(base + ".plain")
    return text.replace(type(twin).__name__, type(model).__name__)


def make(out, name, how, build, inputs):
    torch.manual_seed(0)
    model = build().eval()
    with torch.no_grad():
        if any(isinstance(m, nn.BatchNorm2d) for m in model.modules()):
            seed_statistics(torch, model, inputs[0])
        module = torch.jit.trace(model, inputs, check_trace=False) if how == "trace" else torch.jit.script(model)
        graphs_alone = (name in script_language.TABLE or name in script_language.OTHERS) and not hasattr(model, "plain")
        want = [] if graphs_alone else flat(module(*inputs))
    base = os.path.join(out, f"{name}.{how}")
    if how == "trace" and not graphs_alone:
        with open(base + ".scopes.txt", "w") as f:
            f.write("\n".join(scopes_of(module.inlined_graph)))
        with open(base + ".traced.txt", "w") as f:
            f.write(str(module.inlined_graph))
    module.save(base + ".pt")
    loaded = torch.jit.load(base + ".pt")
    for what in ("graph", "inlined_graph"):
        graph = getattr(loaded, what)
        if what == "inlined_graph":
            inline_forks(graph)
            graph = resolved(model, graph, base)
        with open(f"{base}.{what.split('_')[0]}.txt", "w") as f:
            f.write(str(graph))
    if graphs_alone:
        return
    tensors = [a for i in inputs for a in flat(i)]
    numpy.savez(base + ".io.npz", **{f"in{i}": a for i, a in enumerate(tensors)}, **{f"out{i}": a for i, a in enumerate(want)})


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, how, build, inputs in cases():
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        try:
            make(sys.argv[1], name, how, build, inputs)
        except (RuntimeError, TypeError, AttributeError, KeyError, ValueError) as e:  # what this version does not have
            print(f"{name}.{how}: {str(e).strip().splitlines()[-1][:150]}", file=sys.stderr)


main()
sys.stderr.flush()
os._exit(0)  # the threads that ran a fork make PyTorch 1.13 abort at an ordinary end
