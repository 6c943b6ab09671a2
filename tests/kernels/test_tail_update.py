"""Kernels that change states against the ops' meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.op import Array
from bnncl.ir.types import INT32_MAX, Binary, Int, TensorType
from bnncl.kernels.registry import candidates
from bnncl.ops.tail.parameters import CURSOR, Clear, Copy, Rule, SignBits, Update
from tests.kernels.cases import HOST
from tests.kernels.tail_cases import I8, I16, I32, as_shape, compare, of_channels, update

FILTERS = ((1, 1, 1), (1, 1, 2), (3, 9, 31), (32, 1, 32), (33, 9, 5), (70, 2, 40))
WEIGHTS = {"i16": (I16, 2**15 - 1), "i8": (I8, 127)}


def cursor(seed: int, step: int, samples: int) -> Array:
    """What an update knows of the minibatch; seed and step modulo 2**32."""
    return np.array([seed, step, samples]).reshape(1, 1, 3)


CURSORS = (cursor(0, 0, 2), cursor(2**32 - 1, 2**31, 178), cursor(12345, 2**32 - 1, 1))


@pytest.mark.parametrize("rule", ["accumulate", "sign"])
@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("shift", [1, 15, 31, 32])
@pytest.mark.parametrize("name", WEIGHTS)
def test_update(library: ctypes.CDLL, name: str, shift: int, stochastic: bool, rule: Rule) -> None:
    """Rates from those that change nothing to those that saturate everything; limits of fewer bits too."""
    rng = np.random.default_rng([shift, stochastic, len(rule)])
    domain, most = WEIGHTS[name]
    for shape in FILTERS:
        types = (TensorType(shape, domain), TensorType(shape, I32), CURSOR)
        for multiplier, limit, given in zip((1, 2**18, 2**31 - 1), (most, most, 100), CURSORS, strict=True):
            op = update(shift, limit, stochastic, rule, multiplier)
            for sums in (None, _near_a_step(shift, multiplier, shape, rng)):
                compare(library, op, types, rng, f"bnncl_update_{name}", None, sums, given)


def _near_a_step(shift: int, multiplier: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Sums that change weights by about 0 to 3, so that rounding decides; a third of them 0."""
    unit = min(max(2**shift // multiplier, 1), INT32_MAX // 4)
    sums = rng.integers(-3 * unit, 3 * unit, shape, endpoint=True)
    return np.where(rng.random(shape) < 0.3, 0, sums)


def test_an_update_without_gradients_changes_nothing(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    shape = (32, 9, 32)
    types = (TensorType(shape, Int(-32767, 32767, 16)), TensorType(shape, I32), CURSOR)
    weights = rng.integers(-32767, 32768, shape)
    for stochastic in (False, True):
        op = update(32, 32767, stochastic, "accumulate", 2**31 - 1)
        none = np.zeros(shape, np.int64)
        assert np.array_equal(op.evaluate(weights[None], none[None], CURSORS[1][None])[0], weights)
        compare(library, op, types, None, "bnncl_update_i16", weights, none, CURSORS[1])


def test_an_update_beyond_what_the_weights_hold_has_no_kernel() -> None:
    x = TensorType((1, 1, 3), I8)
    types = (x, as_shape(x, I32), CURSOR)
    assert candidates(update(32, 127, True, "accumulate"), types, HOST) != ()
    assert candidates(update(32, 128, True, "accumulate"), types, HOST) == ()
    assert candidates(update(33, 127, True, "accumulate"), types, HOST) == ()
    assert candidates(update(32, 127, True, "accumulate", 2**31), types, HOST) == ()


def test_parameters_of_channels_change_as_weights_do(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    held = of_channels(TensorType((5, 7, 40), I8))
    op: Update = update(20, 2**15 - 1, True, "accumulate", 2**12)
    types = (held, as_shape(held, I32), CURSOR)
    sums = _near_a_step(20, 2**12, held.shape, rng)
    compare(library, op, types, rng, "bnncl_update_i16", None, sums, CURSORS[2])


@pytest.mark.parametrize("name", WEIGHTS)
def test_sign_bits(library: ctypes.CDLL, name: str) -> None:
    rng = np.random.default_rng(0)
    for out, taps, channels in FILTERS:
        latent = TensorType((out, taps, channels), WEIGHTS[name][0])
        plain, turned = as_shape(latent, Binary()), TensorType((taps, channels, out), Binary())
        op = SignBits(output="z", x="s", y="w")
        compare(library, op, (plain, latent), rng, f"bnncl_sign_bits_{name}")
        op = SignBits(output="z", x="s", y="w", transposed=True)
        compare(library, op, (turned, latent), rng, f"bnncl_sign_bits_transposed_{name}")


def test_clear_and_copy(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    for shape in FILTERS:
        for domain in (I8, I16, I32, Binary()):
            x = TensorType(shape, domain)
            compare(library, Copy(output="z", x="x", y="y"), (x, x), rng, "bnncl_copy")
        compare(library, Clear(output="z", x="x"), (TensorType(shape, I32),), rng, "bnncl_clear")


def test_bits_are_never_cleared() -> None:
    assert candidates(Clear(output="z", x="x"), (TensorType((1, 1, 3), Binary()),), HOST) == ()
