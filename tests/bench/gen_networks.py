#!/usr/bin/env python3
"""The eight networks of the 2018 documentation of torch.onnx as .onnx files, exported by PyTorch 1.13 itself, batch 1.

usage: gen_networks.py OUT_DIR [NAME...]

AlexNet, DCGAN (generator and discriminator), DenseNet, Inception v3, ResNet, SuperResolution, VGG, and the word language
model (an LSTM). Weights are seeded, not trained. Needs Debian's python3-torch and python3-torchvision.
"""
import os
import sys
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")


def torchvision_model(name, size):
    def make():
        import torchvision
        keywords = {"init_weights": True} if name == "inception_v3" else {}
        return getattr(torchvision.models, name)(weights=None, **keywords), (torch.rand(1, 3, size, size),)
    return make


def dcgan_generator():
    layers, channels = [], [100, 512, 256, 128, 64]
    for i, (a, b) in enumerate(zip(channels, channels[1:])):
        layers += [nn.ConvTranspose2d(a, b, 4, 2 if i else 1, 1 if i else 0, bias=False), nn.BatchNorm2d(b), nn.ReLU(True)]
    layers += [nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh()]
    return nn.Sequential(*layers), (torch.randn(1, 100, 1, 1),)


def dcgan_discriminator():
    layers, channels = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)], [64, 128, 256, 512]
    for a, b in zip(channels, channels[1:]):
        layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2, True)]
    layers += [nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    return nn.Sequential(*layers), (torch.randn(1, 3, 64, 64),)


def super_resolution():
    layers = [nn.Conv2d(1, 64, 5, 1, 2), nn.ReLU(), nn.Conv2d(64, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, 32, 3, 1, 1),
              nn.ReLU(), nn.Conv2d(32, 9, 3, 1, 1), nn.PixelShuffle(3)]
    return nn.Sequential(*layers), (torch.rand(1, 1, 224, 224),)


class WordModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(33278, 200)
        self.rnn = nn.LSTM(200, 200, 2)
        self.decoder = nn.Linear(200, 33278)

    def forward(self, words, h, c):
        out, (h, c) = self.rnn(self.encoder(words), (h, c))
        return self.decoder(out), h, c


def word_language_model():
    state = torch.zeros(2, 1, 200)
    return WordModel(), (torch.randint(0, 33278, (35, 1)), state, state.clone())


NETWORKS = {
    "alexnet": torchvision_model("alexnet", 224),
    "dcgan_generator": dcgan_generator,
    "dcgan_discriminator": dcgan_discriminator,
    "densenet121": torchvision_model("densenet121", 224),
    "inception_v3": torchvision_model("inception_v3", 299),
    "resnet50": torchvision_model("resnet50", 224),
    "super_resolution": super_resolution,
    "vgg16": torchvision_model("vgg16", 224),
    "word_language_model": word_language_model,
}


def main():
    out, names = sys.argv[1], sys.argv[2:] or list(NETWORKS)
    os.makedirs(out, exist_ok=True)
    for name in names:
        torch.manual_seed(7)
        model, inputs = NETWORKS[name]()
        torch.onnx.export(model.eval(), inputs, os.path.join(out, name + ".onnx"), opset_version=13, do_constant_folding=True)


if __name__ == "__main__":
    main()
