"""Each gradient rule in a tail of its own: integers against autograd at the same point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bnncl.ir.graph import Graph
from bnncl.ops.tail.exponents import BlockExponent
from bnncl.ops.window import Window

from .integer_tails import learned
from .tails import CHANNELS, HALF, STRIDED, Layers
from .torch_twin import Twin, cosine

FAN_IN = 9 * CHANNELS
OVERLAPPING = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)


def one(build: Callable[[Layers], str]) -> Graph:
    make = Layers(1)
    return make.finish(build(make))


def normed(make: Layers, name: str = "conv1", out: int = 16) -> str:
    return make.norm(make.conv("cut", name, out), f"{name}_norm", FAN_IN)


def signed(make: Layers) -> str:
    return make.sign(normed(make), "sign1")


def read_thrice(make: Layers) -> str:
    x = normed(make)
    y = make.add(x, make.slopes(x, "slopes", positive=False), "sum1")
    return make.add(x, y, "sum2")


def signs_read_twice(make: Layers) -> str:
    x = signed(make)
    y = make.norm(make.conv(x, "conv2", 16, STRIDED), "conv2_norm", FAN_IN)
    return make.add(y, make.norm(make.conv(make.max(x, "max1"), "conv3", 16), "conv3_norm", FAN_IN), "sum1")


RULES: dict[str, Callable[[Layers], str]] = {
    "filter of bits": lambda make: make.conv("cut", "conv1", 16),
    "filter without padding": lambda make: make.conv("cut", "conv1", 16, Window(3, 2, 2, 1)),
    "filter of real numbers": lambda make: make.conv(normed(make), "conv2", 24, Window()),
    "scale and offset": normed,
    "scale of 8 bits": lambda make: make.norm(normed(make), "again", 1),
    "one slope": lambda make: make.slopes(normed(make), "slopes", positive=False),
    "two slopes": lambda make: make.slopes(normed(make), "slopes", positive=True),
    "slopes of accumulators": lambda make: make.slopes(make.conv("cut", "conv1", 9), "s", positive=True),
    "sign": lambda make: make.conv(signed(make), "conv2", 12, pad_value=0),
    "sign padded": lambda make: make.conv(signed(make), "conv2", 12, STRIDED, pad_value=-1),
    "bits as features": lambda make: make.flat(make.sign(normed(make, out=3), "sign1")),
    "relu": lambda make: make.clamp(make.conv("cut", "conv1", 16), "relu", 0.0, np.inf),
    "relu of 8 bits": lambda make: make.clamp(normed(make), "relu", 0.0, np.inf),
    "hardtanh": lambda make: make.clamp(normed(make), "tanh", -1.0, 1.0),
    "mean": lambda make: make.mean(normed(make), "mean1", HALF),
    "mean of three by three": lambda make: make.mean(normed(make), "mean1", OVERLAPPING),
    "max": lambda make: make.max(normed(make), "max1"),
    "max of accumulators": lambda make: make.max(make.conv("cut", "conv1", 9), "max1", OVERLAPPING),
    "max of what overlaps": lambda make: make.max(normed(make), "max1", OVERLAPPING),
    "flatten": lambda make: make.flat(normed(make, out=4)),
    "sum with the cut": lambda make: make.add(normed(make, out=CHANNELS), make.shortcut(), "sum1"),
    "sum of two": lambda make: make.add(normed(make), normed(make, "conv2"), "sum1"),
    "read three times": read_thrice,
    "signs pooled and read": signs_read_twice,
}


@pytest.mark.parametrize("name", RULES)
def test_rule_is_autograd(name: str):
    of = learned(one(RULES[name]))
    found, wanted = of.gradients(), Twin(of).gradients()
    assert found.keys() == wanted.keys()
    for key, gradient in wanted.items():
        assert gradient.any(), key
        assert cosine(found[key].ravel(), gradient.ravel()) > 0.9999, key
        assert np.linalg.norm(found[key]) == pytest.approx(np.linalg.norm(gradient), rel=2e-3), key


@pytest.mark.parametrize("ste", ["clip", "approxsign", "identity"])
def test_estimators_differ_and_are_autograd(ste: str):
    of = learned(one(RULES["sign"]), ste=ste)
    found, wanted = of.gradients(), Twin(of).gradients()
    assert all(cosine(found[key].ravel(), wanted[key].ravel()) > 0.9999 for key in wanted)
    other = learned(one(RULES["sign"]), ste="clip" if ste != "clip" else "identity").gradients()
    assert cosine(found["conv1_w"].ravel(), other["conv1_w"].ravel()) < 0.999


@pytest.mark.parametrize("bias_features", [0, 1])
def test_a_bias_of_the_head_reaches_no_feature(bias_features: int):
    of = learned(one(normed), bias_features=bias_features)
    found, wanted = of.gradients(), Twin(of).gradients()
    assert all(cosine(found[key].ravel(), wanted[key].ravel()) > 0.9999 for key in wanted)


def test_samples_count_one_by_one_as_in_a_batch():
    of = learned(one(RULES["read three times"]))
    states = of.states
    for sample, delta in zip(of.samples, of.delta, strict=True):
        values = of.sample(states, sample[None], delta[None])
        for op in of.graph("sample").ops:
            if op.changes_state:
                states[op.inputs[0]] = values[op.output]
    together = of.sample(of.states, of.samples, of.delta)
    changed = [op for op in of.graph("sample").ops if op.changes_state]
    assert len(changed) == len(of.gradients())
    assert all(np.array_equal(states[op.inputs[0]], together[op.output]) for op in changed)


def test_a_sample_of_no_error_changes_nothing():
    of = learned(one(RULES["two slopes"]))
    values = of.sample(of.states, of.samples, np.zeros_like(of.delta))
    assert not any(values[op.output].any() for op in of.graph("sample").ops if op.changes_state)


def test_small_errors_keep_their_bits_in_blocks_and_lose_them_in_static_scales():
    def error(scale: str) -> float:
        of = learned(one(RULES["sign"]), gradient_scale=scale, q_backward=12)
        of.delta //= 64
        return 1 - cosine(of.gradients()["conv1_w"].ravel(), Twin(of).gradients()["conv1_w"].ravel())

    assert error("static") > 5 * error("block")


def test_static_scales_leave_no_exponent_to_a_sample():
    of = learned(one(RULES["sum of two"]), gradient_scale="static")
    found = [op for op in of.graph("sample").ops if isinstance(op, BlockExponent)]
    assert found
    assert all(op.fixed is not None for op in found)
    blocks = learned(one(RULES["sum of two"])).graph("sample").ops
    assert all(op.fixed is None for op in blocks if isinstance(op, BlockExponent))
