"""One binary network for each thing that recognition has to get right, all with lively parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def up(x: Tensor) -> Tensor:
    """The sign that is +1 at 0."""
    return torch.where(x >= 0, 1.0, -1.0)


class Sign(nn.Module):
    """`up` as a module."""

    def forward(self, x):
        return up(x)


class Step(nn.Module):
    """Activations 0 and 1, by rounding."""

    def forward(self, x):
        return torch.round(torch.clamp(x, 0, 1))


class Pad(nn.Module):
    """Constant padding on all sides."""

    def __init__(self, amount: int, value: float):
        super().__init__()
        self.amount, self.value = amount, value

    def forward(self, x):
        return F.pad(x, (self.amount,) * 4, value=self.value)


class Conv(nn.Conv2d):
    """A convolution with weights ±1, or ±a per output channel."""

    def __init__(self, *args, scaled: bool = False, bias: bool = False, **kwargs):
        super().__init__(*args, bias=bias, **kwargs)
        self.scaled = scaled

    def forward(self, x):
        scale = self.weight.abs().mean((1, 2, 3), keepdim=True) if self.scaled else 1.0
        return self._conv_forward(x, scale * up(self.weight), self.bias)


class Conv1(nn.Conv1d):
    """The same in one dimension."""

    def forward(self, x):
        return self._conv_forward(x, up(self.weight), self.bias)


class Linear(nn.Linear):
    """The same for vectors."""

    def forward(self, x):
        return F.linear(x, up(self.weight), self.bias)


class Shift(nn.Module):
    """A number per channel, added."""

    def __init__(self, channels: int):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return x + self.shift


class Scale(nn.Module):
    """A factor per channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return x * self.factor


class GlobalMean(nn.Module):
    """The mean over all positions."""

    def forward(self, x):
        return x.mean((2, 3))


Make = Callable[[], nn.Module]


def _front() -> list[nn.Module]:
    return [nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), Sign()]


def _middle(*layers: nn.Module, features: int) -> Make:
    return lambda: nn.Sequential(*_front(), *layers, nn.Flatten(), nn.Linear(features, 4))


def _conv(features: int = 8 * 64, **geometry: object) -> Make:
    return lambda: nn.Sequential(
        *_front(), Conv(8, 8, **geometry), nn.BatchNorm2d(8), Sign(), nn.Flatten(), nn.Linear(features, 4)
    )


@dataclass(frozen=True)
class Network:
    """How to make a network, the shape of its input, and the ops that must be in its graph."""

    make: Make
    ops: tuple[str, ...] = ("BinaryConv", "Threshold")
    shape: tuple[int, ...] = (2, 8, 8)
    without: tuple[str, ...] = field(default=())


_INTEGER = ("RealAffine", "RealClamp", "RealPRelu", "AveragePool")

