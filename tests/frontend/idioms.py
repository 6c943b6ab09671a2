"""Small binary networks, each written with another idiom of real code bases.

`SIGNS` and `CONVS` are interchangeable pieces: networks that differ only in them compute the same, tie
at 0 apart. `ZOO` holds whole modules by name, with an example for each; all weights are drawn from a
fixed seed, batch-norm statistics included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tests.frontend.idiom_pieces import (
    CONVS,
    SIGNS,
    Activation,
    ConvFunction,
    ConvScaledSte,
    ConvSte,
    LinearSte,
    sign_from_ge,
    sign_function,
    sign_polynomial_ste,
)


class SmallNet(nn.Module):
    """Real conv, batch norm, sign, two binary convs with max pooling, binary and real linear layers."""

    def __init__(self, sign: Activation = sign_from_ge, conv: type[nn.Conv2d] = ConvSte, channels: int = 8):
        super().__init__()
        self.sign = sign
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = conv(channels, 2 * channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * channels)
        self.pool = nn.MaxPool2d(2)
        self.conv3 = conv(2 * channels, 2 * channels, 3, bias=False)
        self.norm3 = nn.BatchNorm2d(2 * channels)
        self.fc = LinearSte(2 * channels * 4, 16, bias=False)
        self.norm4 = nn.BatchNorm1d(16)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x = self.sign(self.norm1(self.first(x)))
        x = self.sign(self.norm2(self.pool(self.conv2(x))))
        x = self.sign(self.norm3(self.conv3(x)))
        x = self.sign(self.norm4(self.fc(x.flatten(1))))
        return self.head(x)


class LearnableShift(nn.Module):
    """A bias per channel before or after something: the RSign and RPReLU shifts."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return x + self.bias.expand_as(x)


