#!/usr/bin/env python3
"""Traces the 45 models of the coverage table with the PyTorch that runs this, into TorchScript archives.

usage: trace_coverage.py OUT_DIR [MODEL...]     (without models: prints their names)

For each model: NAME.pt (torch.jit.save of the traced network) and NAME.io.npz, three inputs of the traced sizes and
PyTorch's outputs: in0_0, in0_1, ..., out0_0, ... and `detections` where the rows of the outputs are found things. Weights are seeded, not trained, and conditioned so that the rounding of
float32 stays small; networks that detect things are set to find some in noise.

37 of torchvision 0.14 (with Debian's PyTorch 1.13 only), eight that PyTorch alone makes.
"""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
N_INPUTS = 3


def image(size, batch=1):
    return lambda torch: (torch.rand(batch, 3, size, size),)


def clip(frames, size):
    return lambda torch: (torch.rand(1, 3, frames, size, size),)


# ---- torchvision ----
def classifier(name, inputs, **keywords):
    def make(torch):
        import torchvision
        return getattr(torchvision.models, name)(weights=None, **keywords)
    return make, inputs


def segmenter(name, inputs):
    def make(torch):
        import torchvision
        net = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)

        class Segmenter(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x):
                return self.net(x)["out"]
        return Segmenter()
    return make, inputs


def detector(name, inputs, keys, heads, **keywords):
    """heads: what says what is found, by parts of the names of modules: (spread of weights, mean of biases)."""
    def make(torch):
        import torchvision
        net = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None, num_classes=4, **keywords)
        # Untrained heads say nearly the same of everything: what one picks then hangs on the last bit.
        for m_name, m in net.named_modules():
            head = next((heads[word] for word in heads if word in m_name), None)
            if head and getattr(m, "weight", None) is not None and m.weight.dim() > 1:
                m.weight.data.normal_(0, head[0])
                if m.bias is not None:
                    m.bias.data.normal_(head[1], 0.3)

        class Detector(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net
                self.keys = keys

            def forward(self, x):
                found = self.net([x[0]])
                found = found[1][0] if isinstance(found, tuple) else found[0]
                return tuple(found[k] for k in keys)
        return Detector()
    return make, inputs


def flow(torch):
    import torchvision
    net = torchvision.models.optical_flow.raft_small(weights=None)
    net.update_block.flow_head.conv2.weight.data *= 0.1  # small steps: twelve rounds of large ones amplify rounding

    class Flow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, a, b):
            return self.net(a, b)[-1]
    return Flow()


BOXES = ("boxes", "labels", "scores")
SMALL = {"min_size": 128, "max_size": 128}
RCNN = {"box_detections_per_img": 6, "rpn_post_nms_top_n_test": 40, **SMALL}
RCNN_HEADS = {"rpn.head.cls_logits": (0.1, 0.0), "rpn.head.bbox_pred": (0.01, 0.0), "cls_score": (0.3, 0.0),
              "box_predictor.bbox_pred": (0.1, 0.0), "mask_fcn_logits": (0.1, 0.0), "kps_score_lowres": (0.1, 0.0)}
DENSE_HEADS = {"cls_logits": (0.1, -1.0), "bbox_ctrness": (0.1, -1.0), "bbox_reg": (0.02, 0.2)}
FEW = {"detections_per_img": 12}

