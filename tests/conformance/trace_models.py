#!/usr/bin/env python3
"""Traces torchvision's CNN classifiers with the PyTorch that runs this, for the comparison of exports.

usage: trace_models.py OUT_DIR [MODEL...]

For each model: NAME.txt, the exporter's ATen graph (parameters as named inputs, scopes, source lines), NAME.npz, the
weights by name, and NAME.io.npz, the input and PyTorch's output. Weights are seeded, not trained.

Works with Debian's PyTorch 1.13 and with PyTorch 2.x, for which it takes the Python part of Debian's torchvision (its
binaries fit 1.13 only).
"""
import atexit
import os
import shutil
import sys
import tempfile
import types
import warnings

warnings.filterwarnings("ignore")
DEBIAN = "/usr/lib/python3/dist-packages/torchvision"
NAMES = """alexnet vgg11 vgg11_bn vgg16 resnet18 resnet50 resnext50_32x4d wide_resnet50_2 squeezenet1_0 squeezenet1_1
densenet121 googlenet inception_v3 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet0_5 mnasnet1_0
shufflenet_v2_x0_5 shufflenet_v2_x1_0 efficientnet_b0 efficientnet_v2_s regnet_y_400mf regnet_x_400mf
convnext_tiny""".split()
SIZES = {"inception_v3": 96}


def import_torchvision():
    import torch
    if not torch.__version__.startswith("1."):
        place = tempfile.mkdtemp(prefix="torchvision-py-")
        atexit.register(shutil.rmtree, place)
        shutil.copytree(DEBIAN, place + "/torchvision", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        sys.path.insert(0, place)
        stub = types.ModuleType("torchvision.ops._register_onnx_ops")
        stub._register_custom_op = lambda: None  # made for the exporter of 1.13
        sys.modules["torchvision.ops._register_onnx_ops"] = stub
    import torchvision
    return torch, torchvision.models


def exporter(torch):
    if torch.__version__.startswith("1."):
        return torch.onnx.utils
    import torch.onnx._internal.torchscript_exporter.utils as utils
    return utils


def seed_statistics(torch, model, x):
    """Each batch norm gets weights of its own, and statistics that keep the activations of x near 1. Deep untrained
    networks with batch norms multiply the rounding of every runtime by 1.2 a layer; a bias that leaves most units of the
    ReLUs on, and a mean that mostly stays, keep PyTorch's own float32 result within 2e-5 of its float64 one."""

    def measure(m, inputs):
        mean = inputs[0].mean((0, 2, 3)) * 0.2
        var = ((inputs[0] - mean[None, :, None, None]) ** 2).mean((0, 2, 3))
        m.running_mean.copy_(mean)
        m.running_var.copy_(var.clamp(min=0.1 * float(var.mean())))

    hooks = []
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.weight.data.uniform_(0.2, 0.4)
            m.bias.data.uniform_(0.3, 0.8)
            hooks.append(m.register_forward_pre_hook(measure))
    with torch.no_grad():
        model(x)
    for h in hooks:
        h.remove()


def shorten(text):
    """Source locations without the place where packages are installed."""
    out = []
    for line in text.split("\n"):
        head, mark, path = line.rpartition(" # ")
        if mark and "-packages/" in path:
            line = head + mark + path[path.index("-packages/") + 10:]
        out.append(line)
    return "\n".join(out)


def scopes_of(graph):
    """The operators of a traced graph with the module that each belongs to."""
    lines = []
    for node in graph.nodes():
        if node.kind().startswith("aten::"):
            last = node.scopeName().rsplit("/", 1)[-1]
            lines.append(f"{node.kind()} {last.replace('__module.', '', 1) if last != '__module' else ''}".strip())
    return lines


def graph_of(torch, model, args):
    utils = exporter(torch)
    if hasattr(utils, "_setup_trace_module_map"):
        try:
            utils._setup_trace_module_map(model, False)
        except TypeError:
            utils._setup_trace_module_map(model, set())
    try:
        graph = utils._create_jit_graph(model, args)[0]
    finally:
        if hasattr(utils, "_reset_trace_module_map"):
            utils._reset_trace_module_map()
    names = list(model.state_dict().keys())
    inputs = list(graph.inputs())
    for value, name in zip(inputs[len(inputs) - len(names):], names):
        value.setDebugName(name)
    return shorten(str(graph))


def main():
    import numpy
    torch, models = import_torchvision()
    out, names = sys.argv[1], sys.argv[2:] or NAMES
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(2)
    for name in names:
        torch.manual_seed(7)
        keywords = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        model = getattr(models, name)(weights=None, **keywords)
        size = SIZES.get(name, 64)
        x = torch.rand(2, 3, size, size)
        model.eval()
        seed_statistics(torch, model, x)
        with torch.no_grad():
            y = model(x)
            text = graph_of(torch, model, (x,))
        with open(f"{out}/{name}.txt", "w") as f:
            f.write(text)
        numpy.savez(f"{out}/{name}.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
        numpy.savez(f"{out}/{name}.io.npz", x=x.numpy(), y=y.numpy())
        print(name, flush=True)


if __name__ == "__main__":
    main()
