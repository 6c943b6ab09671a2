"""The largest numbers that the proofs allow, in C: sums and products at the ends of their variables."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bnncl.interp.head import HeadConfig, HeadLearner, Integers, Phase
from bnncl.numerics.bits import pack
from bnncl.plan.learn_bounds import proofs
from tests.learning.native import Native
from tests.learning.program import CASES, Case

_INT32 = 2**31 - 1
_KINDS = {"bits": (-1, 1), "i8": (-128, 127), "u8": (0, 255)}


class Rate(ctypes.Structure):
    """bnncl_learn_rate."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("rate", "limit")),
        *((name, ctypes.c_uint32) for name in ("shift", "noise", "first")),
        ("stochastic", ctypes.c_bool),
    )


def head(kind: str, learning: ctypes.CDLL, **changes: Any) -> tuple[Case, Native]:
    """A head of inputs of `kind`, in C."""
    config: HeadConfig = replace(CASES[0].config, **changes)
    case = Case("extreme", config, kind == "bits", 0, 1, kind == "u8")
    return case, Native(learning, case)


def stored(kind: str, x: Integers) -> np.ndarray:
    """Inputs (..., features) as C has them."""
    return pack(x) if kind == "bits" else x.astype(np.uint8)


def largest(kind: str, proof: str, name: str, most: int) -> int:
    """The largest number below `most` of what `name` counts with which `proof` holds for a head of `kind`."""
    reach = max(map(abs, _KINDS[kind]))
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        changes: dict[str, Any] = {name: middle}
        config = replace(CASES[0].config, **changes)
        found = {each: top for each, _, top, _ in proofs(config, reach)}
        low, high = (middle, high) if found[proof] <= _INT32 else (low, middle)
    return low


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("q_forward", [2, 8])
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1)])
def test_the_longest_rows(learning: ctypes.CDLL, kind: str, q_forward: int, signs: tuple[int, int]) -> None:
    features = largest(kind, "logits_from_base", "features", 3_000_000)
    case, native = head(kind, learning, features=features, max_classes=1, q_forward=q_forward)
    config = case.config
    row, x = np.empty(features, np.int64), np.empty(features, np.int64)
    row[::2], row[1::2] = signs[0] * config.weight_limit, signs[1] * config.weight_limit
    x[::2], x[1::2] = _KINDS[kind][1], _KINDS[kind][1 if signs[0] == signs[1] else 0]
    wanted = HeadLearner._copy(HeadLearner(config, 1, lambda _: x), row) @ x
    weights, inputs = row.astype(np.int16), stored(kind, x)
    function = getattr(learning, f"bnncl_learn_row_{kind}")
    function.restype = ctypes.c_int32
    got = function(ctypes.byref(native.config), _at(weights), _at(inputs))
    assert got == wanted
    native.finish()


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("shift", [1, 32])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("stochastic", [False, True])
def test_the_largest_minibatches(
    learning: ctypes.CDLL, kind: str, shift: int, sign: int, stochastic: bool
) -> None:
    samples = largest(kind, "gradient_sums", "replay_per_step", 70_000) + CASES[0].config.new_per_step
    case, native = head(kind, learning, features=9, rate_shift=shift, stochastic=stochastic)
    low, high = _KINDS[kind]
    x = np.full((samples, 9), high if sign > 0 else low, np.int64)
    deltas = np.full(samples, -(2**15), np.int64)
    gradient = deltas @ x
    weights = np.full(9, -sign * case.config.weight_limit, np.int64)
    rate = Rate(_INT32, case.config.weight_limit, shift, 0xFFFFFFFF, 2**32 - 9, stochastic)
    got, inputs, given = weights.astype(np.int16), stored(kind, x), deltas.astype(np.int16)
    function = getattr(learning, f"bnncl_learn_update_{kind}")
    function(ctypes.byref(native.config), ctypes.byref(rate), _at(got), _at(given), _at(inputs), samples)
    limit = case.config.weight_limit
    for weight, total, after in zip(weights.tolist(), gradient.tolist(), got.tolist(), strict=True):
        exact = -(total * _INT32 >> shift)
        nearly = [min(max(weight + exact - more, -limit), limit) for more in (0, 1)]
        assert after in nearly
    native.finish()


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("past", "current"), [(2**32 - 1, 1), (2**32 - 1, 65_536), (1, 2**17), (65_536, 1)])
def test_the_heaviest_consolidations(learning: ctypes.CDLL, sign: int, past: int, current: int) -> None:
    case, native = head("bits", learning)
    reference = HeadLearner(case.config, case.seed, case.features)
    limit, classes = case.config.weight_limit, case.config.max_classes
    reference.phase, native.state.phase = Phase.TRAINED, int(Phase.TRAINED)
    reference.cw[:], reference.tw[:] = sign * limit, -sign * limit
    reference.tw[0] = sign * limit
    reference.past[:], reference._current[:] = past, current
    for name, values, kind in (
        ("cw", reference.cw, ctypes.c_int16),
        ("tw", reference.tw, ctypes.c_int16),
        ("past", reference.past, ctypes.c_uint32),
        ("current", reference._current, ctypes.c_uint32),
    ):
        at = (kind * values.size).from_address(getattr(native.head, name))
        at[:] = values.reshape(-1).tolist()
    assert len(reference.past) == classes
    for each in (native, reference):
        each.commit()
    assert native.canonical() == reference.canonical()
    native.finish()


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
