"""Tails at the edges of what can learn: small ranges, names that clash, sums and numbers too large."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, EXIT_USAGE, Problem
from bnncl.driver import tail
from bnncl.driver.project import Project
from bnncl.driver.real_head import RealHead
from bnncl.ops.tail.forward import SlopedUnit
from bnncl.ops.tail.parameters import Update
from bnncl.plan.tail_bounds import overflowing_tail
from tests.driver.test_tail_cut import Call, conv, net
from tests.e2e.layers import BinaryConv, Sign
from tests.e2e.residual import settle


def compiled(module: nn.Module, **options: object) -> Project:
    x = torch.randn(24, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    settle(module, x)
    given = {"train": "2", "replay": 8, **options}
    return bnncl.compile(module.eval(), example=x[:1], calibration=x, name="net", **given)


def refused(module: nn.Module, kind: type[bnncl.BnnclError], code: int, **options: object) -> Problem:
    with pytest.raises(kind) as caught:
        compiled(module, **options)
    assert caught.value.exit_code == code
    (problem,) = caught.value.problems
    return problem


def block() -> nn.Module:
    return net(Call(lambda x, layer: layer(Sign.apply(x)), conv()))


def beside(layer: nn.Module) -> nn.Module:
    """`layer` on the shortcut of a block."""
    return net(Call(lambda x, inner, other: inner(Sign.apply(x)) + other(x), conv(), layer))


class Named(nn.Module):
    """Two binary convolutions of given names behind a real one."""

    def __init__(self, *names: str):
        super().__init__()
        self.names = names
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in names)
        self.end = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
        for name in names:
            setattr(self, name, BinaryConv(8, 8, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for name, norm in zip(self.names, self.norms, strict=True):
            x = norm(getattr(self, name)(Sign.apply(x)))
        return self.end(x)


@pytest.mark.parametrize("bits", [6, 7])
def test_slopes_of_numbers_of_few_bits(bits: int) -> None:
    """What they make has all the room that values have."""
    made = compiled(beside(nn.PReLU(8)), replay_bits=bits).spec.program.graph("sample")
    (unit,) = (call.op for call in made.ops if isinstance(call.op, SlopedUnit))
    assert (unit.lo, unit.hi) == (-127, 127)
    assert made.type_of(unit.x).domain.hi == (1 << bits - 1) - 1


def test_slopes_behind_a_clamp() -> None:
    layers = conv(), nn.Hardtanh(-1.0, 1.0), nn.PReLU(8)
    made = compiled(net(Call(lambda x, a, b, c: c(b(a(Sign.apply(x)))), *layers)))
    assert any(state.name.endswith("_slope") for state in made.spec.program.states)


@pytest.mark.parametrize("of", ["shortcut", "bits"])
def test_a_batch_norm_of_what_stands_for_numbers_learns(of: str) -> None:
    plain = net(Call(lambda x, a, b: a(Sign.apply(x)) + b(Sign.apply(x)), conv(), nn.BatchNorm2d(8)))
    made = compiled(beside(nn.BatchNorm2d(8)) if of == "shortcut" else plain).spec.program
    trained = [state for state in made.states if state.role == "parameter"]
    assert len(trained) == 6
    updated = [call.op.x for call in made.graph("update").ops if isinstance(call.op, Update)]
    assert {state.name for state in trained} < set(updated)


@pytest.mark.parametrize(
    "names",
    [("delta",), ("tw",), ("delta_e",), ("features_g",), ("c", "c_w"), ("c", "c_w_sum"), ("c", "c_w_signs")],
)
def test_names_of_layers_are_free(names: tuple[str, ...]) -> None:
    """The integers are those of layers of other names."""
    torch.manual_seed(0)
    made = compiled(Named(*names), train=names[0]).spec.program
    torch.manual_seed(0)
    usual = compiled(Named(*("first", "second")[: len(names)]), train="first").spec.program
    assert [state.module for state in made.states if state.role == "latent"] == list(names)
    for mine, other in zip(made.states, usual.states, strict=True):
        assert mine.role == other.role
        if mine.initial is not None:
            np.testing.assert_array_equal(mine.initial.data, other.initial.data)


def test_so_many_classes_that_a_gradient_overflows() -> None:
    problem = refused(block(), bnncl.UsageError, EXIT_USAGE, max_classes=600)
    assert problem.slug == "learning-overflow"
    assert "--max-classes" in problem.hint


def test_a_proof_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "overflowing_tail", lambda program: ("sample3_sum",))
    problem = refused(block(), bnncl.UsageError, EXIT_USAGE)
    assert (problem.slug, "sample3_sum" in problem.message) == ("learning-overflow", True)


@pytest.mark.parametrize("factor", [1e6, 1e9])
def test_numbers_too_large_for_a_common_scale(factor: float) -> None:
    module = net(Call(lambda x, a, b: b(Sign.apply(a(Sign.apply(x)) + x)), conv(), conv()))
    with torch.no_grad():
        module[2].layers[0][1].weight.mul_(factor)
    problem = refused(module, bnncl.UnsupportedModel, EXIT_UNSUPPORTED_MODEL)
    assert (problem.slug, problem.where) == ("tail-range", "2.layers.0.1")


def test_filters_learn_at_a_rate_of_their_own() -> None:
    """However slow beside the other one; a rate that is too small is told by its option."""
    made = compiled(block(), filter_rate=1e-7).spec.program
    steps = [call.op for call in made.graph("update").ops if isinstance(call.op, Update)]
    assert min(step.multiplier for step in steps) >= 16 << 7
    problem = refused(block(), bnncl.UsageError, EXIT_USAGE, filter_rate=1e-12)
    assert (problem.slug, problem.where) == ("bad-rate", "--filter-rate")


def test_features_that_differ_by_rounding_are_alike() -> None:
    head = RealHead(np.ones((2, 2)), np.zeros(2), "head")
    assert head.anew(np.full((23, 2), 0.3)).reach is None


def test_a_minibatch_shorter_than_what_an_update_waits_for() -> None:
    program = compiled(block(), accumulate=8, minibatch=(4, 2)).spec.program
    assert overflowing_tail(program) == ()
