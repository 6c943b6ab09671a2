"""The network of the small study: a real stem, six Bi-Real blocks, global mean, linear head without bias."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from examples.training import BinaryModel

WIDTHS = (32, 64, 128)
TAIL = 3
"""Blocks at the end, all of the last width, that can learn."""


class ApproxSign(torch.autograd.Function):
    """+1 where x >= 0, else -1; the gradient's slope is 2 (1 - |x|), 0 beyond |x| = 1 (Bi-Real Net)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * torch.mul(gradient, (1 - x.abs()).clamp(min=0))


class ClipSign(torch.autograd.Function):
    """+1 where x >= 0, else -1; the gradient passes where |x| <= 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() <= 1, gradient, 0.0)


class BinaryConv2d(nn.Conv2d):
    """A convolution with weights -1 and +1, the signs of real ones; it pads a 3x3 window with +1."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__(before, after, size, stride, bias=False)
        self.pad = size // 2

    def forward(self, x: Tensor) -> Tensor:
        if self.pad:
            x = F.pad(x, (self.pad,) * 4, value=1.0)
        return F.conv2d(x, ClipSign.apply(self.weight), None, self.stride)  # type: ignore[no-untyped-call]


class SignAt(nn.Module):
    """The sign of x plus a learned offset for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        bits: Tensor = ApproxSign.apply(x + self.offset)  # type: ignore[no-untyped-call]
        return bits


class Block(nn.Module):
    """PReLU(BN(BConv(sign(x + a))) + shortcut(x)), Bi-Real Net's block with one slope.

    Where it widens it also halves the map: its shortcut is then a 2x2 mean, a 1x1 convolution of real
    numbers with binary weights, and a batch norm.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        same = before == after
        self.sign = SignAt(before)
        self.conv = BinaryConv2d(before, after, 3, 1 if same else 2)
        self.norm = nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if not same:
            mean, convolution = nn.AvgPool2d(2), BinaryConv2d(before, after, 1)
            self.shortcut = nn.Sequential(mean, convolution, nn.BatchNorm2d(after))
        self.slopes = nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.after_sign(self.sign(x), x)
        return made

    def after_sign(self, bits: Tensor, x: Tensor) -> Tensor:
        """The block's output where its convolution reads `bits` and its shortcut x."""
        out: Tensor = self.slopes(self.norm(self.conv(bits)) + self.shortcut(x))
        return out


class ResidualNet(BinaryModel):
    """Images (N, 3, 32, 32) in 0..1 to `classes` scores; 32x16x16, 64x8x8, then blocks of 128x4x4."""

    def __init__(self, classes: int, widths: tuple[int, int, int] = WIDTHS, tail: int = TAIL) -> None:
        super().__init__()
        first, second, third = widths
        self.stem = nn.Conv2d(3, first, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(first)
        steps = [(first, first), (first, second), (second, second), (second, third)]
        self.blocks = nn.ModuleList(Block(*each) for each in [*steps, *[(third, third)] * tail])
        self.head = nn.Linear(third, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x))
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores

    def latent_weights(self) -> list[Tensor]:
        return [part.weight for part in self.modules() if isinstance(part, BinaryConv2d)]

    def encode(self, x: Tensor, tail: int) -> Tensor:
        """The stream (N, C, H, W) that the last `tail` blocks read."""
        x = self.norm(self.stem(x))
        for block in self.blocks[: len(self.blocks) - tail]:
            x = block(x)
        return x


__all__ = ["ApproxSign", "BinaryConv2d", "Block", "ClipSign", "ResidualNet", "SignAt"]
