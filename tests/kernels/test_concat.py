"""Channels side by side against the op's meaning."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bnncl.ir.types import TensorType
from bnncl.ops.concat import Concat
from tests.kernels.cases import CHANNELS, INPUTS, assert_all_equal, sample


@pytest.mark.parametrize("name", INPUTS)
def test_concat(library: ctypes.CDLL, name: str) -> None:
    rng = np.random.default_rng(list(INPUTS).index(name))
    for channels in CHANNELS:
        for pixels in ((1, 1), (3, 2)):
            types = tuple(TensorType((*pixels, count), INPUTS[name]) for count in (channels, 5))
            drawn = [sample(type_, 0.5, rng) for type_ in types]
            op = Concat(x="x", y="y", output="z")
            assert assert_all_equal(library, op, types, *drawn) == ("bnncl_concat",)
