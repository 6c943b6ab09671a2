"""For every kernel an op that it accepts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, Int, Packed, TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.base import Kernel
from bnncl.kernels.registry import KERNELS, candidates
from bnncl.ops.concat import Concat, Select
from bnncl.ops.elementwise import PRelu, Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pack import Pack, Unpack
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window
from tests.kernels.cases import (
    EPILOGUES,
    HOST,
    INPUTS,
    WINDOWS,
    addition,
    binary_conv,
    fixed_conv,
    grouped_conv,
    rescale,
    steps,
)
from tests.kernels.filters import filter_specimens
from tests.kernels.tail_cases import tail_ops

Specimen = tuple[Op, tuple[TensorType, ...]]
Bound = tuple[Kernel, Op, tuple[TensorType, ...]]


@cache
def specimens(size: tuple[int, int] = (5, 6), filters: int = 40) -> tuple[Bound, ...]:
    """Each kernel of the registry with the first op below that it accepts.

    Maps of inference are of `size`, and convolutions of them have so many `filters`.
    """
    ops = tuple(_ops(size, filters))
    return tuple((kernel, *_first(kernel, ops)) for kernel in KERNELS)


def _first(kernel: Kernel, ops: tuple[Specimen, ...]) -> Specimen:
    return next((op, types) for op, types in ops if kernel in candidates(op, types, HOST))


def _ops(size: tuple[int, int], filters: int) -> Iterator[Specimen]:
    rng = np.random.default_rng(3)
    domains: list[Binary | Int] = [Binary(), *INPUTS.values()]
    for domain in domains:
        x = TensorType((*size, 33), domain)
        for op in _ops_on(x, filters, rng):
            yield op, (x,)
    yield Flatten(x="x", output="y"), (TensorType((*size, 32), Binary()),)
    for first, second in (("i8", "i8"), ("i8", "i32"), ("i16", "i16"), ("i16", "i32")):
        pair = INPUTS[first], INPUTS[second]
        types = tuple(TensorType((*size, 33), domain) for domain in pair)
        yield addition(33, pair, pair[0].bits, rng), types
        yield Concat(x="x", y="y", output="z"), (types[0], types[0])
    bits = TensorType((*size, 33), Binary())
    yield Select(x="x", output="y", first=32, count=1), (bits,)
    for kind in EPILOGUES:
        yield grouped_conv(WINDOWS[1], bits, 1, 1, kind, 0, rng), (bits,)
    yield from filter_specimens()
    for name in ("u8", "i8"):
        domain = INPUTS[name]
        yield Pack(x="x", output="y", bits=8), (TensorType((1, 1, 33), domain),)
        yield Unpack(x="x", output="y"), (TensorType((1, 1, 33), Packed(domain.lo, domain.hi, 8)),)
    yield from tail_ops()


def _ops_on(x: TensorType, filters: int, rng: np.random.Generator) -> Iterator[Op]:
    pool = Window(2, 2, 2, 2)
    yield MaxPool(x="x", output="y", window=pool)
    yield SumPool(x="x", output="y", window=pool)
    yield Flatten(x="x", output="y")
    if isinstance(x.domain, Int):
        yield Threshold(x="x", output="y", steps=steps(33, 1, 100, rng))
        yield Requantize(x="x", output="y", rescale=rescale(33, 8, False, 100, rng))
        slope = Constant(np.full(33, 7, np.int16))
        limits = {"lo": x.domain.lo, "hi": x.domain.hi}
        yield PRelu(x="x", output="y", slope=slope, shift=5, **limits)
        yield PRelu(x="x", output="y", slope=slope, positive=slope, shift=5, **limits)
    for kind in EPILOGUES:
        if isinstance(x.domain, Binary):
            yield binary_conv(WINDOWS[1], x, filters, kind, 0, rng)
        if x.domain != INPUTS["i32"]:
            yield fixed_conv(WINDOWS[1], x, filters, kind, 8, rng)
            yield fixed_conv(WINDOWS[1], x, filters, kind, 16, rng)
