"""Models cut at numbers: what is kept of a sample is what its first sign reads, and nothing is replaced."""

from __future__ import annotations

import numpy as np
import pytest
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bnncl.diagnostics import EXIT_USAGE
from bnncl.interp import run
from bnncl.ir.types import Float
from bnncl.ir.values import Storage
from bnncl.ops.elementwise import RealPRelu
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold
from tests.driver.test_tail_cut import BLOCKS, Call, conv, cut, net, plain, problems
from tests.e2e.layers import Sign, SignLayer
from tests.e2e.residual import BiReal, Shift

REAL = [name for name in BLOCKS if name != "plain"]


@pytest.mark.parametrize("name", REAL)
def test_the_tail_is_the_model(name: str):
    make, path = BLOCKS[name]
    parts, graph, inputs = cut(make(), path, numbers=True)
    whole = run(graph, {"input": inputs})
    numbers = run(parts.encode, {"input": inputs})[parts.cut]
    np.testing.assert_array_equal(numbers, whole[parts.cut])
    made = run(parts.tail, {parts.cut: numbers})[parts.tail.outputs[0]]
    np.testing.assert_allclose(made, whole[graph.outputs[0]], rtol=1e-12)


@pytest.mark.parametrize("name", REAL)
def test_the_cut_is_what_the_first_sign_reads(name: str):
    """Its offset stands behind the cut now, and learns."""
    make, path = BLOCKS[name]
    parts, graph, _ = cut(make(), path, numbers=True)
    sign = next(op for op in parts.tail.ops if isinstance(op, RealThreshold))
    assert sign.output == cut(make(), path)[0].cut
    assert sign.x == parts.cut == parts.encode.outputs[0]
    assert isinstance(graph.type_of(parts.cut).domain, Float)
    assert (parts.shortcuts, parts.replaced, parts.fixed) == ((), (), ())
    assert parts.encode.values[parts.cut].storage is Storage.OUTPUT
    assert parts.tail.values[parts.cut].storage is Storage.INPUT


def test_pooled_numbers_are_kept_where_nothing_else_reads_the_others():
    pool = nn.MaxPool2d(2)
    for layers, path in (
        ((SignLayer(), pool, conv()), "5"),
        ((nn.Sequential(SignLayer(), pool, conv()),), "3"),
    ):
        parts, graph, inputs = cut(net(conv_of_numbers(), *layers), path, numbers=True)
        assert isinstance(parts.encode.producer(parts.cut), MaxPool)
        assert parts.encode.type_of(parts.cut).shape == (4, 4, 8)
        assert not any(isinstance(op, MaxPool) for op in parts.tail.ops)
        numbers = run(parts.encode, {"input": inputs})[parts.cut]
        made = run(parts.tail, {parts.cut: numbers})[parts.tail.outputs[0]]
        np.testing.assert_allclose(made, run(graph, {"input": inputs})[graph.outputs[0]], rtol=1e-12)

    def around(x, f):
        return f(F.max_pool2d(Sign.apply(x), 2)) + F.avg_pool2d(x, 2)

    parts = cut(net(conv_of_numbers(), Call(around, conv())), "3", numbers=True)[0]
    assert not isinstance(parts.encode.producer(parts.cut), MaxPool)


def conv_of_numbers() -> nn.Module:
    return BiReal(8, 8)


def test_two_signs_of_one_number():
    def two(x, f, g, a, b):
        return f(Sign.apply(a(x))) + g(Sign.apply(b(x)))

    parts = cut(net(BiReal(8, 8), Call(two, conv(), conv(), Shift(8), Shift(8))), "3", numbers=True)[0]
    signs = [op for op in parts.tail.ops if isinstance(op, RealThreshold)]
    assert [sign.x for sign in signs] == [parts.cut] * 2


def test_a_number_further_in_front_where_a_path_begins_there():
    def late(x, f, a):
        made = a(x)
        return f(Sign.apply(made)) + made + x

    parts, graph, _ = cut(net(BiReal(8, 8), Call(late, conv(), nn.PReLU(8))), "3", numbers=True)
    assert isinstance(parts.tail.ops[0], RealPRelu)
    assert parts.tail.ops[0].x == parts.cut
    assert parts.cut in graph.values


def test_bits_alone():
    """Where thresholds are integers, no real number is left in front of the sign."""
    slugs, error = problems(plain(), "6", numbers=True)
    assert slugs == ["latents-are-bits"]
    assert error.exit_code == EXIT_USAGE
    assert "--replay-bits" in str(error)
    assert "in front of 6" in str(error)


def test_paths_round_the_numbers():
    def skip(x, f, g):
        return g(Sign.apply(f(Sign.apply(x)) + x)) + x

    module = net(BiReal(8, 8), Call(skip, conv(), conv()))
    slugs, error = problems(module, "3.layers.1", numbers=True)
    assert slugs == ["path-round-the-cut"]
    assert "cannot be computed from the numbers of the cut" in str(error)
