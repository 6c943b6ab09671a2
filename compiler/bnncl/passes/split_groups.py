"""Cuts binary convolutions in groups into one for each group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import TensorType
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.ops.concat import Concat, Select
from bnncl.ops.conv import BinaryConv, GroupedConv
from bnncl.ops.epilogue import Epilogue, Steps
from bnncl.passes.base import Pass


@dataclass(frozen=True)
class SplitGroups(Pass):
    """Lets each group select its channels, which are whole words, and puts the groups' outputs side by side.

    So groups have the kernels of every other convolution, at the price of copies of their inputs and outputs.
    Groups of one channel stay in one op: they have kernels of their own.
    """

    name = "split-groups"
    needs = Stage.INTEGER
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph without groups of more than one channel."""
        ops: list[Op] = []
        values: list[Value] = []
        for op in graph.ops:
            if isinstance(op, GroupedConv) and op.group_channels > 1:
                made, of_groups = zip(*_split(graph, op), strict=True)
                ops += made
                values += of_groups
            else:
                ops.append(op)
        return graph.with_ops(ops, values)


def _split(graph: Graph, op: GroupedConv) -> Iterator[tuple[Op, Value]]:
    """Ops and the values they make, the last one that of `op`."""
    x, y = graph.values[op.x], graph.values[op.output]
    channels = op.group_channels
    groups = x.type.channels // channels
    outputs = op.out_channels // groups
    joined = ""
    for group in range(groups):
        taken, made = f"{op.output}_in{group}", f"{op.output}_out{group}"
        read = slice(group * channels, (group + 1) * channels)
        select = Select(output=taken, module=op.module, x=op.x, first=read.start, count=channels)
        yield select, _part(x, taken, read)
        written = slice(group * outputs, (group + 1) * outputs)
        yield _conv(op, taken, made, written), _part(y, made, written)
        if group == 0:
            joined = made
            continue
        name = op.output if group == groups - 1 else f"{made}_joined"
        concat = Concat(output=name, module=op.module, x=joined, y=made)
        yield concat, y if name == op.output else _part(y, name, slice(0, written.stop))
        joined = name


def _part(value: Value, name: str, channels: slice) -> Value:
    """Some channels of a value, as a value called `name`."""
    height, width, _ = value.type.shape
    type_ = TensorType((height, width, channels.stop - channels.start), value.type.domain)
    meaning = value.meaning
    if meaning is not None:
        meaning = Meaning(*(_sliced(each, channels) for each in (meaning.scale, meaning.offset)))
    return Value(name, type_, Storage.ARENA, meaning, value.module)


def _sliced(numbers: Array, channels: slice) -> Array:
    """The channels of what is kept for each (C,), or for all (1,)."""
    return numbers if len(numbers) == 1 else numbers[channels]


def _conv(op: GroupedConv, x: str, y: str, outputs: slice) -> BinaryConv:
    return BinaryConv(
        output=y,
        module=op.module,
        x=x,
        filter=Constant(np.ascontiguousarray(op.filter.data[outputs]), op.filter.origins),
        window=op.window,
        epilogue=None if op.epilogue is None else _epilogue(op.epilogue, outputs),
        pad_value=op.pad_value,
    )


def _epilogue(epilogue: Epilogue, outputs: slice) -> Epilogue:
    """The epilogue of some channels."""

    def of(held: Constant) -> Constant:
        return Constant(np.ascontiguousarray(held.data[..., outputs]), held.origins)

    if isinstance(epilogue, Steps):
        return Steps(of(epilogue.at), of(epilogue.first))
    scale = epilogue
    return replace(scale, multiplier=of(scale.multiplier), bias=of(scale.bias), shift=of(scale.shift))
