#!/usr/bin/env python3
"""Saves the weights of networks with the PyTorch that runs this, in each of its formats, for test_state_dict.py.

usage: state_dicts.py OUT_DIR [MODEL...]

For each: NAME.zip.pt and NAME.legacy.pt, a state dict; NAME.script.pt, where it can be traced, TorchScript; and
NAME.json, for each tensor its element type, dims and the SHA-256 of its bytes in the order of its indices.
"""
import hashlib
import json
import os
import sys
import warnings

from trace_models import import_torchvision

warnings.filterwarnings("ignore")
torch, models = import_torchvision()
NETWORKS = "resnet18 densenet121 mobilenet_v3_small squeezenet1_1 shufflenet_v2_x0_5 mnasnet0_5 efficientnet_b0".split()


class Tied(torch.nn.Module):
    """Two names of one parameter, a buffer that is a view of another, integers."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(50, 16)
        self.head = torch.nn.Linear(16, 50)
        self.head.weight = self.embedding.weight
        self.register_buffer("table", torch.arange(120, dtype=torch.int64).reshape(10, 12))
        self.register_buffer("window", self.table[2:9:3, 1:12:2])
        self.register_buffer("mask", torch.ones(5, 5).tril().bool())

    def forward(self, x):
        return self.head(self.embedding(x))


def special():
    """Modules whose tensors do not simply follow each other."""
    channels_last = torch.nn.Conv2d(8, 16, 3).to(memory_format=torch.channels_last)
    mixed = torch.nn.Sequential(torch.nn.Linear(7, 9).half(), torch.nn.Linear(9, 4).bfloat16(), torch.nn.Linear(4, 3).double())
    return {
        "lstm": (torch.nn.LSTM(5, 7, 2, bidirectional=True), torch.zeros(3, 2, 5)),
        "transformer": (torch.nn.TransformerEncoderLayer(16, 4, 32), torch.zeros(4, 2, 16)),
        "channels_last": (channels_last, torch.zeros(1, 8, 9, 9)),
        "mixed": (mixed, None),
        "tied": (Tied(), torch.zeros(2, 3, dtype=torch.int64)),
        "transposed": ({"t": torch.randn(33, 65).t(), "step": torch.randn(100)[5:80:7], "p": torch.randn(4, 5, 6).permute(2, 0, 1),
                        "expanded": torch.randn(5, 1).expand(5, 40), "scalar": torch.tensor(3.5), "none": torch.zeros(3, 0)},
                       None),
    }


def describe(state):
    out = {}
    for name, t in state.items():
        if not isinstance(t, torch.Tensor):
            continue
        flat = t.detach().contiguous()
        raw = flat.view(torch.uint8).numpy().tobytes() if flat.dim() and flat.numel() else flat.reshape(-1).view(torch.uint8).numpy().tobytes()
        out[name] = [str(t.dtype)[6:], list(t.shape), hashlib.sha256(raw).hexdigest()]
    return out


def save(out, name, model, x):
    state = model if isinstance(model, dict) else model.eval().state_dict()
    base = os.path.join(out, name)
    torch.save(state, base + ".zip.pt")
    torch.save(state, base + ".legacy.pt", _use_new_zipfile_serialization=False)
    if x is not None:
        torch.jit.trace(model, x, check_trace=False).save(base + ".script.pt")
    with open(base + ".json", "w") as f:
        json.dump(describe(state), f)


def main():
    out, names = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, (model, x) in special().items():
            if not names or name in names:
                save(out, name, model, x)
        for name in NETWORKS:
            if not names or name in names:
                save(out, name, getattr(models, name)(), torch.zeros(1, 3, 64, 64))


if __name__ == "__main__":
    main()
