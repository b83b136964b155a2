#!/usr/bin/env python3
"""Makes TorchScript archives of the models of models_2018.py with the PyTorch that runs this, for test_models_2018.py.

usage: trace_models_2018.py OUT_DIR [--full] [NAME...]

For each: NAME.pt; NAME.npz, inputs and PyTorch's outputs as sK.inI and sK.outI: three samples of the size that was
traced, then two of other batches; NAME.json, the dims that are the batch, and the
names of its weights; NAME.scopes.txt, of a traced model its
operators before it was saved, with their modules. Weights are seeded, not trained. --full takes images and layers of
full size.
"""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy
import torch

import models_2018 as M
from trace_models import scopes_of, seed_statistics

BATCHES = (2, 2, 2, 1, 5)  # of the five samples
WORDS, STEPS, WIDTH, LAYERS = 200, 7, 64, 2


def image(size, channels=3):
    return (lambda batch: (torch.rand(batch, channels, size, size),)), [(0, 0)]


def noise(batch):
    return (torch.randn(batch, 100, 1, 1),)


def word_inputs(kind):
    def make(batch):
        def state():
            return torch.randn(LAYERS, batch, WIDTH) * 0.5
        return torch.randint(0, WORDS, (STEPS, batch)), (state(), state()) if kind == "LSTM" else state()
    return make, [(0, 1), (1, 1)] + ([(2, 1)] if kind == "LSTM" else [])


def only_words(batch):
    return (torch.randint(0, WORDS, (STEPS, batch)),)


def steps(axis):
    return (lambda batch: (torch.rand(*((batch, STEPS) if axis == 0 else (STEPS, batch)), 6),)), [(0, axis)]


def lengths(axis, is_sorted, full):
    def make(batch):
        n = torch.randint(1, STEPS + 1, (batch,))
        if full:
            n[0] = STEPS
        n = n.sort(descending=True)[0] if is_sorted else n.flip(0)
        return torch.rand(*((batch, STEPS) if axis == 0 else (STEPS, batch)), 6), n
    return make, [(0, axis), (1, 0)]


def cell_inputs(batch):
    return torch.rand(STEPS, batch, 6), torch.randn(batch, 8)


def pictures(full):
    def size(small, large):
        return large if full else small
    n, hidden = size(95, 224), size(512, 4096)
    yield "alexnet", "trace", lambda: M.AlexNet(n, hidden), *image(n)
    yield "dcgan_generator", "trace", M.Generator, noise, [(0, 0)]
    yield "dcgan_discriminator", "trace", M.Discriminator, *image(64)
    m = size(32, 224)
    yield "densenet121", "trace", lambda: M.DenseNet121(m), *image(m)
    k = size(107, 299)
    yield "inception_v3", "trace", lambda: M.InceptionV3(k), *image(k)
    yield "resnet50", "trace", lambda: M.ResNet50(m), *image(m)
    yield "super_resolution", "trace", lambda: M.SuperResolution(3), *image(size(32, 224), 1)
    yield "vgg16", "trace", lambda: M.Vgg(16, False, m, hidden), *image(m)
    yield "vgg19_bn", "trace", lambda: M.Vgg(19, True, m, hidden), *image(m)


def languages():
    for kind in ("RNN_TANH", "RNN_RELU", "LSTM", "GRU"):
        name = f"word_{kind.lower()}"
        tied = kind == "LSTM"
        script = M.WordModelPair if kind == "LSTM" else M.WordModel
        yield name, "trace", lambda k=kind, t=tied: M.WordModel(k, WORDS, WIDTH, LAYERS, t), *word_inputs(kind)
        yield name, "script", lambda k=kind, t=tied, c=script: c(k, WORDS, WIDTH, LAYERS, t), *word_inputs(kind)
    yield "word_transformer", "trace", M.TransformerModel, only_words, [(0, 1)]
    yield "word_transformer_fused", "trace", lambda: M.TransformerModel(batch_first=True), only_words, [(0, 1)]
    yield "word_transformer", "script", M.TransformerModel, only_words, [(0, 1)]


