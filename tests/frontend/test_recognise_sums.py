"""Shortcuts, however a model writes them: sums of values, shifts, two slopes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.capture import capture
from bnncl.frontend.recognise import recognise
from bnncl.frontend.recognised import Recognised
from bnncl.ops.add import RealAdd
from bnncl.ops.conv import BinaryConv
from bnncl.ops.elementwise import RealPRelu
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold, Threshold
from tests.frontend.networks import Conv, Linear, Shift, Sign, build, samples, up
from tests.frontend.test_recognise import check, ops_of

CHANNELS = 8


class Apply(nn.Module):
    """A function of the input and of layers."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.layers)


class Numbers(nn.Module):
    """Learned numbers of any shape, as they are."""

    def __init__(self, *shape: int, low: float = 0.1, high: float = 1.0):
        super().__init__()
        self.numbers = nn.Parameter(low + (high - low) * torch.rand(shape))

    def forward(self) -> Tensor:
        return self.numbers


def branch(**more: object) -> nn.Module:
    """A binary convolution and its batch norm."""
    return nn.Sequential(Conv(CHANNELS, CHANNELS, 3, padding=1, **more), nn.BatchNorm2d(CHANNELS))


def net(*layers: nn.Module, stem: bool = True, channels: int = CHANNELS) -> nn.Module:
    first = (nn.Conv2d(2, CHANNELS, 3, padding=1), nn.BatchNorm2d(CHANNELS)) if stem else ()
    last = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))
    return build(lambda: nn.Sequential(*first, *layers, *last))


def block(function: Callable[..., Tensor] = lambda x, f: f(up(x)) + x, *layers: nn.Module) -> nn.Module:
    return Apply(function, *(layers or (branch(),)))


def in_place(x: Tensor, f: nn.Module) -> Tensor:
    out = f(up(x))
    out += x
    return out


def many_times(x: Tensor, f: nn.Module) -> Tensor:
    return f(up(x)).add(x, alpha=-0.5) * 2 + 1 - x


SUMS: dict[str, tuple[Callable[[], list[nn.Module]], int]] = {
    "plain": (lambda: [block(), block()], 2),
    "in place": (lambda: [block(in_place), block(in_place)], 2),
    "multiples": (lambda: [block(many_times), block()], 3),
    "subtracted": (lambda: [block(lambda x, f: x - f(up(x)))], 1),
    "of three": (lambda: [block(lambda x, f, g: f(up(x)) + g(up(x)) + x, branch(), branch())], 2),
    "of two accumulators": (
        lambda: [Sign(), block(lambda x, f, g: f(x) + g(x), branch(), branch()), Sign(), branch()],
        1,
    ),
    "of bits": (lambda: [Sign(), block(lambda x, f: up(f(x)) + x), block()], 2),
    "with bits": (lambda: [Sign(), block(lambda x, f: f(x) + x), block()], 2),
    "of real convolutions": (
        lambda: [block(lambda x, f, g: F.relu(f(x) + g(x)), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)), block()],
        2,
    ),
    "of a value and its pool": (lambda: [Apply(lambda x: up(x + F.max_pool2d(x, 3, 1, 1))), branch()], 1),
    "of an accumulator and its pool": (
        lambda: [Sign(), branch(), Apply(lambda x: up(x + F.max_pool2d(x, 3, 1, 1))), branch()],
        1,
    ),
    "read again": (lambda: [block(lambda x, f, g: (y := f(up(x)) + x) + g(up(y)), branch(), branch())], 2),
    "behind a clamp": (lambda: [block(lambda x, f: F.hardtanh(f(up(x)) + x)), block()], 2),
    "pooled": (lambda: [block(), nn.MaxPool2d(2), block()], 2),
    "learned scalar": (
        lambda: [block(lambda x, f, n: f(up(x - n())) + x + n(), branch(), Numbers(1)), block()],
        2,
    ),
    "shifts": (
        lambda: [block(lambda x, f, a, b, c: c(b(f(up(a(x))) + x)), branch(), *(Shift(8) for _ in "abc"))],
        1,
    ),
    "of one function": (lambda: [Apply(lambda x: x + 0.5 * x - 0.25), block()], 1),
    "of every other pixel": (
        lambda: [block(lambda x, f: f(up(x)) + x[:, :, ::2, ::2], branch(stride=2)), block()],
        2,
    ),
    "of slices, read by a sign": (
        lambda: [Apply(lambda x: up(x[..., ::3])), branch(), Apply(lambda x: up(x[:, :, ::2])), branch()],
        0,
    ),
    "side by side": (
        lambda: [block(lambda x, f, g: torch.cat([f(up(x)) + x, g(up(x)) + x], 1), branch(), branch())],
        2,
    ),
    "twice side by side": (
        lambda: [
            block(
                lambda x, f: f(up(x)) + torch.cat((x, x), 1),
                nn.Sequential(Conv(8, 16, 1), nn.BatchNorm2d(16)),
            ),
            Sign(),
            Conv(16, 8, 3),
            nn.BatchNorm2d(8),
        ],
        1,
    ),
    "of averages": (lambda: [block(lambda x, f: F.avg_pool2d(x, 2) + F.avg_pool2d(f(up(x)), 2)), block()], 2),
}


