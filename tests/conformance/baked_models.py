#!/usr/bin/env python3
"""Traces networks whose code computes with sizes as numbers, each at several sizes, with the PyTorch that runs this.

usage: baked_models.py OUT_DIR [NAME...]

For each network: NAME.0.pt, NAME.1.pt, ..., the traces; NAME.0.onnx, ..., PyTorch's own export of each, if it has one;
NAME.json, the input specifications of each trace, which dims are to be dynamic, and whether all sizes can be proved;
NAME.npz, inputs of yet another size with PyTorch's outputs, and inputs of the size of the first trace with theirs.
"""
import contextlib
import inspect
import json
import math
import os
import sys
import warnings

import numpy
from trace_models import import_torchvision, seed_statistics

warnings.filterwarnings("ignore")
torch, models = import_torchvision()
nn, F = torch.nn, torch.nn.functional


def ints(shape):
    return [int(d) for d in shape]


class Flatten(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 4, 5)

    def forward(self, x):
        y = F.adaptive_avg_pool2d(F.relu(self.conv(x)), 2)
        return self.fc(y.view(int(y.size(0)), -1))


class WordModel(nn.Module):
    """The LSTM of the word language model; its state is given, or made in the size of the batch."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.encoder = nn.Embedding(11, 6)
        self.rnn = nn.LSTM(6, 8, 2)
        self.decoder = nn.Linear(8, 11)

    def forward(self, ids, h, c):
        n, batch = ints(ids.shape)
        if self.inner:
            h = c = self.encoder.weight.new_zeros(2, batch, 8)
        y, (h, c) = self.rnn(self.encoder(ids), (h, c))
        decoded = self.decoder(y.view(n * batch, 8))
        return decoded.view(n, batch, 11), h, c


class WordModelInner(WordModel):
    def __init__(self):
        super().__init__(True)

    def forward(self, ids):
        return WordModel.forward(self, ids, None, None)


class Attention(nn.Module):
    def __init__(self, dim, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = ints(x.shape)
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        w = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)
        if self.causal:
            w = w.masked_fill(torch.tril(torch.ones(n, n)).view(1, 1, n, n) == 0, -1e4)
        y = (w.softmax(-1).view(b * self.heads, n, n) @ v.reshape(b * self.heads, n, d // self.heads))
        return self.out(y.view(b, self.heads, n, d // self.heads).transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, dim, heads, causal):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(dim), Attention(dim, heads, causal)
        self.mlp = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm(x))
        return x + self.mlp(x)


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(13, 8), nn.Embedding(32, 8)
        self.blocks = nn.Sequential(Block(8, 2, True), Block(8, 2, True))

    def forward(self, ids):
        b, n = ints(ids.shape)
        at = torch.arange(0, n).unsqueeze(0).expand(b, n)
        x = self.blocks(self.token(ids.reshape(b * n)).view(b, n, 8) + self.place(at))
        return x[:, int(n) - 1, :], x


class Vit(nn.Module):
    """Patches of 4; their places are added, so that the sizes of the image stay."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.first, self.place = nn.Parameter(torch.rand(1, 1, 8)), nn.Parameter(torch.rand(1, 7, 8))
        self.blocks = nn.Sequential(Block(8, 2, False), Block(8, 2, False))

    def forward(self, x):
        b, _, h, w = ints(x.shape)
        y = self.patch(x).reshape(b, 8, (h // 4) * (w // 4)).permute(0, 2, 1)
        y = torch.cat([self.first.expand(b, -1, -1), y], 1) + self.place
        return self.blocks(y)[:, 0]


class Patches(nn.Module):
    """Images cut into windows of 4 and put together again, as the window attention of Swin does."""

    def __init__(self):
        super().__init__()
        self.block = Block(6, 2, False)

    def forward(self, x):
        b, h, w, c = ints(x.shape)
        y = x.view(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b * (h // 4) * (w // 4), 16, c)
        y = self.block(y).view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        return y.reshape(b, h, w, c)


class Pyramid(nn.Module):
    """Maps that are scaled to sizes computed from those of others."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)])
        self.up = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        a = F.relu(self.down[0](x))
        b = F.relu(self.down[1](a))
        up = self.up(F.interpolate(b, size=ints(a.shape[2:]), mode="nearest")) + a
        h, w = ints(up.shape[2:])
        return (F.interpolate(up, size=(2 * h, 2 * w), mode="bilinear", align_corners=False),
                F.interpolate(b, size=ints(x.shape[2:]), mode="nearest"))


class Relative(nn.Module):
    """Biases by distance: 2 n - 1 of them, which takes three traces to prove."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Embedding(40, 2)

    def forward(self, x):
        n = int(x.shape[1])
        table = self.bias(torch.arange(2 * n - 1))
        i = torch.arange(n)
        distance = i.view(n, 1) - i.view(1, n) + (n - 1)
        return x + table.index_select(0, distance.reshape(n * n)).view(n, n, 2).sum(1).view(1, n, 2)


class Halves(nn.Module):
    """Halves, ends, repetitions and means by the count."""

    def forward(self, x):
        b, n, c = ints(x.shape)
        a, z = torch.split(x, [n // 2, n - n // 2], 1)
        y = torch.cat([a.repeat(1, 2, 1), z.new_full((b, 1, c), 0.5)], 1)
        mean = x.sum(1) / n
        last = x.narrow(1, n - 2, 2)
        return y[:, : n // 2 + 1], mean, last, x.flip(1).reshape(n * b, c).view(b, n * c)


class Past(nn.Module):
    """A cache that is joined with what is new: places go on behind it."""

    def __init__(self):
        super().__init__()
        self.place = nn.Embedding(64, 4)

    def forward(self, x, past):
        b, n, _ = ints(x.shape)
        old = int(past.shape[1])
        y = torch.cat([past, x + self.place(torch.arange(old, old + n))], 1)
        mask = torch.ones(n, old + n).tril(old)
        return mask @ y.view(b, old + n, 4), y


class Segmentation(nn.Module):
    """A map of classes that is scaled to the size of the image."""

    def __init__(self):
        super().__init__()
        self.net = models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=4)

    def forward(self, x):
        return self.net(x)["out"]


# ---- sizes that cannot be proved ----
class Root(nn.Module):
    """A float that is computed from a size."""

    def forward(self, x):
        return x / math.sqrt(int(x.shape[1]))


class Odd(nn.Module):
    """A size that is no simple form of sizes."""

    def forward(self, x):
        n = int(x.shape[1])
        return torch.cat([x, x.new_zeros(int(x.shape[0]), n * n * n % 11 + 3)], 1)


class Table(nn.Module):
    """A tensor that Python computed from a size."""

    def forward(self, x):
        return x + torch.tensor([math.sin(i) for i in range(int(x.shape[1]))])


class Crops(nn.Module):
    """A UNet without padding: what is joined is cropped to the smaller one, from the middle."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(i, o, 3) for i, o in ((3, 4), (4, 8), (8, 8)))
        self.inner, self.outer = nn.Conv2d(16, 4, 3), nn.Conv2d(8, 4, 3)
        self.up = nn.ConvTranspose2d(4, 4, 2, 2)

    @staticmethod
    def joined(a, b):
        (h, w), (y, x) = ints(b.shape[2:]), ((m - n) // 2 for m, n in zip(ints(a.shape[2:]), ints(b.shape[2:])))
        return torch.cat([a[:, :, y:y + h, x:x + w], b], 1)

    def forward(self, x):
        a = F.relu(self.down[0](x))
        b = F.relu(self.down[1](F.max_pool2d(a, 2)))
        c = F.relu(self.down[2](F.max_pool2d(b, 2)))
        c = F.interpolate(c, size=[2 * d for d in ints(c.shape[2:])], mode="bilinear", align_corners=False)
        y = self.outer(self.joined(a, self.up(F.relu(self.inner(self.joined(b, c))))))
        return F.interpolate(y, size=ints(x.shape[2:]), mode="nearest")


class Cross(nn.Module):
    """A mask of two lengths, in a triangle that ends where both end."""

    def forward(self, x, y):
        n, m = int(x.shape[1]), int(y.shape[1])
        return (x @ y.transpose(1, 2)).masked_fill(torch.ones(n, m).tril(m - n) == 0, -1e9).softmax(-1)


class Boxes(nn.Module):
    """Boxes in the size of an image: a tensor of sizes, as integers and as floats."""

    def forward(self, x, boxes):
        h, w = ints(x.shape[2:])
        whole = torch.tensor([w, h, w, h])
        return boxes * whole + x.mean(), boxes / torch.tensor([w, h, w, h], dtype=torch.float32)


class Made(nn.Module):
    """Tensors that are made in a size, and shifts by one."""

    def forward(self, x):
        batch, n, c = ints(x.shape)
        line = torch.linspace(-1, 1, n)
        chosen = F.one_hot(x.argmax(1), n).float()
        return (torch.eye(n) @ x, torch.eye(n, n + 1), line[:, None] * x, chosen, torch.roll(x, n // 2, 1), torch.roll(x, -n + 1, 1),
                F.layer_norm(x, (n, c)), x[:, -(n // 3):], x[:, torch.arange(n - 1, -1, -1)],
                x[:, torch.arange(n - 1, 1, -2)])


class Chance(nn.Module):
    """Twice the batch, which may be the length as well."""

    def forward(self, x):
        return torch.zeros(2 * int(x.shape[0]), 3) + x.mean()


@contextlib.contextmanager
def all_sizes_baked():
    """What networks ask for as a size is a plain number, as if each had called int()."""
    size, shape = torch.Tensor.size, torch.Tensor.shape

    def untraced(fn):
        def call(*args):
            state = torch._C._get_tracing_state()
            torch._C._set_tracing_state(None)
            try:
                return fn(*args)
            finally:
                torch._C._set_tracing_state(state)
        return call

    torch.Tensor.size = untraced(size)
    torch.Tensor.shape = property(untraced(shape.__get__))
    try:
        yield
    finally:
        torch.Tensor.size = size
        torch.Tensor.shape = shape


def image(b, h=32, w=32):
    return (torch.rand(b, 3, h, w),)


def classifier(name, **options):
    return lambda: models.__dict__[name](weights=None, num_classes=10, **options)


def transformer():
    return models.vision_transformer.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16,
                                                       mlp_dim=32, num_classes=10)


def swin():
    return models.swin_transformer.SwinTransformer(patch_size=[2, 2], embed_dim=8, depths=[2, 2], num_heads=[2, 2],
                                                   window_size=[4, 4], num_classes=10)


def ids(*dims):
    return torch.randint(0, 11, dims)


def cases():
    """name, network, inputs of a size, the sizes of the traces and of the check, dims to be dynamic."""
    yield "flatten", Flatten, image, [(2, 8, 9), (3, 8, 9), (5, 8, 9)], "x:0=batch"
    yield ("words", lambda: WordModel(False), lambda n, b: (ids(n, b), torch.rand(2, b, 8), torch.rand(2, b, 8)),
           [(5, 2), (7, 3), (4, 6)], "ids:0=n ids:1=batch h:1=batch c:1=batch")
    yield "words_inner", WordModelInner, lambda n, b: (ids(n, b),), [(5, 2), (7, 3), (4, 6)], "ids:0=n ids:1=batch"
    yield "gpt", Gpt, lambda b, n: (ids(b, n),), [(2, 5), (3, 9), (4, 7)], "ids:0=batch ids:1=n"
    yield "gpt_length", Gpt, lambda b, n: (ids(b, n),), [(2, 5), (2, 9), (2, 7)], "ids:1=n"
    yield "vit", Vit, image, [(2, 8, 12), (3, 8, 12), (5, 8, 12)], "x:0=batch"
    yield "patches", Patches, lambda b, h, w: (torch.rand(b, h, w, 6),), [(2, 12, 8), (3, 20, 28), (1, 16, 8)], "x:0=batch x:1=h x:2=w"
    yield "pyramid", Pyramid, image, [(2, 16, 20), (3, 23, 30), (5, 29, 33), (1, 18, 37)], "x:0=batch x:2=h x:3=w"
    yield "relative", Relative, lambda b, n: (torch.rand(b, n, 2),), [(1, 5), (1, 7), (1, 12), (1, 9)], "x:1=n"
    yield "halves", Halves, lambda b, n: (torch.rand(b, n, 3),), [(2, 10), (3, 15), (7, 22), (4, 13)], "x:0=batch x:1=n"
    yield ("past", Past, lambda b, n, old: (torch.rand(b, n, 4), torch.rand(b, old, 4)), [(2, 3, 5), (3, 5, 11), (1, 4, 2)],
           "x:0=batch past:0=batch x:1=n past:1=old")
    yield "root", Root, lambda b, n: (torch.rand(b, n),), [(2, 5), (3, 7), (4, 9)], "x:0=batch x:1=n"
    yield "odd", Odd, lambda b, n: (torch.rand(b, n),), [(2, 5), (3, 7), (4, 9)], "x:0=batch x:1=n"
    yield "table", Table, lambda b, n: (torch.rand(b, n),), [(2, 5), (3, 7), (4, 9)], "x:0=batch x:1=n"
    yield ("crops", Crops, image, [(1, 40, 52), (2, 43, 61), (3, 58, 78), (4, 65, 47), (2, 44, 51)],
           "x:0=batch x:2=h x:3=w")
    yield ("cross", Cross, lambda n, m: (torch.rand(2, n, 4), torch.rand(2, m, 4)), [(3, 5), (4, 9), (5, 7), (6, 4)],
           "x:1=n y:1=m")
    yield ("boxes", Boxes, lambda h, w: (torch.rand(1, 3, h, w), torch.rand(5, 4)), [(8, 12), (10, 18), (20, 6)],
           "x:2=h x:3=w")
    yield "made", Made, lambda b, n: (torch.rand(b, n, 4),), [(2, 7), (3, 16), (4, 23), (1, 12)], "x:0=batch x:1=n"
    yield "chance", Chance, lambda b, n: (torch.rand(b, n),), [(2, 4), (3, 6), (4, 5)], "x:0=batch x:1=n"
    yield "square", Pyramid, image, [(2, 16, 16), (3, 24, 24), (1, 18, 18)], "x:0=batch x:2=h x:3=w"
    yield "all_shufflenet", classifier("shufflenet_v2_x0_5"), image, [(2, 64, 64), (3, 64, 64), (5, 64, 64)], "x:0=batch"
    yield "all_transformer", transformer, image, [(2,), (3,), (5,)], "x:0=batch"
    yield "all_swin", swin, image, [(2,), (3,), (5,)], "x:0=batch"
    yield ("all_segmentation", Segmentation, image, [(2, 64, 96), (3, 75, 121), (4, 67, 131), (1, 80, 85)],
           "x:0=batch x:2=h x:3=w")


UNPROVED = "root odd table square chance".split()


def flat(v):
    return [a for e in v for a in flat(e)] if isinstance(v, (list, tuple)) else [v.detach().numpy()]


def spec(t):
    return {torch.float32: "float32", torch.int64: "int64"}[t.dtype] + "[" + ",".join(map(str, t.shape)) + "]"


@contextlib.contextmanager
def quiet():
    """The exporter prints whole graphs when it fails, from C++ too."""
    kept = [(fd, os.dup(fd)) for fd in (1, 2)]
    with open(os.devnull, "w") as null:
        for fd, _ in kept:
            os.dup2(null.fileno(), fd)
    try:
        yield
    finally:
        sys.stdout.flush()
        for fd, copy in kept:
            os.dup2(copy, fd)
            os.close(copy)


def export(model, given, path):
    """What PyTorch's exporter of traces makes of it; it has no file for what it does not support."""
    options = {} if torch.__version__.startswith("1.") else {"dynamo": False}
    names = list(inspect.signature(model.forward).parameters)
    try:
        with quiet():
            torch.onnx.export(model, given, path, input_names=names, opset_version=17, **options)
    except RuntimeError as e:
        if os.path.exists(path):
            os.remove(path)  # written before it was checked
        print(f"{os.path.basename(path)}: PyTorch does not export it: {str(e).strip().splitlines()[0][:100]}", file=sys.stderr)


def make(out, name, build, inputs, sizes, dims):
    torch.manual_seed(0)
    model = build().eval()
    base, specs = os.path.join(out, name), []
    with torch.no_grad():
        if any(isinstance(m, nn.BatchNorm2d) for m in model.modules()):
            seed_statistics(torch, model, *inputs(*sizes[0]))
        for i, size in enumerate(sizes[:-1]):
            given = inputs(*size)
            with all_sizes_baked() if name.startswith("all_") else contextlib.nullcontext():
                torch.jit.trace(model, given, check_trace=False).save(f"{base}.{i}.pt")
                export(model, given, f"{base}.{i}.onnx")
            specs.append([spec(t) for t in given])
        arrays = {}
        for what, size in (("new", sizes[-1]), ("traced", sizes[0])):
            given = inputs(*size)
            arrays.update({f"{what}_in{i}": a.numpy() for i, a in enumerate(given)})
            arrays.update({f"{what}_out{i}": a for i, a in enumerate(flat(model(*given)))})
    numpy.savez(base + ".npz", **arrays)
    with open(base + ".json", "w") as f:
        json.dump({"specs": specs, "dims": dims.split(), "proved": name not in UNPROVED}, f)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, *case in cases():
        if not sys.argv[2:] or name in sys.argv[2:]:
            make(sys.argv[1], name, *case)


main()
