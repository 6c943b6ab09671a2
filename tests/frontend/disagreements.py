"""Measures where a recognised graph and PyTorch differ, op by op."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bnncl.frontend.captured import Captured
from bnncl.frontend.layout import to_nhwc
from bnncl.frontend.recognised import Recognised
from bnncl.frontend.replay import replay_values
from bnncl.ir.op import Array
from bnncl.ir.types import Binary, Int
from bnncl.ir.values import Meaning, Value


@dataclass(frozen=True)
class Disagreement:
    """How one value of the graph differs from PyTorch's, when both are given PyTorch's own inputs.

    `different` of `compared` binary elements have another sign (0 for other values); `worst` is the
    largest difference of real numbers, relative to the largest of them (0 for binary values).
    """

    value: str
    module: str
    different: int
    compared: int
    worst: float


def measure(captured: Captured, recognised: Recognised, x: torch.Tensor) -> tuple[Disagreement, ...]:
    """Each observed value of the graph for the batch `x`, in order of execution.

    Every op reads what PyTorch really computed, wherever that was observed, so that a difference counts
    once, where it arises, and not again behind it.
    """
    observed = dict(recognised.observed)
    held = replay_values(captured, x, observed.values())
    values: dict[str, Array] = {recognised.graph.inputs[0]: recognised.lay_out(x)}
    found = []
    for op in recognised.graph.ops:
        made = op.evaluate(*(values[name] for name in op.inputs))
        values[op.output] = made
        if op.output in observed:
            value = recognised.graph.values[op.output]
            truth = to_nhwc(held[observed[op.output]]).astype(np.float64)
            found.append(_compare(value, made, truth))
            values[op.output] = _stored(value, truth)
    return tuple(found)


def _compare(value: Value, made: Array, truth: Array) -> Disagreement:
    size = max(float(np.abs(truth).max()), np.finfo(np.float64).tiny)
    distance = np.abs((value.meaning or Meaning.of(1.0)).real(made) - truth) / size
    binary = isinstance(value.type.domain, Binary)
    different = int((distance > 1e-4).sum()) if binary else 0
    worst = 0.0 if binary else float(distance.max())
    return Disagreement(value.name, value.module, different, truth.size, worst)


def _stored(value: Value, truth: Array) -> Array:
    """PyTorch's numbers as the graph holds them."""
    meaning = value.meaning or Meaning.of(1.0)
    if isinstance(value.type.domain, Binary):
        return np.where((truth >= meaning.offset) == (meaning.scale > 0), 1, -1).astype(np.int8)
    if isinstance(value.type.domain, Int):
        scale = np.where(meaning.scale == 0, 1.0, meaning.scale)
        exact = np.rint((truth - meaning.offset) / scale).astype(np.int64)
        return np.clip(exact, value.type.domain.lo, value.type.domain.hi)
    return truth
