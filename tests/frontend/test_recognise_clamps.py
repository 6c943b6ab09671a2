"""Rounding behind a clamp, where what the clamp reads is no monotone function of a real layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bnncl.ops.elementwise import RealClamp, RealPRelu
from tests.frontend.networks import Linear, Step, build, samples
from tests.frontend.test_recognise import check, ops_of


@pytest.mark.parametrize(
    "between", [(), (nn.Hardtanh(-3, 3),), (nn.Unflatten(1, (8, 1)), nn.MaxPool1d(1), nn.Flatten())]
)
def test_a_step_behind_a_prelu_of_negative_slope(between: tuple[nn.Module, ...]):
    def make() -> nn.Module:
        layers = [nn.Linear(5, 8), nn.PReLU(), nn.Hardtanh(-4, 4), *between, Step(), Linear(8, 3, bias=False)]
        return nn.Sequential(*layers)

    module = build(make)
    with torch.no_grad():
        module[1].weight.fill_(-0.4)
    recognised = check(module, samples((5,), 64))
    assert len(ops_of(recognised, RealPRelu)) == 1
    assert ops_of(recognised, RealClamp) == []
