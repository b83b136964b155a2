#!/usr/bin/env python3
"""Makes the trace of this example: a small CNN with two ELUs, one of them with an alpha of its own.

Run with PyTorch 1.13 (Debian's python3-torch):  python3 make_trace.py
It writes beside itself
  elu_net.txt     the graph: parameters as inputs, shapes, scopes, source lines
  elu_net.npz     the parameters, by name
  elu_net_io.npz  an input and what PyTorch computes from it
Paths of the machine are cut from the source lines; nothing else is changed.
"""

import os
import re

import numpy as np
import torch
import torch.nn as nn
import torch.onnx.utils


class EluNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ELU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1))
        self.act = nn.ELU(alpha=0.5)
        self.classifier = nn.Linear(4 * 4 * 4, 5)

    def forward(self, x):
        x = self.act(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def trace(model, args):
    torch.onnx.utils._setup_trace_module_map(model, False)
    text = str(torch.onnx.utils._create_jit_graph(model, args)[0])
    text = re.sub(r"# \S*?(?:site|dist)-packages/", "# site-packages/", text)
    text = text.replace(os.path.abspath(__file__), os.path.basename(__file__))
    return re.sub(r"# /\S*/(\w+\.py)", r"# \1", text)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    torch.manual_seed(7)
    model = EluNet().eval()
    x = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        y = model(x)
        text = trace(model, (x,))
    with open(os.path.join(here, "elu_net.txt"), "w") as f:
        f.write(text)
    np.savez(os.path.join(here, "elu_net.npz"), **{k: v.numpy() for k, v in model.state_dict().items()})
    np.savez(os.path.join(here, "elu_net_io.npz"), input=x.numpy(), output=y.numpy())


if __name__ == "__main__":
    main()
