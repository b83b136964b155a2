"""The networks that the documentation of 2018 showed, and recurrent ones around them, in plain torch.nn: one definition
for every version of PyTorch. The classifiers take the size of their images, which their last layers depend on; the
largest of these layers may be made smaller too."""
import math
from typing import Tuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class AlexNet(nn.Module):
    def __init__(self, size, hidden=4096):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(True), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(True), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(True), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(True),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(3, 2))
        side = (size - 7) // 4 + 1
        for _ in range(3):
            side = (side - 3) // 2 + 1
        self.flat = 256 * side * side
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(self.flat, hidden), nn.ReLU(True), nn.Dropout(),
                                        nn.Linear(hidden, hidden), nn.ReLU(True), nn.Linear(hidden, 1000))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), self.flat))


class Vgg(nn.Module):
    PLANS = {16: (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0),
             19: (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0)}

    def __init__(self, depth, batch_norm, size, hidden=4096):
        super().__init__()
        layers, channels = [], 3
        for width in self.PLANS[depth]:
            if width == 0:
                layers.append(nn.MaxPool2d(2, 2))
                continue
            norm = [nn.BatchNorm2d(width)] if batch_norm else []
            layers += [nn.Conv2d(channels, width, 3, padding=1), *norm, nn.ReLU(True)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(512 * (size // 32) ** 2, hidden), nn.ReLU(True), nn.Dropout(),
                                        nn.Linear(hidden, hidden), nn.ReLU(True), nn.Dropout(), nn.Linear(hidden, 1000))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


class Bottleneck(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, width * 4, 1, bias=False), nn.BatchNorm2d(width * 4)
        self.relu = nn.ReLU(True)
        self.downsample = None
        if stride != 1 or channels != width * 4:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width * 4, 1, stride, bias=False), nn.BatchNorm2d(width * 4))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet50(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(True), nn.MaxPool2d(3, 2, 1)
        channels = 64
        for i, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            layer = []
            for k in range(blocks):
                layer.append(Bottleneck(channels, width, 2 if i and k == 0 else 1))
                channels = width * 4
            setattr(self, f"layer{i + 1}", nn.Sequential(*layer))
        self.avgpool = nn.AvgPool2d(size // 32, 1)
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = self.avgpool(x)
        return self.fc(x.view(x.size(0), -1))


class DenseLayer(nn.Sequential):
    def __init__(self, channels, growth):
        super().__init__(nn.BatchNorm2d(channels), nn.ReLU(True), nn.Conv2d(channels, 4 * growth, 1, bias=False),
                         nn.BatchNorm2d(4 * growth), nn.ReLU(True), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, super().forward(x)], 1)


class DenseNet121(nn.Module):
    def __init__(self, size):
        super().__init__()
        channels, growth = 64, 32
        layers = [nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
        for i, blocks in enumerate((6, 12, 24, 16)):
            layers.append(nn.Sequential(*(DenseLayer(channels + k * growth, growth) for k in range(blocks))))
            channels += blocks * growth
            if i < 3:
                layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(True),
                                            nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2, 2)))
                channels //= 2
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels))
        self.side = size // 32
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, x):
        features = self.features(x)
        y = F.avg_pool2d(F.relu(features, inplace=True), self.side, 1).view(features.size(0), -1)
        return self.classifier(y)