class ShiftNet(nn.Module):
    """RSign before a scaled binary convolution, RPReLU after it, average pooling at the end."""

    def __init__(self, channels: int = 8):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, stride=2, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.rsign = LearnableShift(channels)
        self.conv = ConvScaledSte(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.move1 = LearnableShift(channels)
        self.prelu = nn.PReLU(channels)
        self.move2 = LearnableShift(channels)
        self.head = nn.Linear(channels, 5)

    def forward(self, x):
        x = self.norm1(self.first(x))
        x = self.norm2(self.conv(sign_polynomial_ste(self.rsign(x))))
        x = self.move2(self.prelu(self.move1(x)))
        x = F.adaptive_avg_pool2d(x, 1)
        return self.head(x.view(x.size(0), -1))


class MlpLogSoftmax(nn.Module):
    """A binary multi-layer perceptron: hardtanh, sign, affine-free batch norm, LogSoftmax at the end."""

    def __init__(self):
        super().__init__()
        self.fc1 = LinearSte(36, 24)
        self.norm1 = nn.BatchNorm1d(24)
        self.fc2 = LinearSte(24, 24, bias=False)
        self.norm2 = nn.BatchNorm1d(24)
        self.fc3 = LinearSte(24, 4, bias=False)
        self.norm3 = nn.BatchNorm1d(4, affine=False)
        self.tanh = nn.Hardtanh(inplace=True)
        self.log_softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        x = x.view(-1, 36)
        x = sign_function(self.tanh(self.norm1(self.fc1(x))))
        x = sign_function(self.tanh(self.norm2(self.fc2(x))))
        return self.log_softmax(self.norm3(self.fc3(x)))


class PaddedNet(nn.Module):
    """Pads with a constant (+1 or -1) before each binary convolution; max pool before batch norm."""

    def __init__(self, value: float = -1.0, channels: int = 8):
        super().__init__()
        self.value = value
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = ConvFunction(channels, channels, 3, stride=2, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv3 = ConvFunction(channels, channels, 3, dilation=2, bias=False)
        self.norm3 = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, 3)

    def forward(self, x):
        x = sign_from_ge(self.norm1(F.max_pool2d(self.first(x), 2)))
        x = sign_from_ge(self.norm2(self.conv2(F.pad(x, (1, 1, 1, 1), value=self.value))))
        x = F.relu(self.norm3(self.conv3(F.pad(x, (1, 1, 1, 1), value=self.value))), inplace=True)
        return self.head(F.avg_pool2d(x, x.shape[2:]).flatten(1))


class Conv1dNet(nn.Module):
    """A one-dimensional network with max pooling after sign."""

    def __init__(self, channels: int = 8):
        super().__init__()
        self.first = nn.Conv1d(2, channels, 5, padding=2, bias=False)
        self.norm1 = nn.BatchNorm1d(channels)
        self.weight = nn.Parameter(torch.empty(channels, channels, 3))
        self.norm2 = nn.BatchNorm1d(channels)
        self.head = nn.Linear(channels * 4, 3)

    def forward(self, x):
        x = F.max_pool1d(sign_function(self.norm1(self.first(x))), 2)
        x = self.norm2(F.conv1d(x, sign_function(self.weight), padding=1))
        return self.head(F.max_pool1d(sign_function(x), 2).flatten(1))


class ConcatNet(nn.Module):
    """Chunks, concatenates and shuffles channels; writes into slices of a new tensor."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.conv = ConvFunction(16, 8, 3, padding=1, groups=2, bias=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.norm(self.first(x))
        left, right = x.chunk(2, 1)
        x = sign_from_ge(torch.cat([right, left, x], 1))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        out = torch.zeros(n, 8, h, w)
        out[:, :4] = self.conv(x)[:, 4:]
        out[:, 4:] += self.conv(x)[:, :4]
        out *= 0.5
        return self.head(out.mean((2, 3)))


@dataclass(frozen=True)
class Entry:
    """One model of the zoo: how to make it, and the shape of one sample."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]


ZOO: dict[str, Entry] = {
    **{
        f"sign_{name}": Entry(lambda sign=sign: SmallNet(sign=sign), (1, 8, 8))
        for name, sign in SIGNS.items()
    },
    **{
        f"conv_{name}": Entry(lambda conv=conv: SmallNet(conv=conv), (1, 8, 8))
        for name, conv in CONVS.items()
    },
    "shift": Entry(ShiftNet, (3, 12, 12)),
    "mlp_log_softmax": Entry(MlpLogSoftmax, (1, 6, 6)),
    "pad_minus": Entry(lambda: PaddedNet(-1.0), (1, 16, 16)),
    "pad_plus": Entry(lambda: PaddedNet(1.0), (1, 16, 16)),
    "conv1d": Entry(Conv1dNet, (2, 16)),
    "concat": Entry(ConcatNet, (1, 6, 6)),
}


def build(name: str, seed: int = 0) -> nn.Module:
    """The module `name` of the zoo in eval mode, with lively weights and statistics."""
    module = ZOO[name].make()
    enliven(module, seed)
    return module.eval()


def example(name: str, count: int = 4, seed: int = 1) -> Tensor:
    """`count` samples for the module `name`, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, *ZOO[name].shape), generator=generator) * 2 - 1


def enliven(module: nn.Module, seed: int = 0) -> None:
    """Draw all parameters and batch-norm statistics from `seed`, the same for models of the same names."""
    with torch.no_grad():
        for name, tensor in sorted([*module.named_parameters(), *module.named_buffers()]):
            if not tensor.is_floating_point():
                continue
            plain = name.replace("weight_org", "weight")
            generator = torch.Generator().manual_seed(seed * 7919 + sum(map(ord, plain)))
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0, generator=generator)
            elif "norm" in name and name.endswith("weight"):
                tensor.uniform_(0.3, 1.5, generator=generator)
                tensor.mul_(torch.where(torch.rand(tensor.shape, generator=generator) < 0.3, -1.0, 1.0))
            elif "prelu" in name:
                tensor.uniform_(0.1, 0.5, generator=generator)
            else:
                tensor.normal_(0.0, 0.3, generator=generator)
