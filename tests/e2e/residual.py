"""Networks of residual binary blocks, each as its authors write it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .layers import BinaryConv, Sign, SignLayer


class Shift(nn.Module):
    """A learned number for each channel, added."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(0.3 * torch.randn(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias.expand_as(x)


class TwoSlopes(nn.Module):
    """Bi-Real's activation: a learned slope on either side of 0."""

    def __init__(self, channels: int):
        super().__init__()
        self.above = nn.Parameter(0.7 + 0.5 * torch.rand(1, channels, 1, 1))
        self.below = nn.Parameter(0.5 * torch.rand(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x >= 0, x * self.above, x * self.below)


class TwoRelus(TwoSlopes):
    """The same function, as a difference."""

    def forward(self, x: Tensor) -> Tensor:
        return self.above * torch.relu(x) - self.below * torch.relu(-x)


def shortcut(before: int, after: int, stride: int) -> nn.Module:
    """Nothing, or a 2x2 mean and a 1x1 convolution with binary weights of its real numbers."""
    if stride == 1 and before == after:
        return nn.Identity()
    return nn.Sequential(
        nn.AvgPool2d(2) if stride == 2 else nn.Identity(),
        BinaryConv(before, after, 1),
        nn.BatchNorm2d(after),
    )


class BiReal(nn.Module):
    """DPReLU(BN(BConv(sign(x + a))) + shortcut(x)), padding +1."""

    def __init__(self, before: int, after: int, stride: int = 1, slopes: type[TwoSlopes] = TwoSlopes) -> None:
        super().__init__()
        self.shift = Shift(before)
        self.conv = BinaryConv(before, after, 3, stride=stride, padding=1, one_padding=True)
        self.norm = nn.BatchNorm2d(after)
        self.shortcut = shortcut(before, after, stride)
        self.slopes = slopes(after)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm(self.conv(Sign.apply(self.shift(x))))
        out += self.shortcut(x)
        return self.slopes(out)


class ReAct(nn.Module):
    """PReLU(BN(BConv(sign(x + b1), mean|W| * sign(W))) + shortcut(x) + b2) + b3, padding 0."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.move1, self.move2, self.move3 = Shift(before), Shift(after), Shift(after)
        self.sign = SignLayer()
        self.conv = BinaryConv(before, after, 3, stride=stride, padding=1, alpha=True)
        self.norm = nn.BatchNorm2d(after)
        self.shortcut = shortcut(before, after, stride)
        self.slopes = nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm(self.conv(self.sign(self.move1(x)))) + self.shortcut(x)
        return self.move3(self.slopes(self.move2(out)))


class Wide(nn.Module):
    """ReActNet's way to twice the channels: two binary 1x1 convolutions round one input, side by side."""

    def __init__(self, channels: int):
        super().__init__()
        self.move1 = Shift(channels)
        self.convs = nn.ModuleList(BinaryConv(channels, channels, 1, alpha=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))
        self.move2, self.move3 = Shift(2 * channels), Shift(2 * channels)
        self.slopes = nn.PReLU(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        bits = Sign.apply(self.move1(x))
        out1 = self.norms[0](self.convs[0](bits)) + x
        out2 = self.norms[1](self.convs[1](bits)) + x
        return self.move3(self.slopes(self.move2(torch.cat([out1, out2], dim=1))))


class Sliced(nn.Module):
    """A down-sampling block whose shortcut takes every other pixel, twice side by side."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = BinaryConv(channels, 2 * channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        part = x[:, :, ::2, ::2]
        return self.norm(self.conv(Sign.apply(x))) + torch.cat((part, part), 1)


class Quick(nn.Module):
    """shortcut(x) + BN(ReLU(BConv(sign(x)))), padding +1."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.conv = BinaryConv(before, after, 3, stride=stride, padding=1, one_padding=True)
        self.norm = nn.BatchNorm2d(after)
        self.shortcut = shortcut(before, after, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.norm(torch.relu(self.conv(Sign.apply(x))))


def network(*blocks: nn.Module, before: int, after: int) -> nn.Sequential:
    """A real stem, blocks, global mean, batch norm and a linear layer."""
    stem = (nn.Conv2d(1, before, 3, padding=1, bias=False), nn.BatchNorm2d(before))
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(after, affine=False), nn.Linear(after, 10))
    return nn.Sequential(*stem, *blocks, *head)


def settle(module: nn.Module, x: Tensor) -> None:
    """Batch-norm statistics as they are on `x`: streams of ordinary size, scores that tell inputs apart."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    for layer in norms:
        layer.momentum = 1.0
    module.train()
    with torch.no_grad():
        module(x)


RESIDUAL: dict[str, Callable[[], nn.Module]] = {
    "bireal": lambda: network(
        BiReal(32, 32), BiReal(32, 64, 2), BiReal(64, 64, slopes=TwoRelus), before=32, after=64
    ),
    "react": lambda: network(ReAct(20, 20), ReAct(20, 40, 2), ReAct(40, 40), before=20, after=40),
    "widened": lambda: network(ReAct(20, 20), Wide(20), Sliced(40), ReAct(80, 80), before=20, after=80),
    "quick": lambda: network(
        Quick(32, 32), Quick(32, 32), Quick(32, 48, 2), Quick(48, 48), before=32, after=48
    ),
}
"""Each kind of block, of stride 1 and down-sampling."""
