"""Thresholds are PyTorch's own float32 chain, at every integer that an accumulator can be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bnncl.frontend.capture import capture
from bnncl.frontend.recognise import recognise
from bnncl.frontend.staircase import (
    Direction,
    Levels,
    float_key,
    integer_steps,
    key_float,
    real_grid,
    real_step,
)
from bnncl.ir.values import Constant
from bnncl.ops.epilogue import NEVER, Steps
from bnncl.ops.threshold import RealThreshold, Threshold
from tests.frontend.networks import Conv, Shift, Sign, samples

CHANNELS, K = 48, 9 * 16


def lively(*chain: nn.Module) -> list[nn.Module]:
    """Batch norms with negative, zero, tiny and huge scales, and ties at integers; PReLU of any slope."""
    generator = torch.Generator().manual_seed(3)
    for layer in chain:
        with torch.no_grad():
            if isinstance(layer, nn.BatchNorm2d):
                pick = torch.randint(0, 6, (CHANNELS,), generator=generator)
                sizes = torch.tensor([1.0, -1.0, 0.0, 1e-30, -1e20, 0.3])
                layer.weight.copy_(sizes[pick])
                layer.bias.copy_(torch.randint(-2, 3, (CHANNELS,), generator=generator))
                layer.running_mean.copy_(torch.randint(-40, 40, (CHANNELS,), generator=generator))
                layer.running_var.copy_(torch.rand(CHANNELS, generator=generator) * 4 + 1e-3)
                layer.bias[::3] = 0
            elif isinstance(layer, nn.PReLU | Shift):
                next(layer.parameters()).normal_(generator=generator)
    return [layer.eval() for layer in chain]


CHAINS = {
    "norm": lambda: [nn.BatchNorm2d(CHANNELS)],
    "norm_hardtanh": lambda: [nn.BatchNorm2d(CHANNELS), nn.Hardtanh()],
    "norm_prelu": lambda: [nn.BatchNorm2d(CHANNELS), nn.PReLU(CHANNELS), Shift(CHANNELS)],
    "shift_prelu_shift": lambda: [Shift(CHANNELS), nn.PReLU(CHANNELS), Shift(CHANNELS)],
    "two_norms": lambda: [nn.BatchNorm2d(CHANNELS), nn.Tanh(), nn.BatchNorm2d(CHANNELS)],
    "sigmoid": lambda: [nn.BatchNorm2d(CHANNELS), nn.Sigmoid(), Shift(CHANNELS)],
    "clamp": lambda: [nn.BatchNorm2d(CHANNELS), nn.ReLU6(), Shift(CHANNELS)],
    "nothing": lambda: [],
}


def network(chain: list[nn.Module], scaled: bool = False, bias: bool = False) -> nn.Sequential:
    torch.manual_seed(0)
    conv = Conv(16, CHANNELS, 3, padding=1, scaled=scaled, bias=bias)
    return nn.Sequential(Sign(), conv, *chain, Sign(), nn.Flatten(), nn.Linear(CHANNELS * 16, 2)).eval()


def steps_of(module: nn.Module) -> Steps:
    recognised = recognise(capture(module, samples((16, 4, 4))[:1]))
    (steps,) = [op.steps for op in recognised.graph.ops if isinstance(op, Threshold)]
    return steps


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("rows", [(1, 2 * K + 1), (2 * K + 1, 1), (17, 17)])
def test_every_integer(name: str, rows: tuple[int, int]):
    """Against the modules themselves, in three shapes: positions, samples, and some of both."""
    chain = lively(*CHAINS[name]())
    steps = steps_of(network(chain))
    integers = torch.arange(-K, K + 1)
    batch = integers.float().reshape(rows[0], 1, rows[1], 1).expand(-1, CHANNELS, -1, 1).contiguous()
    with torch.no_grad():
        out = nn.Sequential(*chain, Sign())(batch)
    truth = out.permute(0, 2, 3, 1).reshape(-1, CHANNELS).numpy().astype(np.int8)
    np.testing.assert_array_equal(steps.apply(np.repeat(integers.numpy()[:, None], CHANNELS, 1)), truth)


@pytest.mark.parametrize("bias", [False, True])
def test_scaled_filters_are_defined_on_the_rounded_product(bias: bool):
    chain = lively(nn.BatchNorm2d(CHANNELS))
    module = network(chain, scaled=True, bias=bias)
    steps = steps_of(module)
    integers = torch.arange(-K, K + 1)
    alpha = module[1].weight.detach().abs().mean((1, 2, 3))
    real = integers.float()[:, None] * alpha
    if bias:
        real = real + module[1].bias.detach()
    with torch.no_grad():
        out = nn.Sequential(*chain, Sign())(real.t().reshape(1, CHANNELS, -1, 1))
    truth = out[0, :, :, 0].t().numpy().astype(np.int8)
    np.testing.assert_array_equal(steps.apply(np.repeat(integers.numpy()[:, None], CHANNELS, 1)), truth)


def test_a_scaled_network_differs_from_torch_only_next_to_a_step():
    chain = lively(nn.BatchNorm2d(CHANNELS))
    module = network(chain, scaled=True)
    recognised = recognise(capture(module, samples((16, 4, 4))[:1]))
    x = samples((16, 4, 4), 64)
    with torch.no_grad():
        truth = nn.Sequential(*module[:4])(x).permute(0, 2, 3, 1).numpy()
    graph = recognised.graph
    values = {"input": recognised.lay_out(x)}
    for op in graph.ops[:3]:
        values[op.output] = op.evaluate(*(values[name] for name in op.inputs))
    acc, sign = values[graph.ops[1].output], values[graph.ops[2].output]
    steps = graph.ops[2].steps.at.data
    distance = np.abs(acc[..., None, :] - steps).min(-2)
    assert (distance[sign != truth] <= 1).all()
    assert (sign != truth).mean() < 0.01


def test_real_thresholds_are_the_first_float_on_the_other_side():
    chain = lively(nn.BatchNorm2d(CHANNELS), nn.Hardtanh())
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(16, CHANNELS, 3), *chain, Sign(), Conv(CHANNELS, 2, 2), nn.Flatten()
    ).eval()
    module.append(nn.Linear(2, 2))
    recognised = recognise(capture(module, samples((16, 4, 4))[:1]))
    (op,) = [op for op in recognised.graph.ops if isinstance(op, RealThreshold)]
    at, first = op.at.data[0], op.first.data
    rows = np.stack([np.nextafter(at.astype(np.float32), np.float32(-np.inf)), at.astype(np.float32)])
    crossing = np.isfinite(at)
    assert crossing.sum() > CHANNELS // 3
    rows[:, ~crossing] = [[-1.0], [1.0]]
    with torch.no_grad():
        out = nn.Sequential(*chain, Sign())(torch.from_numpy(rows)[:, :, None, None].float())[:, :, 0, 0]
    truth = out.numpy()
    np.testing.assert_array_equal(truth[0], first)
    np.testing.assert_array_equal(truth[1], np.where(crossing, -first, first))


def test_integer_steps_of_all_kinds():
    signs = np.array([[0, 1, 0, 1, 0], [0, 1, 1, 0, 1], [0, 1, 1, 0, 0], [0, 1, 1, 0, 1]], bool)
    at, first = integer_steps(signs, -2)
    assert first.tolist() == [-1, 1, -1, 1, -1]
    assert at.T.tolist() == [[NEVER] * 3, [NEVER] * 3, [-1, NEVER, NEVER], [-1, NEVER, NEVER], [-1, 0, 1]]
    assert at.dtype == np.int32
    steps = Steps(Constant(at), Constant(first))
    applied = steps.apply(np.arange(-2, 2)[:, None].repeat(5, 1))
    np.testing.assert_array_equal(applied > 0, signs)


def test_direction():
    direction = Direction(3)
    numbers = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
    direction.feed(numbers, np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], bool))
    assert direction.rises.tolist() == [True, False, False]
    assert direction.falls.tolist() == [False, True, False]
    direction.feed(numbers[:1], np.array([[1, 1, 1]], bool))
    assert direction.rises.tolist() == [False, False, False]


def test_levels_join_what_differs_by_rounding():
    levels = Levels()
    codes = levels.codes(np.array([[1.0, -1.0], [1.0 + 1e-8, np.nan]]))
    assert len(levels.seen) == 2
    assert codes[0, 0] == codes[1, 0] != codes[0, 1]
    assert codes[1, 1] == -1


def test_float_keys_are_in_order():
    numbers = np.array([-np.inf, -2.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, np.inf], np.float32)
    keys = float_key(numbers)
    assert (np.diff(keys) >= 0).all()
    assert keys[3] == keys[4] == 0
    assert keys[5] == 1
    np.testing.assert_array_equal(key_float(keys), numbers)
    assert (np.diff(real_grid()) > 0).all()
    assert 0.0 in real_grid()


def test_real_step_finds_the_exact_float():
    wanted = np.array([0.1, -3e5, 1e-40], np.float32)
    found = real_step(lambda x: x >= wanted, np.full(3, -1e6, np.float32), np.full(3, 1e6, np.float32))
    np.testing.assert_array_equal(found, wanted.astype(np.float64))