TORCHVISION = {
    "alexnet": classifier("alexnet", image(224)),
    "vgg11": classifier("vgg11", image(224)),
    "resnet18": classifier("resnet18", image(64)),
    "squeezenet1_1": classifier("squeezenet1_1", image(64)),
    "densenet121": classifier("densenet121", image(64)),
    "mobilenet_v2": classifier("mobilenet_v2", image(64)),
    "mobilenet_v3_small": classifier("mobilenet_v3_small", image(64)),
    "mobilenet_v3_large": classifier("mobilenet_v3_large", image(64)),
    "shufflenet_v2_x0_5": classifier("shufflenet_v2_x0_5", image(64)),
    "mnasnet0_5": classifier("mnasnet0_5", image(64)),
    "googlenet": classifier("googlenet", image(64), init_weights=True),
    "inception_v3": classifier("inception_v3", image(96), init_weights=True),
    "efficientnet_b0": classifier("efficientnet_b0", image(64)),
    "efficientnet_v2_s": classifier("efficientnet_v2_s", image(64)),
    "regnet_x_400mf": classifier("regnet_x_400mf", image(64)),
    "regnet_y_400mf": classifier("regnet_y_400mf", image(64)),
    "convnext_tiny": classifier("convnext_tiny", image(64)),
    "vit_b_32": classifier("vit_b_32", image(224)),
    "swin_t": classifier("swin_t", image(64)),
    "swin_v2_t": classifier("swin_v2_t", image(64)),
    "maxvit_t": classifier("maxvit_t", image(224)),
    "mvit_v1_b": (lambda torch: __import__("torchvision").models.video.mvit_v1_b(weights=None), clip(16, 224)),
    "s3d": (lambda torch: __import__("torchvision").models.video.s3d(weights=None), clip(16, 224)),
    "r3d_18": (lambda torch: __import__("torchvision").models.video.r3d_18(weights=None), clip(8, 64)),
    "mc3_18": (lambda torch: __import__("torchvision").models.video.mc3_18(weights=None), clip(8, 64)),
    "r2plus1d_18": (lambda torch: __import__("torchvision").models.video.r2plus1d_18(weights=None), clip(8, 64)),
    "fcn_resnet50": segmenter("fcn_resnet50", image(64)),
    "deeplabv3_resnet50": segmenter("deeplabv3_resnet50", image(64)),
    "lraspp_mobilenet_v3_large": segmenter("lraspp_mobilenet_v3_large", image(64)),
    "fasterrcnn_mobilenet_v3_large_320_fpn": detector("fasterrcnn_mobilenet_v3_large_320_fpn", image(128), BOXES, RCNN_HEADS, **RCNN),
    "maskrcnn_resnet50_fpn": detector("maskrcnn_resnet50_fpn", image(128), BOXES + ("masks",), RCNN_HEADS, **RCNN),
    "keypointrcnn_resnet50_fpn": detector("keypointrcnn_resnet50_fpn", image(128), BOXES + ("keypoints", "keypoints_scores"), RCNN_HEADS,
                                          **RCNN),
    "retinanet_resnet50_fpn": detector("retinanet_resnet50_fpn", image(128), BOXES, DENSE_HEADS, **FEW, **SMALL),
    "fcos_resnet50_fpn": detector("fcos_resnet50_fpn", image(128), BOXES, DENSE_HEADS, **FEW, **SMALL),
    "ssd300_vgg16": detector("ssd300_vgg16", image(300), BOXES, {"classification_head.module_list": (0.002, 0.0),
                                                                 "regression_head.module_list": (0.0004, 0.0)}, **FEW),
    "ssdlite320_mobilenet_v3_large": detector("ssdlite320_mobilenet_v3_large", image(320), BOXES,
                                              {"classification_head.module_list": (0.1, 0.0)}, **FEW),
    "raft_small": (flow, lambda torch: (torch.rand(1, 3, 128, 128) * 2 - 1, torch.rand(1, 3, 128, 128) * 2 - 1)),
}


