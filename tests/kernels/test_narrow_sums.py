"""Gradients of filters that are summed up in int16: every kernel against the op's meaning."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest

from bnncl.ir.op import Array
from bnncl.ir.types import Int, TensorType, element_range
from bnncl.kernels.registry import candidates
from bnncl.ops.tail.backward import reach
from bnncl.ops.tail.parameters import BLOCK, CURSOR, MOST_NARROW, Clear, Rule
from bnncl.ops.window import Window
from tests.kernels.cases import HOST, WINDOWS, Random, assert_all_equal, sample, shape_for
from tests.kernels.filters import Specimen, exponent_for, narrow_accumulation
from tests.kernels.tail_cases import I8, I16, as_shape, compare, update
from tests.kernels.test_filter import CHANNELS, DOMAINS, FAR, SAME
from tests.kernels.test_tail_update import CURSORS, FILTERS, WEIGHTS

NARROW = Int(-MOST_NARROW, MOST_NARROW, 16)


def accumulated(library: ctypes.CDLL, specimen: Specimen, shift: int, rng: Random) -> Array:
    """Compare an accumulation of random gradients, shifted right by `shift` bits; the sums it gives."""
    op, types = specimen
    start, x, gradient = (sample(type_, 0.5, rng) for type_ in types[:3])
    low, high = element_range(types[0].domain)
    held = (np.clip(start, low, high), x, gradient, exponent_for(op, shift))
    kind = {"uint32_t": "bits", "int8_t": "i8", "uint8_t": "u8"}[types[1].ctype]
    pairs = ("bnncl_filter_accumulate_bits_i16_pairs",) if kind == "bits" else ()
    assert assert_all_equal(library, op, types, *held) == (*pairs, f"bnncl_filter_accumulate_{kind}_i16")
    return op.evaluate(*(each[None] for each in held))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_every_window(library: ctypes.CDLL, window: Window, domain: str) -> None:
    rng = np.random.default_rng([WINDOWS.index(window), list(DOMAINS).index(domain)])
    for pad_value in (0, 1, -1) if domain == "bits" else (0,):
        for channels in CHANNELS:
            x = TensorType(shape_for(window, channels, rng), DOMAINS[domain])
            specimen = narrow_accumulation(window, x, int(rng.choice(CHANNELS)), pad_value)
            accumulated(library, specimen, int(rng.integers(2, 14)), rng)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("size", [(1, 1), (4, 8), (3, 11), (8, 8), (9, 11)])
def test_blocks(library: ctypes.CDLL, size: tuple[int, int], domain: str) -> None:
    """Maps of 1, BLOCK - 1, BLOCK, BLOCK + 1 and more positions: every block is rounded for itself."""
    rng = np.random.default_rng([*size, list(DOMAINS).index(domain)])
    for window in (Window(), SAME):
        x = TensorType((*size, 33), DOMAINS[domain])
        for shift in (1, 7, 12):
            accumulated(library, narrow_accumulation(window, x, 10, 0), shift, rng)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("shift", FAR)
def test_exponents_far_apart(library: ctypes.CDLL, domain: str, shift: int) -> None:
    rng = np.random.default_rng([abs(shift), shift < 0, list(DOMAINS).index(domain)])
    x = TensorType((5, 7, 33), DOMAINS[domain])
    for limit in (1, 100, MOST_NARROW):
        sums = accumulated(library, narrow_accumulation(SAME, x, 10, 0, limit), shift, rng)
        assert abs(sums).max() <= limit


@pytest.mark.parametrize("domain", DOMAINS)
def test_sums_stop_at_both_ends(library: ctypes.CDLL, domain: str) -> None:
    """Every gradient and every input at an end, from sums at both ends: blocks and sums saturate."""
    x = TensorType((6, 7, 20), DOMAINS[domain])
    op, types = narrow_accumulation(Window(), x, 5, 0)
    ends = set()
    for d in (-MOST_NARROW, MOST_NARROW):
        for end in element_range(x.domain):
            for start in (-MOST_NARROW, 0, MOST_NARROW):
                for shift in (-31, 0, 18):
                    values = zip(types[:3], (start, end, d), strict=True)
                    held = (np.full(type_.shape, value) for type_, value in values)
                    given = (*held, exponent_for(op, shift))
                    assert assert_all_equal(library, op, types, *given)
                    ends |= {*op.evaluate(*(each[None] for each in given)).reshape(-1).tolist()}
    assert {-MOST_NARROW, MOST_NARROW} <= ends


def test_blocks_saturate_one_by_one() -> None:
    """A sum that stops at its end and comes back is not what a wide one would be."""
    x = TensorType((1, 2 * BLOCK, 1), Int(0, 255, 8))
    op, types = narrow_accumulation(Window(), x, 1, 0)
    d = np.where(np.arange(2 * BLOCK) < BLOCK, 2000, -500).reshape(types[2].shape)
    sums = op.evaluate(
        *(each[None] for each in (np.zeros((1, 1, 1), int), np.ones(x.shape, int), d, exponent_for(op, 0)))
    )
    assert sums.item() == MOST_NARROW - 500 * BLOCK


def test_what_does_not_fit_has_no_kernel() -> None:
    x = TensorType((3, 3, 4), DOMAINS["i8"])
    op, types = narrow_accumulation(SAME, x, 5, 0)
    assert candidates(op, types, HOST) != ()
    assert candidates(narrow_accumulation(SAME, x, 5, 1)[0], types, HOST) == ()
    assert candidates(op, (as_shape(types[0], Int(-(2**20), 2**20, 32)), *types[1:]), HOST) == ()
    for limit in (0, MOST_NARROW + 1):
        assert candidates(replace(op, limit=limit), types, HOST) == (), limit
    assert reach(types[2]) * BLOCK * 255 < 2**30


@pytest.mark.parametrize("rule", ["accumulate", "sign"])
@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("shift", [1, 15, 31, 32])
@pytest.mark.parametrize("name", WEIGHTS)
def test_update(library: ctypes.CDLL, name: str, shift: int, stochastic: bool, rule: Rule) -> None:
    rng = np.random.default_rng([shift, stochastic, len(rule)])
    domain, most = WEIGHTS[name]
    for shape in FILTERS:
        types = (TensorType(shape, domain), TensorType(shape, NARROW), CURSOR)
        for multiplier, limit, given in zip((1, 2**18, 2**31 - 1), (most, most, 100), CURSORS, strict=True):
            op = update(shift, limit, stochastic, rule, multiplier)
            for reached in (MOST_NARROW, 3):
                sums = rng.integers(-reached, reached, shape, endpoint=True)
                sums = np.where(rng.random(shape) < 0.3, 0, sums)
                compare(library, op, types, rng, f"bnncl_update_{name}_i16", None, sums, given)


def test_clear(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for shape in FILTERS:
        op = Clear(output="z", x="x")
        compare(library, op, (TensorType(shape, NARROW),), rng, "bnncl_clear_i16")
        assert candidates(op, (TensorType(shape, I8),), HOST) == ()
        assert candidates(op, (TensorType(shape, I16),), HOST) != ()