class ConvNorm(nn.Module):
    def __init__(self, channels, width, kernel, **options):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, bias=False, **options)
        self.bn = nn.BatchNorm2d(width, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


def chain(channels, *plan):
    """ConvNorms one after the other: (width, kernel, options)."""
    layers = []
    for width, kernel, *options in plan:
        layers.append(ConvNorm(channels, width, kernel, **(options[0] if options else {})))
        channels = width
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


class Pooled(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.conv = ConvNorm(channels, width, 1)

    def forward(self, x):
        return self.conv(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1))


class Forks(nn.Module):
    """One convolution, then two beside each other."""

    def __init__(self, stem, width):
        super().__init__()
        self.stem = stem
        self.a = ConvNorm(width, 384, (1, 3), padding=(0, 1))
        self.b = ConvNorm(width, 384, (3, 1), padding=(1, 0))

    def forward(self, x):
        x = self.stem(x)
        return torch.cat([self.a(x), self.b(x)], 1)


class Mixed(nn.Module):
    """Branches whose results are joined."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def inception_a(channels, pooled):
    return Mixed(chain(channels, (64, 1)), chain(channels, (48, 1), (64, 5, {"padding": 2})),
                 chain(channels, (64, 1), (96, 3, {"padding": 1}), (96, 3, {"padding": 1})), Pooled(channels, pooled))


def inception_b(channels):
    return Mixed(chain(channels, (384, 3, {"stride": 2})),
                 chain(channels, (64, 1), (96, 3, {"padding": 1}), (96, 3, {"stride": 2})), nn.MaxPool2d(3, 2))


def inception_c(w):
    row, column = {"padding": (0, 3)}, {"padding": (3, 0)}
    return Mixed(chain(768, (192, 1)), chain(768, (w, 1), (w, (1, 7), row), (192, (7, 1), column)),
                 chain(768, (w, 1), (w, (7, 1), column), (w, (1, 7), row), (w, (7, 1), column), (192, (1, 7), row)),
                 Pooled(768, 192))


def inception_d():
    return Mixed(chain(768, (192, 1), (320, 3, {"stride": 2})),
                 chain(768, (192, 1), (192, (1, 7), {"padding": (0, 3)}), (192, (7, 1), {"padding": (3, 0)}),
                       (192, 3, {"stride": 2})), nn.MaxPool2d(3, 2))


def inception_e(channels):
    return Mixed(chain(channels, (320, 1)), Forks(chain(channels, (384, 1)), 384),
                 Forks(chain(channels, (448, 1), (384, 3, {"padding": 1})), 384), Pooled(channels, 192))


class InceptionV3(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.stem = nn.Sequential(ConvNorm(3, 32, 3, stride=2), ConvNorm(32, 32, 3), ConvNorm(32, 64, 3, padding=1),
                                  nn.MaxPool2d(3, 2), ConvNorm(64, 80, 1), ConvNorm(80, 192, 3), nn.MaxPool2d(3, 2))
        self.mixed = nn.Sequential(inception_a(192, 32), inception_a(256, 64), inception_a(288, 64), inception_b(288),
                                   inception_c(128), inception_c(160), inception_c(160), inception_c(192), inception_d(),
                                   inception_e(1280), inception_e(2048))
        self.side = 1 + (size - 75) // 32
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        red = torch.unsqueeze(x[:, 0], 1) * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
        green = torch.unsqueeze(x[:, 1], 1) * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
        blue = torch.unsqueeze(x[:, 2], 1) * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
        x = self.mixed(self.stem(torch.cat((red, green, blue), 1)))
        x = F.dropout(F.avg_pool2d(x, kernel_size=self.side), training=self.training)
        return self.fc(x.view(x.size(0), -1))


class SuperResolution(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 64, 5, 1, 2)
        self.conv2 = nn.Conv2d(64, 64, 3, 1, 1)
        self.conv3 = nn.Conv2d(64, 32, 3, 1, 1)
        self.conv4 = nn.Conv2d(32, factor ** 2, 3, 1, 1)
        self.pixel_shuffle = nn.PixelShuffle(factor)

    def forward(self, x):
        x = self.relu(self.conv3(self.relu(self.conv2(self.relu(self.conv1(x))))))
        return self.pixel_shuffle(self.conv4(x))


class Generator(nn.Module):
    def __init__(self, noise=100, width=64):
        super().__init__()
        layers = [nn.ConvTranspose2d(noise, width * 8, 4, 1, 0, bias=False), nn.BatchNorm2d(width * 8), nn.ReLU(True)]
        for k in (4, 2, 1):
            layers += [nn.ConvTranspose2d(width * k * 2, width * k, 4, 2, 1, bias=False), nn.BatchNorm2d(width * k), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        layers = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for k in (1, 2, 4):
            layers += [nn.Conv2d(width * k, width * k * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(width * k * 2), nn.LeakyReLU(0.2, True)]
        self.main = nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, 0, bias=False), nn.Sigmoid())

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


class WordModel(nn.Module):
    """Word by word: an embedding, a recurrent network with its state given and returned, a decoder."""

    def __init__(self, kind, words=200, width=64, layers=2, tied=False):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.encoder = nn.Embedding(words, width)
        options = {"nonlinearity": kind[4:].lower()} if kind.startswith("RNN_") else {}
        self.rnn = getattr(nn, kind[:3] if options else kind)(width, width, layers, dropout=0.5, **options)
        self.decoder = nn.Linear(width, words)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, words, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(words)), hidden)
        output = self.drop(output)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden


class WordModelPair(WordModel):
    """The same for a script, which wants to know that the state of an LSTM is two."""

    def forward(self, words, hidden: Tuple[torch.Tensor, torch.Tensor]):
        output, hidden = self.rnn(self.drop(self.encoder(words)), hidden)
        output = self.drop(output)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden


class Positions(nn.Module):
    def __init__(self, width, longest=100):
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        at = torch.arange(longest, dtype=torch.float).unsqueeze(1)
        step = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10000.0) / width))
        table = torch.zeros(longest, width)
        table[:, 0::2], table[:, 1::2] = torch.sin(at * step), torch.cos(at * step)
        self.register_buffer("table", table.unsqueeze(1))

    def forward(self, x):
        return self.dropout(x + self.table[:x.size(0)])


class TransformerModel(nn.Module):
    """The words seen so far through layers of attention. With batch_first, PyTorch runs its fused layers."""

    def __init__(self, words=200, width=64, heads=2, layers=2, batch_first=False):
        super().__init__()
        self.width, self.batch_first = width, batch_first
        self.encoder = nn.Embedding(words, width)
        self.positions = Positions(width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.5, batch_first=batch_first)
        self.transformer = nn.TransformerEncoder(layer, layers)
        self.decoder = nn.Linear(width, words)

    def forward(self, words):
        mask = torch.log(torch.tril(torch.ones(words.size(0), words.size(0))))
        x = self.positions(self.encoder(words) * math.sqrt(self.width))
        if self.batch_first:
            x = x.transpose(0, 1)
        x = self.transformer(x, mask)
        if self.batch_first:
            x = x.transpose(0, 1)
        return F.log_softmax(self.decoder(x), dim=-1)


class Recurrent(nn.Module):
    """A recurrent network that begins with zeros."""

    def __init__(self, kind, **options):
        super().__init__()
        self.rnn = getattr(nn, kind)(6, 8, **options)

    def forward(self, x):
        return self.rnn(x)


class Zeros(nn.Module):
    """Zeros as a model makes them itself, of the size that the input has."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(6, 8)

    def forward(self, x):
        return self.rnn(x, torch.zeros(1, x.size(1), 8))


class Packed(nn.Module):
    """Sequences of several lengths, packed on the way in and padded on the way out."""

    def __init__(self, kind, batch_first=False, enforce_sorted=True, total=None, **options):
        super().__init__()
        self.batch_first, self.enforce_sorted, self.total = batch_first, enforce_sorted, total
        self.rnn = getattr(nn, kind)(6, 8, batch_first=batch_first, **options)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, self.batch_first, self.enforce_sorted)
        y, state = self.rnn(packed)
        y, counts = pad_packed_sequence(y, self.batch_first, 0.0, self.total)
        return y, counts, state