@pytest.mark.parametrize("name", SUMS)
def test_sum(name: str):
    make, count = SUMS[name]
    channels = 16 if name == "side by side" else CHANNELS
    recognised = check(net(*make(), channels=channels), samples((2, 8, 8)))
    assert len(ops_of(recognised, RealAdd)) == count
    assert ops_of(recognised, BinaryConv)


def test_a_shortcut_round_a_linear_layer():
    module = build(
        lambda: nn.Sequential(
            nn.Flatten(),
            nn.Linear(128, 16),
            block(lambda x, f: f(up(x)) + x, Linear(16, 16)),
            nn.Linear(16, 4),
        )
    )
    assert len(ops_of(check(module, samples((2, 8, 8))), RealAdd)) == 1


def test_flattened_on_both_sides():
    layers = block(lambda x, f: f(up(x)).flatten(1) + x.flatten(1))
    module = build(lambda: nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), layers, nn.Linear(512, 4)))
    check(module, samples((2, 8, 8)))


def test_signs_read_the_stream_and_not_what_it_was_computed_from():
    recognised = check(net(nn.PReLU(8), block(), block(), nn.PReLU(8), block()), samples((2, 8, 8)))
    graph = recognised.graph
    read = [type(graph.producer(op.x)).__name__ for op in ops_of(recognised, RealThreshold)]
    assert read == ["RealPRelu", "RealAdd", "RealPRelu"]


def test_a_sign_alone_reads_the_convolution():
    recognised = check(net(nn.ReLU(), nn.BatchNorm2d(8), Sign(), branch()), samples((2, 8, 8)))
    assert len(recognised.graph.ops) == len([*ops_of(recognised, RealThreshold)]) + 5


@pytest.mark.parametrize(
    "function",
    [
        lambda x, f: F.avg_pool2d(f(up(x)), 3)[:, :, :, :1] + x[:, :, ::4, ::8],
        lambda x, f: F.avg_pool2d(f(up(x)), 3, 1) + x[:, :, 1:-1, 1:-1],
        lambda x, f: torch.cat([x[:, :4], f(up(x))[:, 4:]], 1),
        lambda x, f: torch.cat([x, f(up(x))], 2),
        lambda x, f: torch.cat([x, torch.zeros(1, 8, 8, 8)], 1)[:, :8] + f(up(x)),
    ],
)
def test_other_slices_and_concatenations_are_refused(function: Callable[..., Tensor]):
    assert "unsupported-op" in [each.slug for each in refused(block(function))]


def test_two_slopes_may_meet_where_a_shift_puts_them():
    kink = Apply(lambda x: torch.where(x + 0.75 >= 0, 0.5 * (x + 0.75), 1.5 * (x + 0.75)))
    recognised = check(net(block(), kink, block()), samples((2, 8, 8)))
    (slopes,) = ops_of(recognised, RealPRelu)
    assert slopes.slope.data[0] == pytest.approx(1.5)
    assert slopes.positive.data[0] == pytest.approx(0.5)


