"""Small torch networks as users write them, with lively weights, for the tests of the whole road."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .layers import BinaryConv, BinaryLinear, SignLayer
from .residual import RESIDUAL, settle


class ZeroOne(nn.Module):
    """0 or 1: round(clamp(x, 0, 1))."""

    def forward(self, x):
        return torch.round(torch.clamp(x, 0, 1))


def cnn(alpha: bool = False) -> nn.Module:
    """Real first layer, binary ones with zero and one padding, max pool before and after batch norm."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        SignLayer(),
        BinaryConv(32, 64, 3, padding=1, alpha=alpha),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(64),
        SignLayer(),
        BinaryConv(64, 40, 3, padding=1, one_padding=True, alpha=alpha),
        nn.BatchNorm2d(40),
        nn.MaxPool2d(2),
        SignLayer(),
        nn.Flatten(),
        nn.Linear(160, 10),
    )


def mlp() -> nn.Module:
    """Real first linear layer, binary ones with tails, binary last layer with affine-free batch norm."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 100),
        nn.BatchNorm1d(100),
        SignLayer(),
        BinaryLinear(100, 50, bias=False),
        nn.BatchNorm1d(50),
        nn.Hardtanh(),
        SignLayer(),
        BinaryLinear(50, 10, bias=False),
        nn.BatchNorm1d(10, affine=False),
        nn.LogSoftmax(1),
    )


def strides() -> nn.Module:
    """Odd windows: stride, dilation, even and 1x1 filters, PReLU before sign, global average pool."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 3, padding=1, bias=False),
        nn.BatchNorm2d(20),
        nn.PReLU(20),
        SignLayer(),
        BinaryConv(20, 33, 3, padding=2, dilation=2),
        nn.BatchNorm2d(33),
        SignLayer(),
        BinaryConv(33, 64, 2, stride=2),
        nn.BatchNorm2d(64),
        nn.PReLU(),
        SignLayer(),
        BinaryConv(64, 48, 1),
        nn.BatchNorm2d(48),
        SignLayer(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, 10),
    )


def zero_one() -> nn.Module:
    """Activations 0 and 1 with zero padding, average pool of them, biases."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2),
        nn.BatchNorm2d(32),
        ZeroOne(),
        BinaryConv(32, 32, 3, padding=1, bias=True),
        nn.BatchNorm2d(32),
        ZeroOne(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def real_tail() -> nn.Module:
    """Binary layers followed by real ones: ReLU, average pool, convolution, PReLU, hardtanh."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3),
        nn.BatchNorm2d(16),
        SignLayer(),
        BinaryConv(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(32, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.PReLU(12),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 12, 1),
        nn.Hardtanh(),
        nn.Flatten(),
        nn.Linear(12, 10),
    )


def groups() -> nn.Module:
    """Groups of 32 channels, depthwise convolutions to signs and to numbers, a sum of groups."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        SignLayer(),
        BinaryConv(64, 128, 3, padding=1, groups=2),
        nn.BatchNorm2d(128),
        SignLayer(),
        BinaryConv(128, 128, 3, padding=1, groups=128),
        nn.BatchNorm2d(128),
        SignLayer(),
        BinaryConv(128, 96, 1),
        nn.BatchNorm2d(96),
        SignLayer(),
        BinaryConv(96, 96, 3, stride=2, groups=96, one_padding=True, padding=1),
        nn.BatchNorm2d(96),
        nn.PReLU(96),
        SignLayer(),
        BinaryConv(96, 96, 2, groups=3),
        nn.BatchNorm2d(96),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(96, 10),
    )


ZOO: dict[str, Callable[[], nn.Module]] = {
    "cnn": cnn,
    "cnn_alpha": lambda: cnn(alpha=True),
    "mlp": mlp,
    "strides": strides,
    "zero_one": zero_one,
    "real_tail": real_tail,
    "groups": groups,
    **RESIDUAL,
}


def pooled_relu() -> nn.Module:
    """No binary activation at all: averages of a ReLU, never negative."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 45, 3),
        nn.BatchNorm2d(45),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(45, 10),
    )


def hardtanh_mlp() -> nn.Module:
    """No binary activation: numbers of both signs."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 50),
        nn.BatchNorm1d(50),
        nn.Hardtanh(),
        nn.Linear(50, 21),
        nn.Hardtanh(),
        nn.Linear(21, 10),
    )


def relu_of_bits() -> nn.Module:
    """A binary convolution behind the last sign, computed again for each replay of its bits."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        SignLayer(),
        BinaryConv(32, 33, 3),
        nn.BatchNorm2d(33),
        nn.ReLU(),
        nn.AvgPool2d(3),
        nn.Flatten(),
        nn.Linear(132, 10),
    )


NUMBERS: dict[str, Callable[[], nn.Module]] = {
    "pooled_relu": pooled_relu,
    "hardtanh_mlp": hardtanh_mlp,
    "relu_of_bits": relu_of_bits,
}
"""Networks whose head reads numbers; the first two have no sign at all."""


def build(name: str, seed: int = 0) -> nn.Module:
    """The network `name` with random weights and batch-norm statistics, some scales negative."""
    torch.manual_seed(seed)
    module = {**ZOO, **NUMBERS}[name]()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            assert layer.running_mean is not None
            layer.running_mean.normal_(0, 2)
            layer.running_var.uniform_(1, 30)
            if layer.affine:
                layer.weight.data.normal_(0, 1)
                layer.bias.data.normal_(0, 0.3)
        if isinstance(layer, nn.PReLU):
            layer.weight.data.normal_(0.2, 0.2)
    if name in RESIDUAL:
        settle(module, images(200, seed=seed + 100))
    return module.eval()


def images(count: int, seed: int = 1) -> torch.Tensor:
    """Inputs (count, 1, 8, 8) on the grid k/16."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 17, (count, 1, 8, 8), generator=generator).float() / 16
