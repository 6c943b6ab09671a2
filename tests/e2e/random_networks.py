"""Random feed-forward networks: every construct that recognition knows, in any size and order."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tests.frontend.networks import Conv, Conv1, Linear, Sign, Step

_MAPS = (1, 1, 2, 3, 4, 5, 7, 8, 11, 16)
_CHANNELS = (1, 2, 3, 5, 8, 16, 31, 32, 33, 40, 63, 64, 65, 70)


class Pad(nn.Module):
    """Constant padding, each side by its own amount."""

    def __init__(self, amounts: tuple[int, ...], value: float):
        super().__init__()
        self.amounts, self.value = amounts, value

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.amounts, value=self.value)


class Normalise(nn.Module):
    """(x - mean) / deviation, channel by channel."""

    def __init__(self, channels: int, dims: int):
        super().__init__()
        self.register_buffer("mean", torch.rand(channels, *[1] * dims))
        self.register_buffer("deviation", 0.1 + torch.rand(channels, *[1] * dims))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.deviation


class Magnitude(nn.Module):
    """A binary layer whose weights are ±a, one number for each filter."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer
        self.magnitude = nn.Parameter(0.1 + torch.rand(layer.weight.shape[0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) * self.magnitude.view(-1, *[1] * (x.dim() - 2))


class Around(nn.Module):
    """What layers make of x, plus x itself, or what others make of it."""

    def __init__(self, layers: list[nn.Module], shortcut: list[nn.Module], form: str):
        super().__init__()
        self.layers, self.shortcut, self.form = nn.Sequential(*layers), nn.Sequential(*shortcut), form

    def forward(self, x: Tensor) -> Tensor:
        out, held = self.layers(x), self.shortcut(x)
        if self.form == "in place":
            out += held
            return out
        return held - out if self.form == "difference" else out + held


class EveryOther(nn.Module):
    """Every other position of a map."""

    def forward(self, x: Tensor) -> Tensor:
        return x[..., ::2] if x.dim() == 3 else x[:, :, ::2, ::2]


class Twice(nn.Module):
    """All channels twice."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, x), 1)


class Shift(nn.Module):
    """A number for each channel (or one for all), added."""

    def __init__(self, channels: int, dims: int):
        super().__init__()
        self.shift = nn.Parameter(torch.randn(channels, *[1] * dims))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.shift


class TwoSlopes(nn.Module):
    """x times a number of its channel, another one below 0."""

    def __init__(self, channels: int, dims: int, form: int):
        super().__init__()
        self.form = form
        self.above = nn.Parameter(0.2 + torch.rand(channels, *[1] * dims))
        self.below = nn.Parameter(torch.rand(channels, *[1] * dims) - 0.2)

    def forward(self, x: Tensor) -> Tensor:
        if self.form == 0:
            return torch.where(x >= 0, x * self.above, x * self.below)
        if self.form == 1:
            return self.above * torch.relu(x) - self.below * torch.relu(-x)
        return self.below * x + (self.above - self.below) * x.clamp(min=0)


@dataclass
class Case:
    """A network in eval mode and the shape of one input."""

    seed: int
    module: nn.Sequential
    shape: tuple[int, ...]
    grid: bool

    def inputs(self, count: int, seed: int = 0) -> Tensor:
        """Inputs (count, *shape): pixels k/255, or normal numbers."""
        generator = torch.Generator().manual_seed(1000 * self.seed + seed)
        if self.grid:
            return torch.randint(0, 256, (count, *self.shape), generator=generator).float() / 255
        return torch.randn(count, *self.shape, generator=generator)

    def __str__(self) -> str:
        return f"seed {self.seed}, input {self.shape}:\n{self.module}"


@dataclass
class Draft:
    """Layers so far, and what they put out: channels, size of the map (0, 1 or 2 axes)."""

    choose: random.Random
    channels: int
    size: list[int]
    layers: list[nn.Module] = field(default_factory=list)

    @property
    def dims(self) -> int:
        return len(self.size)

    def maybe(self, chance: float) -> bool:
        return self.choose.random() < chance

    def add(self, *layers: nn.Module) -> None:
        self.layers += layers

    def convolve(self, *, binary: bool, channels: int) -> None:
        """A convolution (a linear layer where there is no map), with padding before it or in it."""
        bias = self.maybe(0.25)
        if self.dims == 0:
            make = Linear if binary else nn.Linear
            layer = make(self.channels, channels, bias=bias)
        else:
            layer = self._window(binary, channels, bias)
        scaled = binary and not bias and self.maybe(0.2)
        self.add(Magnitude(layer) if scaled else layer)
        self.channels = channels

    def _window(self, binary: bool, channels: int, bias: bool) -> nn.Module:
        pads = [0] * self.dims
        if binary and self.maybe(0.3):
            self._pad(self.choose.choice((1.0, -1.0)))
        else:
            pads = [self.choose.choice((0, 0, 1, 1, 2)) for _ in self.size]
        dilation = [self.choose.choice((1, 1, 1, 2, 3)) for _ in self.size]
        reach = [(n + 2 * p - 1) // d + 1 for n, p, d in zip(self.size, pads, dilation, strict=True)]
        kernel = [self.choose.randint(1, min(5, each)) for each in reach]
        stride = [self.choose.choice((1, 1, 1, 2, 3)) for _ in self.size]
        self.size = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(self.size, pads, dilation, kernel, stride, strict=True)
        ]
        real = nn.Conv1d if self.dims == 1 else nn.Conv2d
        make = (Conv1 if self.dims == 1 else Conv) if binary else real
        return make(
            self.channels, channels, tuple(kernel), tuple(stride), tuple(pads), tuple(dilation), bias=bias
        )

    def _pad(self, value: float) -> None:
        amounts = [self.choose.randint(0, 2) for _ in range(2 * self.dims)]
        self.add(Pad(tuple(amounts), value))
        for axis in range(self.dims):
            low, high = amounts[2 * axis : 2 * axis + 2]
            self.size[-1 - axis] += low + high

    def pool(self, *, average: bool) -> None:
        """A pool of the map, where there is one; averages without padding."""
        if self.dims == 0:
            return
        kernel = self.choose.randint(1, min(3, *self.size))
        stride = self.choose.randint(1, 3)
        padding = 0 if average else self.choose.randint(0, kernel // 2)
        kinds = {
            (1, False): nn.MaxPool1d,
            (2, False): nn.MaxPool2d,
            (1, True): nn.AvgPool1d,
            (2, True): nn.AvgPool2d,
        }
        self.add(kinds[self.dims, average](kernel, stride, padding))
        self.size = [(n + 2 * padding - kernel) // stride + 1 for n in self.size]

    def norm(self, *, affine: bool = True) -> None:
        kind = nn.BatchNorm2d if self.dims == 2 else nn.BatchNorm1d
        self.add(kind(self.channels, affine=affine))

    def binarise(self) -> None:
        """What may stand between an accumulator and a sign, and the sign."""
        if self.maybe(0.2):
            self.pool(average=False)
        if self.maybe(0.9):
            self.norm()
        if self.maybe(0.25):
            self.add(nn.PReLU(self.choose.choice((1, self.channels))))
        if self.maybe(0.15):
            self.pool(average=False)
        if self.maybe(0.2):
            self.norm()
        if self.maybe(0.2):
            self.add(nn.Hardtanh())
        self.add(Step() if self.maybe(0.2) else Sign())
        if self.maybe(0.2):
            self.pool(average=False)

    def real_part(self) -> None:
        """A real layer and what follows it."""
        self.convolve(binary=False, channels=self.choose.choice(_CHANNELS[:8]))
        if self.maybe(0.5):
            self.norm()
        self.add(self.choose.choice((nn.ReLU, nn.Hardtanh, nn.ReLU6, nn.PReLU, nn.LeakyReLU, nn.Identity))())
        if self.maybe(0.3):
            self.pool(average=self.maybe(0.5))

    def residual(self) -> None:
        """Layers with a binary convolution at their end or in their middle, and a way round them."""
        outer, before, size = self.layers, self.channels, list(self.size)
        self.layers = []
        if self.maybe(0.4):
            self.add(Shift(self.channels, self.dims))
        self.add(Step() if self.maybe(0.15) else Sign())
        stride = 2 if self.dims and self.maybe(0.3) and all(n % 2 == 0 for n in size) else 1
        channels = before if self.maybe(0.6) else self.choose.choice((*_CHANNELS, 2 * before))
        self._same_size(channels, stride)
        if self.maybe(0.2):
            self.add(nn.ReLU())
        if self.maybe(0.9):
            self.norm()
        layers, self.layers = self.layers, outer
        self.add(
            Around(
                layers,
                self._shortcut(before, channels, stride),
                self.choose.choice(("sum", "in place", "difference")),
            )
        )
        if self.maybe(0.3):
            self.add(Shift(self.channels, self.dims))
        kinds = (0, 1, 2, 3, 4, 5, 6)
        kind = self.choose.choice(kinds)
        if kind < 3:
            self.add(TwoSlopes(self.channels, self.dims, kind))
        elif kind < 6:
            self.add((nn.PReLU(self.channels), nn.ReLU(), nn.Hardtanh())[kind - 3])

    def _same_size(self, channels: int, stride: int) -> None:
        """A binary layer whose output is as large as its input, or half as large."""
        reach = self.choose.choice((0, 1, 2)) if self.dims else 0
        if self.dims == 0:
            self.add(Linear(self.channels, channels, bias=False))
        else:
            make = Conv1 if self.dims == 1 else Conv
            layer = make(self.channels, channels, 2 * reach + 1, stride, padding=reach, bias=self.maybe(0.2))
            self.add(Magnitude(layer) if self.maybe(0.3) and layer.bias is None else layer)
        self.channels = channels
        self.size = [n // stride for n in self.size]

    def _shortcut(self, before: int, after: int, stride: int) -> list[nn.Module]:
        """Nothing where the shapes agree; a pool and a binary layer of real numbers where they do not."""
        flattened = self.dims == 0 and any(isinstance(layer, nn.Flatten) for layer in self.layers)
        if stride == 1 and before == after and not flattened:
            return []
        pools = {1: (nn.AvgPool1d, nn.MaxPool1d), 2: (nn.AvgPool2d, nn.MaxPool2d)}
        found: list[nn.Module] = []
        if stride == 2:
            chosen = self.choose.choice((*pools[self.dims], None))
            found.append(EveryOther() if chosen is None else chosen(2))
        if after == before and not flattened:
            return found
        if after == 2 * before and not flattened and self.maybe(0.7):
            return [*found, Twice()]
        make = {0: Linear, 1: Conv1, 2: Conv}[self.dims]
        found.append(make(before, after, *((1,) if self.dims else ()), bias=False))
        if self.maybe(0.7):
            kind = nn.BatchNorm2d if self.dims == 2 else nn.BatchNorm1d
            found.append(kind(after))
        return found

    def flatten(self) -> None:
        if self.dims:
            self.add(nn.Flatten())
            for n in self.size:
                self.channels *= n
            self.size = []

    def head(self, classes: int) -> None:
        """The last layer: linear, binary with batch norm, or a convolution and the mean of its map."""
        if self.dims and self.maybe(0.25):
            self.convolve(binary=self.maybe(0.7), channels=classes)
            self.add((nn.AdaptiveAvgPool1d if self.dims == 1 else nn.AdaptiveAvgPool2d)(1), nn.Flatten())
            return
        if self.dims and self.maybe(0.2):
            self.pool(average=True)
        self.flatten()
        binary = self.maybe(0.35) and isinstance(self.layers[-1 - (self.dims == 0)], Sign | nn.Flatten)
        self.add(Linear(self.channels, classes, bias=False) if binary else nn.Linear(self.channels, classes))
        self.channels = classes
        if binary and self.maybe(0.7):
            self.norm(affine=self.maybe(0.5))


def _parameters(module: nn.Module, choose: random.Random) -> None:
    """Lively parameters; batch norms with scales that are negative, zero, tiny or huge.

    Not tiny or huge where there are shortcuts: 16 bits for all channels of a stream cannot hold both sizes.
    """
    chances = (7, 0, 0, 1) if any(isinstance(each, Around) for each in module.modules()) else (7, 1, 1, 1)
    scales: dict[str, Callable[[Tensor], Tensor]] = {
        "lively": lambda w: w.normal_(),
        "tiny": lambda w: w.normal_().mul_(1e-6),
        "huge": lambda w: w.normal_().mul_(1e5),
        "zeros": lambda w: w.normal_().mul_(torch.rand_like(w) > 0.3),
    }
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.running_mean.normal_(0, 3)
                layer.running_var.uniform_(0.2, 30)
                if layer.affine:
                    scales[choose.choices(list(scales), chances)[0]](layer.weight)
                    layer.bias.normal_(0, 0.5)
            elif isinstance(layer, nn.PReLU):
                layer.weight.normal_(0.1, 0.5)


def random_network(seed: int) -> Case:
    """The network of `seed`: the same at every time and on every machine."""
    choose = random.Random(seed)
    torch.manual_seed(seed)
    dims = choose.choice((0, 1, 2, 2, 2))
    draft = Draft(choose, choose.choice((1, 1, 2, 3, 4, 5)), [choose.choice(_MAPS) for _ in range(dims)])
    if dims == 0:
        draft.channels = choose.choice((*_CHANNELS, 100, 200))
    shape = (draft.channels, *draft.size)
    grid = draft.maybe(0.6)
    if draft.maybe(0.3):
        draft.add(Normalise(draft.channels, dims))
    if draft.maybe(0.9):
        draft.convolve(binary=draft.maybe(0.1), channels=choose.choice(_CHANNELS))
    draft.binarise()
    for _ in range(choose.randint(0, 3)):
        draft.convolve(binary=True, channels=choose.choice(_CHANNELS))
        draft.binarise()
        if draft.dims and draft.maybe(0.1):
            draft.flatten()
    if draft.maybe(0.2):
        draft.real_part()
    for _ in range(choose.choice((0, 0, 0, 1, 1, 2, 3))):
        draft.residual()
    draft.head(choose.choice((1, 2, 3, 4, 10, 31, 32, 33)))
    module = nn.Sequential(*draft.layers).eval()
    _parameters(module, choose)
    return Case(seed, module, shape, grid)
