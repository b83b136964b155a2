#!/usr/bin/env python3
"""torchvision's models as TorchScript archives, traced at batch 1 by the PyTorch that runs this.

usage: gen_archives.py OUT_DIR NAME...

Weights are seeded, not trained. Needs PyTorch and torchvision (Debian's python3-torch and python3-torchvision will do).
"""
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from trace_models import import_torchvision  # noqa: E402 (the place is known only now)

warnings.filterwarnings("ignore")
SIZES = {"inception_v3": 299, "ssdlite320_mobilenet_v3_large": 320}


def make(torch, models, name):
    """A traced model; what a detector returns for its first image is taken out of its list and dict."""
    torch.manual_seed(7)
    keywords = {"init_weights": True} if name == "inception_v3" else {}
    size = SIZES.get(name, 224)
    if not hasattr(getattr(models, "detection"), name):
        model = getattr(models, name)(weights=None, **keywords).eval()
        return torch.jit.trace(model, torch.rand(1, 3, size, size), check_trace=False)
    detector = getattr(models.detection, name)(weights=None, weights_backbone=None).eval()

    class First(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = detector

        def forward(self, image):
            out = self.m([image])[0]
            return out["boxes"], out["scores"], out["labels"]

    return torch.jit.trace(First().eval(), torch.rand(3, size, size), check_trace=False)


def main():
    torch, models = import_torchvision()
    out, names = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    for name in names:
        make(torch, models, name).save(os.path.join(out, name + ".pt"))
        print(name, flush=True)


if __name__ == "__main__":
    main()