# ---- PyTorch alone ----
def gpt(torch):
    """A small decoder of the usual kind: learned positions, causal attention, pre-norm."""
    from torch import nn
    vocabulary, width, heads, layers, longest = 97, 48, 4, 3, 32

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            self.register_buffer("mask", torch.tril(torch.ones(longest, longest)).view(1, 1, longest, longest))

        def attend(self, x):
            b, t, c = x.size()
            q, k, v = (y.view(b, t, heads, c // heads).transpose(1, 2) for y in self.qkv(x).split(width, dim=2))
            w = q @ k.transpose(-2, -1) / (c // heads) ** 0.5
            w = w.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf")).softmax(-1)
            return self.proj((w @ v).transpose(1, 2).reshape(b, t, c))

        def forward(self, x):
            x = x + self.attend(self.ln1(x))
            return x + self.mlp(self.ln2(x))

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(longest, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

        def forward(self, ids):
            at = torch.arange(ids.size(1), device=ids.device)
            return self.head(self.ln(self.blocks(self.tokens(ids) + self.places(at))))
    return Gpt()


def floats(*shapes):
    return lambda torch: tuple(torch.randn(*s) for s in shapes)


PLAIN = {
    "nn.LSTM": (lambda torch: torch.nn.LSTM(10, 20, 2, bidirectional=True), floats((5, 3, 10))),
    "nn.GRU": (lambda torch: torch.nn.GRU(10, 20, 2, batch_first=True), floats((3, 5, 10))),
    "nn.RNN": (lambda torch: torch.nn.RNN(10, 20, 2), floats((5, 3, 10))),
    "nn.LSTMCell": (lambda torch: torch.nn.LSTMCell(10, 20), lambda torch: (torch.randn(3, 10), (torch.randn(3, 20), torch.randn(3, 20)))),
    "nn.MultiheadAttention": (lambda torch: torch.nn.MultiheadAttention(16, 4), floats((5, 2, 16), (6, 2, 16), (6, 2, 16))),
    "nn.Transformer": (lambda torch: torch.nn.Transformer(16, 4, 2, 2, 32), floats((6, 2, 16), (5, 2, 16))),
    "nn.TransformerEncoder": (lambda torch: torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 2), floats((2, 5, 16))),
    "gpt": (gpt, lambda torch: (torch.randint(0, 97, (2, 16)),)),
}


# ---- making ----
def vary(torch, model):
    """No parameter stays as constant as it was made: heads of zeros, and scales of 1e-6, would hide all before them."""
    for p in model.parameters():
        if p.numel() > 1 and float(p.float().std()) == 0:
            p.add_(torch.randn(p.shape) * (0.1 if p.dim() == 1 else 0.02))


def condition(torch, model, args):
    """Batch norms get weights of their own, and statistics that keep activations near 1 (see trace_models.py)."""
    kinds = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)

    def measure(m, inputs):
        x = inputs[0]
        over = [d for d in range(x.dim()) if d != 1]
        mean = x.mean(over) * 0.2
        shape = [1, -1] + [1] * (x.dim() - 2)
        var = ((x - mean.view(shape)) ** 2).mean(over)
        m.running_mean.copy_(mean)
        m.running_var.copy_(var.clamp(min=0.1 * float(var.mean()) + 1e-12))

    hooks = []
    for m in model.modules():
        if isinstance(m, kinds) and m.affine:
            m.weight.data.uniform_(0.2, 0.4)
            m.bias.data.uniform_(0.3, 0.8)
            hooks.append(m.register_forward_pre_hook(measure))
    if hooks:
        model(*args)
    for h in hooks:
        h.remove()


def flat(x):
    if isinstance(x, (tuple, list)):
        return [y for item in x for y in flat(item)]
    return [x]


def is_steady(torch, model, exact, args):
    """True if what is found does not hang on the last bits: float64, and float32 of an input that differs by the rounding
    of one, find the same. A box that is suppressed or not by a hair's breadth says nothing about an exporter."""
    found = [model(*args), model(*[x + 2e-7 * torch.randn_like(x) for x in args]), exact(*[x.double() for x in args])]
    scores = [f[2].double() for f in found]
    boxes = [f[0].double() for f in found]
    return all(s.shape == scores[0].shape and torch.allclose(s, scores[0], rtol=1e-4, atol=1e-6) for s in scores) and \
        all(abs(b.sum() - boxes[0].sum()) < 1e-2 for b in boxes)


def steady_inputs(torch, model, inputs):
    import copy
    exact = copy.deepcopy(model).double()
    out = []
    for _ in range(100):
        args = inputs(torch)
        if is_steady(torch, model, exact, args):
            out.append(args)
        if len(out) == N_INPUTS:
            return out
    raise RuntimeError("no steady inputs")


def one(torch, numpy, out, name):
    make, inputs = {**TORCHVISION, **PLAIN}[name]
    torch.manual_seed(7)
    model = make(torch).eval()
    with torch.no_grad():
        vary(torch, model)
        condition(torch, model, inputs(torch))
        if hasattr(model, "keys"):
            args = steady_inputs(torch, model, inputs)
        else:
            args = [inputs(torch) for _ in range(N_INPUTS)]
        traced = torch.jit.trace(model, args[0], strict=False, check_trace=False)
        torch.jit.save(traced, f"{out}/{name}.pt")
        io = {"detections": numpy.array(1)} if hasattr(model, "keys") else {}
        for i, a in enumerate(args):
            io.update({f"in{i}_{k}": v.numpy() for k, v in enumerate(flat(a))})
            io.update({f"out{i}_{k}": v.numpy() for k, v in enumerate(flat(traced(*a)))})
        numpy.savez(f"{out}/{name}.io.npz", **io)


def main():
    if len(sys.argv) < 2:
        print("\n".join({**TORCHVISION, **PLAIN}))
        return
    import numpy
    import torch
    os.makedirs(sys.argv[1], exist_ok=True)
    torch.set_num_threads(2)
    for name in sys.argv[2:] or list(TORCHVISION) + list(PLAIN):
        one(torch, numpy, sys.argv[1], name)
        print(name, flush=True)


if __name__ == "__main__":
    main()
