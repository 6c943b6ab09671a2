"""Stores each channel of bits so that -1, whose rows of weights are added, is the rarer number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Constant, Meaning, Value
from bnncl.kernels.learned_head import head_of
from bnncl.numerics.bits import words_for
from bnncl.ops.conv import BinaryConv, IntegerConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import Threshold
from bnncl.passes.base import Pass

Densities = Mapping[str, NDArray[np.float64]]
"""The share of -1 in each channel (C,), by the name of the binary value."""

NEGATED = "some of its input channels are stored negated"
"""Why a filter whose inputs were negated cannot train: its latent weights are those of the model."""

_DIGITS = 4
"""Decimals that a density is kept with: it only predicts, and prints alike on every machine."""


@dataclass(frozen=True, eq=False)
class ChoosePolarity(Pass):
    """Negates channels of bits that are -1 more often than +1, and the weights that read them.

    (-a) * (-w) = a * w, so no sum changes. What makes a channel turns its staircase round, which costs
    nothing. That is done where binary convolutions alone read the value, flattened, pooled or as it is; a max
    pool takes the smallest element of a negated channel. Where a padded tap counts as -1, all channels are
    negated or none, since padding has one value; where it counts as +1, none: with -1 there, each class of
    borders would have limits of its own. What a replay memory stores and what stands behind it keep their
    signs, as do the graph's inputs and outputs.

    Every binary convolution of a value in `densities` is told the density that its input has then.
    """

    name = "choose-polarity"
    needs = Stage.INTEGER
    gives = Stage.INTEGER
    densities: Densities

    def run(self, graph: Graph) -> Graph:
        """The graph with channels negated; values say so in their meaning."""
        negated: dict[str, NDArray[np.bool_]] = {}
        for op in _before_cut(graph):
            if op.output not in self.densities or _steps(op) is None:
                continue
            carriers = _carriers(graph, op.output)
            channels = self._frequent(graph, op.output, carriers)
            for name in carriers:
                negated[name] = np.tile(channels, graph.type_of(name).channels // len(channels))
        ops = [self._changed(op, negated) for op in graph.ops]
        values = [
            _negated_value(graph.values[name], chosen) for name, chosen in negated.items() if chosen.any()
        ]
        return graph.with_ops(ops, values)

    def _frequent(self, graph: Graph, name: str, carriers: Iterable[str]) -> NDArray[np.bool_]:
        """The channels of `name` for which negated bits add fewer rows in all that reads `carriers`."""
        channels = graph.type_of(name).channels
        excess = np.zeros(channels)
        counts_padding = False
        for carrier in carriers:
            for reader in graph.readers(carrier):
                if isinstance(reader, BinaryConv):
                    measured = self.densities[carrier].reshape(-1, channels).mean(0)
                    excess += (measured - 0.5) * _rows_of(reader, graph.type_of(carrier), channels)
                    counts_padding |= reader.pad_value != 0 and reader.window.pads
        return np.full(channels, excess.sum() > 0) if counts_padding else np.asarray(excess > 0)

    def _changed(self, op: Op, negated: Mapping[str, NDArray[np.bool_]]) -> Op:
        if isinstance(op, MaxPool) and op.output in negated:
            return _turned_pool(op, negated[op.output])
        if op.output in negated and (steps := _steps(op)) is not None:
            first = replace(steps.first, data=_flipped(steps.first.data, negated[op.output]))
            op = _with_steps(op, replace(steps, first=first))
        if not isinstance(op, BinaryConv):
            return op
        if op.x in negated and negated[op.x].any():
            pad = -op.pad_value if op.window.pads else op.pad_value
            op = replace(op, filter=_negated_filter(op.filter, negated[op.x]), pad_value=pad)
        measured = self.densities.get(op.x)
        if measured is None:
            return op
        seen = np.where(negated[op.x], 1 - measured, measured) if op.x in negated else measured
        return replace(op, density=round(float(seen.mean()), _DIGITS))


def negated_channels(before: Graph, after: Graph) -> dict[str, int]:
    """How many channels of each value the pass stored negated, values without any left out."""
    found = {}
    for old, new in zip(before.ops, after.ops, strict=True):
        was, now = _steps(old), _steps(new)
        if was is not None and now is not None and (was.first.data != now.first.data).any():
            found[old.output] = int((was.first.data != now.first.data).sum())
    return found


def binary_densities(graph: Graph, values: Mapping[str, Array]) -> Densities:
    """The share of -1 in each channel of the graph's input and of what ops make, where these are bits.

    `values` are those of one run: (N, H, W, C) each.
    """
    names = (graph.inputs[0], *(op.output for op in graph.ops))
    bits = [name for name in names if isinstance(graph.type_of(name).domain, Binary)]
    return {name: (values[name] < 0).mean((0, 1, 2)) for name in bits}


def _before_cut(graph: Graph) -> tuple[Op, ...]:
    """The ops in front of the one that makes what a replay memory stores; all where there is none."""
    head = head_of(graph)
    outputs = [op.output for op in graph.ops]
    return graph.ops if head is None else graph.ops[: outputs.index(head.cut)]


def _carriers(graph: Graph, name: str) -> tuple[str, ...]:
    """`name`, flattened and pooled too, where every reader of them takes negated channels; else nothing."""
    if name in graph.outputs:
        return ()
    found = [name]
    for reader in graph.readers(name):
        if isinstance(reader, Flatten | MaxPool) and (behind := _carriers(graph, reader.output)):
            found += behind
        elif not isinstance(reader, BinaryConv) or (reader.pad_value > 0 and reader.window.pads):
            return ()
    return tuple(found)


def _rows_of(reader: BinaryConv, x: TensorType, channels: int) -> int:
    """Rows that `reader` adds for one of the `channels` of `x` where all of its activations are -1."""
    height, width = reader.window.out_size(x.shape)
    return height * width * reader.window.taps * words_for(reader.out_channels) * x.channels // channels


def _turned_pool(op: MaxPool, channels: NDArray[np.bool_]) -> MaxPool:
    """The pool of negated `channels`; it says for every channel which element it takes, negated or not."""
    was = np.zeros(len(channels), np.bool_) if op.minimum is None else op.minimum.data
    return replace(op, minimum=Constant(was ^ channels))


def _steps(op: Op) -> Steps | None:
    if isinstance(op, Threshold):
        return op.steps
    return op.epilogue if isinstance(op, IntegerConv) and isinstance(op.epilogue, Steps) else None


def _with_steps(op: Op, steps: Steps) -> Op:
    if isinstance(op, Threshold):
        return replace(op, steps=steps)
    assert isinstance(op, IntegerConv)
    return replace(op, epilogue=steps)


def _flipped(numbers: Array, channels: NDArray[np.bool_]) -> Array:
    return np.where(channels, -numbers, numbers).astype(numbers.dtype)


def _negated_filter(filter_: Constant, channels: NDArray[np.bool_]) -> Constant:
    return Constant(_flipped(filter_.data, channels), filter_.origins, None, NEGATED)


def _negated_value(value: Value, channels: NDArray[np.bool_]) -> Value:
    meaning = value.meaning or Meaning.of(1.0)
    return replace(value, meaning=Meaning(_flipped(meaning.scale, channels), meaning.offset))
