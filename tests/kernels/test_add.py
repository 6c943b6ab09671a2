"""Kernels of sums against the op's meaning."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest

from bnncl.ir.types import INT32_MAX, INT32_MIN, Int, TensorType
from bnncl.ir.values import Constant
from bnncl.plan.bounds import accumulator_bound
from tests.kernels.cases import CHANNELS, INPUTS, addition, assert_all_equal, sample

PAIRS = [("i8", "i8"), ("i8", "i32"), ("i16", "i16"), ("i16", "i32")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_add(library: ctypes.CDLL, first: str, second: str) -> None:
    rng = np.random.default_rng([PAIRS.index((first, second))])
    domains = INPUTS[first], INPUTS[second]
    for channels in CHANNELS:
        types = tuple(TensorType((3, 2, channels), domain) for domain in domains)
        op = addition(channels, domains, domains[0].bits, rng)
        drawn = [sample(type_, 0.5, rng) for type_ in types]
        assert assert_all_equal(library, op, types, *drawn) == (f"bnncl_add_{first}_{second}",)
        for ends in ((0, 0), (0, 1), (1, 0), (1, 1)):
            extremes = [
                np.full(type_.shape, (domain.lo, domain.hi)[end])
                for type_, domain, end in zip(types, domains, ends, strict=True)
            ]
            assert_all_equal(library, op, types, *extremes)


def test_a_sum_reaches_the_ends_of_its_proven_bound(library: ctypes.CDLL) -> None:
    domain = Int(-(2**15), 2**15 - 1, 16)
    op = addition(1, (domain, domain), 16, np.random.default_rng(0))
    numbers = [Constant(np.array([number], np.int32)) for number in (2**15 - 1, 2**14, 2**29)]
    shift = Constant(np.array([15], np.uint8))
    op = replace(
        op, x_multiplier=numbers[0], y_multiplier=numbers[1], bias=numbers[2], shift=shift, lo=-(2**15), hi=9
    )
    x = TensorType((1, 1, 1), domain)
    bound = accumulator_bound(op, (x, x))
    assert bound is not None
    assert (bound.lo, bound.hi) == (
        -(2**15) * (2**15 - 1 + 2**14),
        (2**15 - 1) * (2**15 - 1 + 2**14) + 2**29,
    )
    assert INT32_MIN < bound.lo < bound.hi < INT32_MAX
    assert bound.headroom == 0
    for value in (domain.lo, domain.hi):
        both = np.full((1, 1, 1), value)
        assert_all_equal(library, op, (x, x), both, both)