SLOPES: dict[str, Callable[..., Tensor]] = {
    "where": lambda x, p, n: torch.where(x >= 0, x * p(), x * n()),
    "where reversed": lambda x, p, n: torch.where(x < 0, n() * x, p() * x),
    "relus": lambda x, p, n: p() * F.relu(x) - n() * F.relu(-x),
    "clamps": lambda x, p, n: p() * x.clamp(min=0) + n() * x.clamp(max=0),
    "sum and relu": lambda x, p, n: n() * x + (p() - n()) * F.relu(x),
    "mask": lambda x, p, n: x * torch.where(x > 0, p(), n()),
    "maximum": lambda x, p, n: torch.maximum(x, 0.1 * x) + 0 * p() * n(),
    "prelus": lambda x, p, n: -F.prelu(-F.prelu(x, n().flatten()), p().flatten()),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("where", ["sum", "accumulator", "average"])
def test_two_slopes(name: str, where: str):
    function = SLOPES[name]
    numbers = Numbers(1, CHANNELS, 1, 1), Numbers(1, CHANNELS, 1, 1)
    before = {
        "sum": [block()],
        "accumulator": [Sign(), branch()],
        "average": [nn.AvgPool2d(2)],
    }[where]
    recognised = check(net(*before, Apply(function, *numbers), block()), samples((2, 8, 8)))
    slopes = ops_of(recognised, RealPRelu)
    assert len(slopes) == (2 if name == "prelus" else 1)
    if name not in ("maximum", "prelus"):
        assert slopes[0].positive is not None
        assert slopes[0].slope.origins


def test_plain_and_two_slopes_of_a_sum_are_told_apart():
    recognised = check(net(block(), nn.PReLU(8), block()), samples((2, 8, 8)))
    (only,) = ops_of(recognised, RealPRelu)
    assert only.positive is None


def refused(*layers: nn.Module) -> tuple[Problem, ...]:
    with pytest.raises(UnsupportedModel) as caught:
        recognise(capture(net(*layers), samples((2, 8, 8))[:1]))
    return caught.value.problems


@pytest.mark.parametrize(
    "function",
    [
        lambda x, f: f(up(x)) * x,
        lambda x, f: torch.where(f(up(x)) > 0, x, -x),
        lambda x, f: f(up(x)) * torch.sigmoid(x),
        lambda x, f: torch.maximum(f(up(x)), x),
        lambda x, f: torch.where(x > 0.5, x, f(up(x)) * 0 + x * 2),
        lambda x, f: torch.where(x >= 1, 2 * x, x) + f(up(x)),
        lambda x, f: x * x + f(up(x)),
    ],
)
def test_other_functions_of_several_values_are_refused(function: Callable[..., Tensor]):
    (problem, *_) = refused(block(function))
    assert problem.slug == "unsupported-op"
    assert "several tensors" in problem.message or "sigmoid" in problem.message
    assert "slopes" in problem.hint or "PReLU" in problem.hint


def test_one_sum_of_maps_of_two_sizes_is_refused():
    assert "unsupported-op" in [
        each.slug for each in refused(block(lambda x, f: f(up(x)) + x.mean((2, 3), True)))
    ]


def test_padding_beside_a_sum_is_refused():
    slugs = [
        each.slug for each in refused(block(lambda x, f: F.pad(x, (1,) * 4)[..., 1:-1, 1:-1] + f(up(x))))
    ]
    assert set(slugs) <= {"unsupported-op", "unsupported-padding"}


def test_nothing_is_computed_twice():
    recognised: Recognised = check(net(block(), block(), block()), samples((2, 8, 8)))
    kinds = [type(op).__name__ for op in recognised.graph.ops]
    assert kinds.count("RealConv") == 2
    assert kinds.count("BinaryConv") == kinds.count("RealThreshold") == kinds.count("RealAdd") == 3
    assert not ops_of(recognised, Threshold)
    assert not ops_of(recognised, MaxPool)