class Cells(nn.Module):
    """Cells step by step, as far as the trace saw."""

    def __init__(self, kind, **options):
        super().__init__()
        self.cell = getattr(nn, kind)(6, 8, **options)
        self.pair = kind == "LSTMCell"

    def forward(self, x, h):
        state, out = (h, h * 0.5) if self.pair else h, []
        for i in range(x.size(0)):
            state = self.cell(x[i], state)
            out.append(state[0] if self.pair else state)
        return torch.stack(out), state


class Step(nn.Module):
    """One step of a cell, which a script has as one operator."""

    def __init__(self, kind, **options):
        super().__init__()
        self.cell = getattr(nn, kind)(6, 8, **options)

    def forward(self, x, h):
        return self.cell(x[0], h)


class StepOfPair(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(6, 8)

    def forward(self, x, h):
        return self.cell(x[0], (h, h * 0.5))


class Repacked(nn.Module):
    """Packed data that something else has gone over before it is read: it is no longer what was packed."""

    def __init__(self, kind):
        super().__init__()
        self.linear = nn.Linear(6, 6)
        self.rnn = getattr(nn, kind)(6, 8)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths)
        packed = PackedSequence(torch.relu(self.linear(packed.data)), packed.batch_sizes)
        y, state = self.rnn(packed)
        return pad_packed_sequence(y, padding_value=-1.0)[0], y.data, state
