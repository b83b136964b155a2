#!/usr/bin/env python3
"""Makes the trace of this example: a small CNN that uses a custom operator, as PyTorch's exporter sees it.

Run with PyTorch 1.13 (Debian's python3-torch):  python3 make_trace.py
It writes beside itself
  hardmish_net.txt   the graph: parameters as inputs, shapes, scopes, source lines
  hardmish_net.npz   the parameters, by name
  hardmish_net_io.npz  an input and what PyTorch computes from it
Paths of the machine are cut from the source lines; nothing else is changed.
"""

import os
import re

import numpy as np
import torch
import torch.nn as nn
import torch.onnx.utils

# A custom operator, as an extension in C++ would register it: the trace keeps it as one node.
lib = torch.library.Library("acme", "DEF")
lib.define("hard_mish(Tensor x) -> Tensor")
lib.impl("hard_mish", lambda x: x * torch.clamp(x + 2, 0, 2) / 2, "CPU")


class HardMish(nn.Module):
    def forward(self, x):
        return torch.ops.acme.hard_mish(x)


class Block(nn.Module):
    """A residual block with a squeeze-and-excitation gate."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = HardMish()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.Sigmoid())
        self.act2 = HardMish()

    def forward(self, x):
        y = self.act1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.act2(x + y * self.gate(y))


class HardMishNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), HardMish(), nn.MaxPool2d(2)
        )
        self.layer1 = Block(8)
        self.layer2 = Block(8)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(8 * 8 * 8, classes))

    def forward(self, x):
        return self.head(self.layer2(self.layer1(self.stem(x))))


def trace(model, args):
    torch.onnx.utils._setup_trace_module_map(model, False)
    graph = torch.onnx.utils._create_jit_graph(model, args)[0]
    text = str(graph)
    text = re.sub(r"# \S*?(?:site|dist)-packages/", "# site-packages/", text)
    text = text.replace(os.path.abspath(__file__), os.path.basename(__file__))
    return re.sub(r"# /\S*/(\w+\.py)", r"# \1", text)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    torch.manual_seed(7)
    model = HardMishNet().eval()
    for module in model.modules():  # statistics as after some training
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        y = model(x)
        text = trace(model, (x,))
    with open(os.path.join(here, "hardmish_net.txt"), "w") as f:
        f.write(text)
    np.savez(os.path.join(here, "hardmish_net.npz"), **{k: v.numpy() for k, v in model.state_dict().items()})
    np.savez(os.path.join(here, "hardmish_net_io.npz"), input=x.numpy(), output=y.numpy())


if __name__ == "__main__":
    main()
