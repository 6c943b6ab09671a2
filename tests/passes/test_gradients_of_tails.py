"""Gradients of whole tails: by block type, width and scale, against autograd; and what is not computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bnncl.ir.types import INT32_MAX, element_range
from bnncl.ir.verify import verify
from bnncl.learn.baselines.traced_tail import TracedTail
from bnncl.ops.tail.backward import FilterInputGradient
from bnncl.ops.tail.parameters import (
    MOST_NARROW,
    Accumulate,
    AccumulateFilter,
    AccumulateFilterNarrow,
    FilterSum,
)

from .integer_tails import learned
from .tails import TAILS, latents
from .torch_twin import Twin, cosine

LEAST = {
    "block": {8: 0.99, 12: 0.9999, 16: 0.99999},
    "static": {8: 0.94, 12: 0.9995, 16: 0.9999},
}
"""Least cosine of any parameter's gradient by bits of gradients: halving a step costs four in 1 - cosine."""


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("scale", ["block", "static"])
@pytest.mark.parametrize("name", TAILS)
def test_gradients_are_autograds(name: str, scale: str, bits: int):
    of = learned(TAILS[name](0), q_backward=bits, gradient_scale=scale)
    found, wanted = of.gradients(), Twin(of).gradients()
    assert found.keys() == wanted.keys()
    cosines = {key: cosine(found[key].ravel(), wanted[key].ravel()) for key in wanted}
    filters = {key: round(value, 6) for key, value in cosines.items() if key.endswith("_w")}
    worst = min(cosines, key=lambda key: cosines[key])
    print(f"{name:9} {scale:6} q_b {bits:2}: filters {filters}, least {worst} {cosines[worst]:.6f}")
    assert cosines[worst] > LEAST[scale][bits]
    rounding = {8: 0.08, 12: 5e-3, 16: 2e-3}[bits]
    for key in wanted:
        assert np.linalg.norm(found[key]) == pytest.approx(np.linalg.norm(wanted[key]), rel=rounding), key


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", TAILS)
def test_sums_in_16_bits_are_those_in_32(name: str, bits: int):
    """Six times 8 samples, each sum beside the exact one: as calibrated, errors 16 and 64 times less."""
    of = learned(TAILS[name](0), count=48, q_backward=bits, accumulate=8)
    wide = learned(TAILS[name](0), count=48, q_backward=bits)
    values = of.sample(of.states, of.samples, of.delta)
    wide_values = wide.sample(wide.states, wide.samples, wide.delta)
    wide_ops = {op.acc: op for op in wide.graph("sample").ops if isinstance(op, AccumulateFilter)}
    least: dict[str, float] = {}
    for op in of.graph("sample").ops:
        if isinstance(op, AccumulateFilterNarrow):
            for first in range(0, 48, 8):
                at = slice(first, first + 8)
                exact, found = summed(op, values, at)
                for less, sums in found.items():
                    least[less] = min(least.get(less, 1.0), cosine(sums, exact))
                _, in_32 = summed(wide_ops[op.acc], wide_values, at)
                least["32 bits"] = min(least.get("32 bits", 1.0), cosine(in_32["as calibrated"], exact))
    print(f"{name:9} q_b {bits:2}: least cosine { ({key: round(value, 6) for key, value in least.items()}) }")
    assert least["32 bits"] > 0.999999
    assert least["as calibrated"] > 0.99995
    assert least["16 times less"] > 0.998
    assert least["64 times less"] > 0.97


def summed(
    op: FilterSum, values: dict[str, np.ndarray], at: slice
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The exact gradient of samples and what `op` sums up, in reals; of smaller errors scaled back."""
    x, gradient = values[op.x][at], values[op.gradient][at]
    exponent = np.broadcast_to(values[op.gradient_exponent], (len(values[op.x]), 1, 1, 1))[at]
    exact = sum(
        op.total(x[[n]], gradient[[n]]) * 2.0 ** int(exponent[n].item() + op.bias) for n in range(len(x))
    )
    found = {}
    for less, name in ((0, "as calibrated"), (4, "16 times less"), (6, "64 times less")):
        sums = op.evaluate(np.zeros(exact.shape, np.int64), x, gradient, exponent - less)
        assert abs(sums).max() < MOST_NARROW or isinstance(op, AccumulateFilter), "calibration left no room"
        found[name] = sums * 2.0 ** (op.exponent + less)
    return exact, found


@pytest.mark.parametrize("settings", [{"q_latent": 8}, {"ste": "approxsign"}, {"ste": "identity"}])
@pytest.mark.parametrize("name", TAILS)
def test_gradients_of_other_settings(name: str, settings: dict[str, object]):
    of = learned(TAILS[name](1), **settings)
    found, wanted = of.gradients(), Twin(of).gradients()
    least = 0.998 if "q_latent" in settings else 0.9999
    assert min(cosine(found[key].ravel(), wanted[key].ravel()) for key in wanted) > least


@pytest.mark.parametrize("name", TAILS)
def test_gradients_point_where_the_float_tails_do(name: str):
    """The float tail has neither rounded values nor saturation: masks and bits differ, directions hardly."""
    tail = TAILS[name](0)
    of = learned(tail)
    float_ = TracedTail(tail, latents(tail, 48, seed=8))
    features = float_(torch.from_numpy(of.samples.astype(np.float32)).permute(0, 3, 1, 2))
    features.backward(torch.tensor(of.feature_gradients(), dtype=torch.float32))
    found = of.gradients()
    for key, latent in float_.filters.items():
        assert latent.grad is not None
        wanted = latent.grad.permute(0, 2, 3, 1).numpy()
        close = cosine(found[f"{key}_w"].ravel(), wanted.ravel())
        print(f"{name} {key}: {close:.4f}")
        assert close > 0.85, key


def test_nothing_is_computed_for_the_cut():
    for name, build in TAILS.items():
        of = learned(build(0))
        graph = of.graph("sample")
        assert not [op for op in graph.ops if isinstance(op, FilterInputGradient) and op.module == "conv1"], (
            name
        )
        turned = [state.of for state in of.tail.states if state.name.endswith("_signs_t")]
        assert "conv1_w" not in turned, name
        assert turned, name


@pytest.mark.parametrize("name", TAILS)
def test_sums_cannot_overflow(name: str):
    of = learned(TAILS[name](0), count=300)
    graph = verify(of.graph("sample"))
    found = 0
    for op in graph.ops:
        if isinstance(op, AccumulateFilter):
            height, width, _ = graph.type_of(op.gradient).shape
            reach = max(map(abs, element_range(graph.type_of(op.x).domain)))
            assert op.limit * reach * height * width * of.settings.samples < INT32_MAX
            assert op.limit <= of.settings.latent_limit
        elif isinstance(op, Accumulate):
            assert op.limit * of.settings.samples < INT32_MAX
        found += isinstance(op, Accumulate | AccumulateFilter)
    assert found == sum(state.role == "gradient" for state in of.tail.states)
