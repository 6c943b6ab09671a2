"""The integers that a head's weights start from, and the learning rate that suits them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bnncl.driver.options import Options
from bnncl.driver.real_head import RealHead
from bnncl.interp.head import divide_round
from bnncl.ir.op import Array
from bnncl.ir.types import Binary
from bnncl.ir.values import Value
from bnncl.ops.learned_head import HeadConfig

_HEADROOM = 1.25
"""How much larger than the largest weight at first a weight may grow."""

_USUAL_STEP = 8.0
MULTIPLIER_BITS = 31


@dataclass(frozen=True, eq=False)
class Rows:
    """Initial rows: integers (classes, features) that stand for W * 2**-exponent, on features * scale."""

    integers: Array
    exponent: int
    scale: float
    bias_feature: int

    @classmethod
    def of(cls, head: RealHead, features: Value, options: Options) -> Rows:
        """Weights with room to grow, less their common mean, which changes no softmax (CWR*)."""
        scale = 1.0
        if not isinstance(features.type.domain, Binary):
            assert features.meaning is not None
            scale = float(features.meaning.scale[0])
        bias_feature = int(np.clip(np.rint(1 / scale), 1, 127))
        real = np.concatenate([head.weights, head.bias[:, None] / (bias_feature * scale)], axis=1)
        limit = (1 << (options.qb - 1)) - 1 - (1 << (options.qb - options.qf) >> 1)
        largest = head.reach or float(np.abs(real).max()) or 1.0
        exponent = math.floor(math.log2(limit / (_HEADROOM * largest)))
        integers = np.rint(real * 2.0**exponent).astype(np.int64)
        integers -= divide_round(int(integers.sum()), integers.size)
        return cls(np.clip(integers, -limit, limit).astype(np.int16), exponent, scale, bias_feature)

    def usual_rate(self, largest: int) -> float:
        """A learning rate that suits any number of features: 8 by the sum of their squares.

        Numbers count as half of the `largest` one; bits, whose largest is 1, as 1.
        """
        one = 1.0 if largest == 1 else ((largest + 1) // 2 * self.scale) ** 2
        return float(_USUAL_STEP / (one * self.integers.shape[1]))

    def logit_unit(self, config: HeadConfig) -> float:
        """The logit that an accumulator of 1 stands for."""
        return float(self.scale * 2.0 ** (config.q_backward - config.q_forward - self.exponent))


def fraction(value: float, most: int) -> tuple[int, int]:
    """(multiplier, shift) of `value` = multiplier / 2**shift: the largest of both, shift in 1..most."""
    shift = int(np.clip(MULTIPLIER_BITS - 1 - math.ceil(math.log2(value)), 1, most))
    return round(math.ldexp(value, shift)), shift


def rate_fraction(rate: float, scale: float, exponent: int, qb: int) -> tuple[int, int]:
    """Multiplier and shift of a learning rate for weights W * 2**exponent on features * scale."""
    return fraction(rate * scale * 2.0 ** (exponent - (qb - 1)), 32)


def real_rate(config: HeadConfig, scale: float) -> float:
    """The learning rate that `rate_fraction` made the multiplier and shift of `config` from."""
    unit = scale * 2.0 ** (config.weight_exponent - (config.q_backward - 1))
    return math.ldexp(config.rate_multiplier, -config.rate_shift) / unit
