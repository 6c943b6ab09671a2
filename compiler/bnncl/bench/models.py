"""PyTorch models of one layer, as users write them: seeded, and no larger than a valid model has to be."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from bnncl.bench.shapes import CLASSES, Layer

LAYER = "layer"
"""The module that is measured."""


def sign(x: torch.Tensor) -> torch.Tensor:
    """+1 where x >= 0, else -1."""
    return torch.where(x >= 0, 1.0, -1.0)


class BinaryConv(nn.Conv2d):
    """Convolution with weights ±1; padding with +1 is done by who calls it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sums."""
        return F.conv2d(x, sign(self.weight), None, self.stride, self.padding)


class BinaryLinear(nn.Linear):
    """Linear layer with weights ±1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sums."""
        return F.linear(x, sign(self.weight))


class OneLayer(nn.Module):
    """`spec` with the sign before it, the batch norm after it and, if need be, a head."""

    def __init__(self, spec: Layer) -> None:
        super().__init__()
        self.spec = spec
        self.layer = _layer(spec)
        out = spec.out_channels
        self.norm = nn.BatchNorm1d(out) if spec.is_linear else nn.BatchNorm2d(out)
        self.head = nn.Linear(out, 2 if spec.learns == "no" else CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores of the head, or of the layer."""
        spec = self.spec
        if spec.reads == "pixels":
            return self._scores(sign(self.norm(self.layer(x))))
        bits = sign(x)
        if spec.gives == "scores":
            return torch.as_tensor(self.layer(bits))
        padded = F.pad(bits, (spec.padding,) * 4, value=1.0) if spec.one_padding else bits
        sums = self.norm(self.layer(padded))
        return self._scores(sign(sums + x if spec.gives == "int32" else sums))

    def _scores(self, bits: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.head(bits if self.spec.is_linear else bits.mean((2, 3))))


def _layer(spec: Layer) -> nn.Module:
    if spec.is_linear:
        kind = nn.Linear if spec.gives == "scores" else BinaryLinear
        return kind(spec.in_channels, spec.out_channels, bias=False)
    conv = nn.Conv2d if spec.reads == "pixels" else BinaryConv
    padding = 0 if spec.one_padding else spec.padding
    return conv(
        spec.in_channels, spec.out_channels, spec.filter_size, spec.stride, padding=padding, bias=False
    )


def one_layer(spec: Layer) -> nn.Module:
    """The model of `spec`, in evaluation mode; the same numbers whenever it is made."""
    with torch.random.fork_rng(devices=()):
        model = OneLayer(spec)
    draw = _draw(spec.name, "weights")
    spread = float(np.sqrt(spec.in_channels) * spec.filter_size)
    with torch.no_grad():
        for module in (model.layer, model.head):
            weight = module.weight
            assert isinstance(weight, torch.Tensor)
            weight.copy_(_normal(draw, tuple(weight.shape)) / 8)
        channels = (spec.out_channels,)
        model.norm.weight.copy_(1 + _normal(draw, channels).abs() / 4)
        model.norm.bias.copy_(_normal(draw, channels) / 4)
        assert model.norm.running_mean is not None
        assert model.norm.running_var is not None
        scale = 0.1 if spec.reads == "pixels" else 1.0
        model.norm.running_mean.copy_(_normal(draw, channels) * spread / 4 * scale)
        model.norm.running_var.fill_((spread * scale) ** 2)
    return model.eval()


def activations(spec: Layer, density: float | None, number: int = 0) -> torch.Tensor:
    """One input (1, C, H, W) or (1, F): of all elements the share `density`, rounded, is -1, the rest +1.

    Pixels k / 255 where `density` is None. Other numbers make other inputs.
    """
    shape = (spec.in_channels,) if spec.is_linear else (spec.in_channels, spec.size, spec.size)
    count = int(np.prod(shape))
    draw = _draw(spec.name, f"input {density} {number}" if number else f"input {density}")
    if density is None:
        values = draw.integers(0, 256, count) / 255
    else:
        values = np.ones(count)
        values[draw.permutation(count)[: round(density * count)]] = -1
    return torch.from_numpy(values.reshape(1, *shape)).float()


def _draw(*names: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(" ".join(names).encode())))


def _normal(draw: np.random.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(draw.normal(size=shape)).float()