def recurrent():
    for kind in ("RNN", "LSTM", "GRU"):
        for how in ("trace", "script"):
            low = kind.lower()
            yield f"{low}_plain", how, lambda k=kind: M.Recurrent(k), *steps(1)
            yield f"{low}_deep", how, lambda k=kind: M.Recurrent(k, num_layers=3, bidirectional=True, dropout=0.3), *steps(1)
            yield (f"{low}_first", how, lambda k=kind: M.Recurrent(k, batch_first=True, bidirectional=True, bias=False),
                   *steps(0))
        yield f"{low}_packed", "trace", lambda k=kind: M.Packed(k), *lengths(1, True, True)
        yield f"{low}_packed_short", "trace", lambda k=kind: M.Packed(k, total=STEPS), *lengths(1, True, False)
        yield (f"{low}_packed_deep", "trace", lambda k=kind: M.Packed(k, num_layers=2, bidirectional=True, dropout=0.3),
               *lengths(1, True, False))
        yield f"{low}_packed_first", "trace", lambda k=kind: M.Packed(k, True, bidirectional=True), *lengths(0, True, False)
        yield f"{low}_packed_again", "trace", lambda k=kind: M.Repacked(k), *lengths(1, True, False)
        yield f"{low}_packed_unsorted", "trace", lambda k=kind: M.Packed(k, True, False), *lengths(0, False, False)
    yield "lstm_projected", "trace", lambda: M.Recurrent("LSTM", proj_size=3), *steps(1)
    yield "gru_zeros", "trace", M.Zeros, *steps(1)
    for kind, options in (("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu", "bias": False}), ("LSTMCell", {}), ("GRUCell", {}),
                          ("GRUCell", {"bias": False})):
        name = "_".join(["cell", kind[:-4].lower(), *(k for k in options)])
        yield name, "trace", lambda k=kind, o=options: M.Cells(k, **o), cell_inputs, [(0, 1), (1, 0)]
        step = M.StepOfPair if kind == "LSTMCell" else lambda k=kind, o=options: M.Step(k, **o)
        yield name, "script", step, cell_inputs, [(0, 1), (1, 0)]


def cases(full):
    for group in (pictures(full), languages(), recurrent()):
        yield from group


def flat(v):
    if isinstance(v, torch.Tensor):
        return [v.detach().numpy()]
    return [a for e in v for a in flat(e)]


def make(out, name, how, build, inputs, batch_dims):
    torch.manual_seed(7)
    model = build().eval()
    samples = [inputs(b) for b in BATCHES]
    base = os.path.join(out, f"{name}.{how}")
    with torch.no_grad():
        if any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules()):
            seed_statistics(torch, model, samples[0][0])
        module = torch.jit.trace(model, samples[0], check_trace=False) if how == "trace" else torch.jit.script(model)
        if how == "trace":
            with open(base + ".scopes.txt", "w") as f:
                f.write("\n".join(scopes_of(module.inlined_graph)))
        results = [flat(model(*s)) for s in samples]
    torch.jit.save(module, base + ".pt")
    arrays = {}
    for k, sample in enumerate(samples):
        arrays.update({f"s{k}.in{i}": a for i, a in enumerate(flat(sample))})
        arrays.update({f"s{k}.out{i}": a for i, a in enumerate(results[k])})
    numpy.savez(base + ".npz", **arrays)
    with open(base + ".json", "w") as f:
        json.dump({"batch": batch_dims, "weights": sorted(model.state_dict())}, f)


def main():
    words = [w for w in sys.argv[2:] if w != "--full"]
    os.makedirs(sys.argv[1], exist_ok=True)
    torch.set_num_threads(2)
    for name, how, build, inputs, batch_dims in cases("--full" in sys.argv):
        if not words or name in words or f"{name}.{how}" in words:
            make(sys.argv[1], name, how, build, inputs, batch_dims)
            print(f"{name}.{how}", flush=True)


if __name__ == "__main__":
    main()