NETWORKS: dict[str, Network] = {
    "zero_padding": Network(_conv(kernel_size=3, padding=1)),
    "no_padding": Network(_conv(8 * 36, kernel_size=3)),
    "stride": Network(_conv(8 * 16, kernel_size=3, padding=1, stride=2)),
    "uneven_stride": Network(_conv(8 * 12, kernel_size=(3, 2), padding=(1, 0), stride=(2, 3))),
    "dilation": Network(_conv(8 * 36, kernel_size=3, padding=1, dilation=2)),
    "pointwise": Network(_conv(kernel_size=1)),
    "five": Network(_conv(kernel_size=5, padding=2)),
    "even_filter": Network(_conv(8 * 49, kernel_size=2)),
    "same_even_filter": Network(_conv(kernel_size=2, padding="same")),
    "odd_channels": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), Sign(), Conv(5, 7, 3), nn.BatchNorm2d(7), Sign(),
            nn.Flatten(), nn.Linear(7 * 16, 4),
        )
    ),
    "plus_padding": Network(
        _middle(Pad(1, 1.0), Conv(8, 8, 3), nn.BatchNorm2d(8), Sign(), features=512)
    ),
    "minus_padding": Network(
        _middle(Pad(1, -1.0), Conv(8, 8, 3), nn.BatchNorm2d(8), Sign(), features=512)
    ),
    "padding_before_sign": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), Pad(1, 0.0), Sign(), Conv(8, 8, 3), nn.BatchNorm2d(8),
            Pad(2, -3.0), nn.Hardtanh(), Sign(), Conv(8, 4, 3), GlobalMean(), nn.Linear(4, 4),
        )
    ),
    "bias": Network(_middle(Conv(8, 8, 3, bias=True), nn.BatchNorm2d(8), Sign(), features=8 * 36)),
    "pool_before_norm": Network(
        _middle(Conv(8, 8, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(8), Sign(), features=8 * 16),
        ("BinaryConv", "Threshold", "MaxPool"),
    ),
    "pool_after_norm": Network(
        _middle(Conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.MaxPool2d(3, 2, 1), nn.Hardtanh(), Sign(),
                features=8 * 16),
        ("BinaryConv", "Threshold", "MaxPool"),
    ),
    "pool_after_sign": Network(
        _middle(Conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), Sign(), nn.MaxPool2d(3, 2, ceil_mode=True),
                features=8 * 16),
        ("BinaryConv", "Threshold", "MaxPool"),
    ),
    "pool_before_prelu": Network(
        _middle(Conv(8, 8, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.PReLU(8), Shift(8), Sign(),
                features=8 * 16),
        ("BinaryConv", "MaxPool", "Threshold"),
    ),
    "real_pools": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(8), Sign(), Conv(8, 8, 1),
            nn.BatchNorm2d(8), Sign(), nn.Flatten(), nn.Linear(8 * 16, 4),
        ),
        ("RealThreshold", "MaxPool", "BinaryConv"),
    ),
    "prelu": Network(_middle(Conv(8, 8, 3), nn.BatchNorm2d(8), nn.PReLU(8), Shift(8), Sign(), features=288)),
    "sigmoid": Network(
        _middle(Conv(8, 8, 3), nn.BatchNorm2d(8), nn.Sigmoid(), nn.BatchNorm2d(8), Sign(), features=288)
    ),
    "tanh_scale": Network(
        _middle(Conv(8, 8, 3), Scale(8), Shift(8), nn.Tanh(), Scale(8), Sign(), features=288)
    ),
    "shift_sign": Network(_middle(Conv(8, 8, 3), Shift(8), Sign(), features=288)),
    "zero_one": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), Step(), Conv(8, 8, 3, padding=1), nn.BatchNorm2d(8),
            nn.MaxPool2d(2), Step(), Conv(8, 8, 3), nn.BatchNorm2d(8), Step(), nn.AvgPool2d(1),
            nn.Flatten(), nn.Linear(8, 4),
        ),
        ("BinaryConv", "Threshold"),
    ),
    "zero_one_real_head": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), Step(), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8),
            Sign(), Conv(8, 8, 1), nn.BatchNorm2d(8), Step(), nn.Flatten(), nn.Linear(8 * 36, 4),
        ),
        ("RealConv", "BinaryConv", "Threshold"),
    ),
    "global_average": Network(
        lambda: nn.Sequential(
            *_front(), Conv(8, 16, 3), nn.BatchNorm2d(16), Sign(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(16, 4),
        ),
        ("BinaryConv", "Threshold", "SumPool", "RealAffine"),
    ),
    "average_then_sign": Network(
        _middle(Conv(8, 8, 3), nn.AvgPool2d(2), nn.BatchNorm2d(8), Sign(), nn.AvgPool2d(3,
            padding=1, stride=3),
                nn.BatchNorm2d(8), Sign(), features=8),
        ("BinaryConv", "SumPool", "Threshold"),
        without=_INTEGER,
    ),
    "adaptive_average": Network(
        _middle(Conv(8, 8, 3), nn.BatchNorm2d(8), Sign(), nn.AdaptiveAvgPool2d(3), features=72),
        ("SumPool",),
    ),
    "binary_head": Network(
        lambda: nn.Sequential(
            *_front(), Conv(8, 8, 3), nn.BatchNorm2d(8), Sign(), nn.Flatten(), Linear(288, 5, bias=False),
            nn.BatchNorm1d(5, affine=False),
        ),
        ("BinaryConv", "Threshold", "RealAffine"),
    ),
    "flatten_before_norm": Network(
        _middle(Conv(8, 8, 3), nn.MaxPool2d(2), nn.Flatten(), nn.BatchNorm1d(72), Sign(),
                Linear(72, 16, bias=False), nn.BatchNorm1d(16), Sign(), features=16),
        ("Flatten", "Threshold"),
    ),
    "flatten_between": Network(
        _middle(Conv(8, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), Sign(), Linear(288, 16), nn.BatchNorm1d(16),
                Sign(), features=16),
    ),
    "real_flatten": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.Flatten(), nn.BatchNorm1d(144), nn.PReLU(144), Sign(),
            Linear(144, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 4),
        ),
        ("BinaryConv",),
    ),
    "mlp": Network(
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(128, 32), nn.BatchNorm1d(32), Sign(), Linear(32, 16, bias=False),
            nn.BatchNorm1d(16), nn.Dropout(), Sign(), nn.Linear(16, 4),
        )
    ),
    "mlp_vector": Network(
        lambda: nn.Sequential(Sign(), Linear(20, 32, bias=False), nn.BatchNorm1d(32), Sign(),
            nn.Linear(32, 4)),
        shape=(20,),
    ),
    "one_dimensional": Network(
        lambda: nn.Sequential(
            nn.Conv1d(2, 8, 5, stride=2), nn.BatchNorm1d(8), Sign(), Conv1(8, 8, 3, padding=1, bias=False),
            nn.BatchNorm1d(8), nn.MaxPool1d(2), Sign(), Conv1(8, 8, 3, dilation=2, bias=False),
                nn.AvgPool1d(2),
            nn.BatchNorm1d(8), Sign(), nn.Flatten(), nn.Linear(16, 4),
        ),
        shape=(2, 40),
    ),
    "one_dimensional_from_vector": Network(
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 32)), nn.Conv1d(1, 8, 5), nn.BatchNorm1d(8), Sign(),
            Conv1(8, 8, 3, padding=1, bias=False), nn.BatchNorm1d(8), Sign(), nn.AdaptiveAvgPool1d(1),
            nn.Flatten(), nn.Linear(8, 4),
        ),
        shape=(32,),
    ),
    "normalised_input": Network(
        lambda: nn.Sequential(Scale(2), Shift(2), *_front(), Conv(8, 4, 8), nn.Flatten()),
        ("BinaryConv", "RealAffine"),
    ),
    "binary_first": Network(
        lambda: nn.Sequential(
            Conv(2, 8, 3, padding=1), nn.BatchNorm2d(8), Sign(), Conv(8, 8, 3), nn.BatchNorm2d(8), Sign(),
            GlobalMean(), nn.Linear(8, 4),
        ),
    ),
    "real_prelu_first": Network(
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.PReLU(8), nn.BatchNorm2d(8), Sign(), Conv(8, 8, 3),
            nn.BatchNorm2d(8), Sign(), GlobalMean(), nn.Linear(8, 4),
        ),
    ),
    "real_tail": Network(
        lambda: nn.Sequential(
            *_front(), Conv(8, 8, 3), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.AvgPool2d(2), nn.ReLU6(),
            nn.MaxPool2d(2), nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 4), nn.Softmax(1),
        ),
        ("BinaryConv", "RealAffine", "RealPRelu", "AveragePool", "RealClamp", "MaxPool"),
    ),
}  # fmt: skip


def build(make: Make, seed: int = 0) -> nn.Module:
    """The network in eval mode, with parameters and statistics from `seed`."""
    torch.manual_seed(seed)
    module = make().eval()
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                if layer.track_running_stats:
                    layer.running_mean.normal_(0, 2)
                    layer.running_var.uniform_(0.5, 3)
                if layer.affine:
                    layer.weight.normal_()
                    layer.bias.normal_()
            elif isinstance(layer, nn.PReLU | Shift | Scale):
                next(layer.parameters()).normal_()
    return module


def samples(shape: tuple[int, ...], count: int = 8, seed: int = 1) -> Tensor:
    """Normal numbers (count, *shape)."""
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed))
