"""Ranges of the real values of a traced graph: observed on calibration data, or bounded by intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Float, TensorType, element_range
from bnncl.ops.add import RealAdd
from bnncl.ops.concat import RealConcat
from bnncl.ops.conv import RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest real number of each float value, by its name."""

BATCH = 64


def observed_ranges(graph: Graph, x: Array) -> Ranges:
    """Ranges seen when `graph` runs on `x` (N, H, W, C), the real-valued input."""
    seen: dict[str, tuple[float, float]] = {}
    for start in range(0, len(x), BATCH):
        values = run(graph, {graph.inputs[0]: x[start : start + BATCH]})
        for name in _floats(graph):
            low, high = seen.get(name, (np.inf, -np.inf))
            seen[name] = (min(low, float(values[name].min())), max(high, float(values[name].max())))
    return seen


def interval_ranges(graph: Graph, input_range: tuple[float, float]) -> Ranges:
    """Ranges that hold for every input inside `input_range`, by interval arithmetic: wide but safe."""
    bounds: dict[str, tuple[float, float]] = {graph.inputs[0]: input_range}
    for op in graph.ops:
        if isinstance(graph.type_of(op.output).domain, Float):
            ends = [end for name in op.inputs for end in _plain(graph.type_of(name), bounds.get(name))]
            bounds[op.output] = _RULES[type(op)](op, *ends)
    return bounds


def _floats(graph: Graph) -> Iterator[str]:
    return (name for name, value in graph.values.items() if isinstance(value.type.domain, Float))


def _plain(type_: TensorType, bound: tuple[float, float] | None) -> tuple[float, float]:
    return element_range(type_.domain) if bound is None else bound


def _conv(op: RealConv, low: float, high: float) -> tuple[float, float]:
    low, high = min(low, op.pad_value), max(high, op.pad_value)
    weights = op.filter.data.astype(np.float64).reshape(op.out_channels, -1)
    bias = 0.0 if op.bias is None else op.bias.data
    least = np.minimum(weights * low, weights * high).sum(1) + bias
    most = np.maximum(weights * low, weights * high).sum(1) + bias
    return float(least.min()), float(most.max())


def _affine(op: RealAffine, low: float, high: float) -> tuple[float, float]:
    ends = np.stack([op.scale.data * low + op.offset.data, op.scale.data * high + op.offset.data])
    return float(ends.min()), float(ends.max())


def _clamp(op: RealClamp, low: float, high: float) -> tuple[float, float]:
    return float(np.clip(low, op.lo, op.hi)), float(np.clip(high, op.lo, op.hi))


def _prelu(op: RealPRelu, low: float, high: float) -> tuple[float, float]:
    below, above = (min(low, 0.0), min(high, 0.0)), (max(low, 0.0), max(high, 0.0))
    positive = np.ones(1) if op.positive is None else op.positive.data
    ends = [*np.outer(below, op.slope.data).flat, *np.outer(above, positive).flat]
    return float(min(ends)), float(max(ends))


def _average(op: AveragePool, low: float, high: float) -> tuple[float, float]:
    if op.window.pads:
        low, high = min(low, 0.0), max(high, 0.0)
    return low * op.window.taps / op.divisor, high * op.window.taps / op.divisor


def _add(op: RealAdd, low: float, high: float, other_low: float, other_high: float) -> tuple[float, float]:
    return low + other_low, high + other_high


def _either(
    op: RealConcat, low: float, high: float, other_low: float, other_high: float
) -> tuple[float, float]:
    return min(low, other_low), max(high, other_high)


def _same(op: Op, low: float, high: float) -> tuple[float, float]:
    return low, high


_RULES: dict[type[Op], Callable[..., tuple[float, float]]] = {
    RealConv: _conv,
    RealAffine: _affine,
    RealClamp: _clamp,
    RealPRelu: _prelu,
    RealAdd: _add,
    RealConcat: _either,
    AveragePool: _average,
    MaxPool: _same,
    Flatten: _same,
}
