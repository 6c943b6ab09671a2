"""Runs the captured calls between a tensor and what is computed from it alone, on a table of its values.

Between one convolution and the next sign stand only steps that treat each element by itself, with
parameters per channel, and steps that move elements about (pooling, flattening, padding). What the former
compute is a function of one number and the channel: it is tabulated by running PyTorch's own calls on all
the numbers of interest at once. The latter leave the table as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bnncl.frontend.captured import Arg, Captured, Const, Node, Value
from bnncl.frontend.expressions import Expressions
from bnncl.frontend.layout import per_channel
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.operators import (
    BATCH_NORMS,
    CONSTANTS,
    IDENTITIES,
    MOVES,
    Kind,
    base_of,
    call,
    decode,
    kind_of,
)
from bnncl.frontend.recognised import merged


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers of a value for each table row and channel: `data` (rows, channels).

    `shape` is the shape of the captured value, which decides the memory layout that torch sees.
    """

    data: torch.Tensor
    shape: tuple[int, ...]


class NotPerChannelError(Exception):
    """A step of a chain is no function of one element and its channel; raised and caught in the frontend."""

    def __init__(self, node: Node, why: str) -> None:
        self.node, self.why = node, why
        super().__init__(f"{node.op} at {node.module}: {why}")


class Chain:
    """The captured calls from the value `source` to the atoms of `target`, in order of execution."""

    def __init__(self, expressions: Expressions, source: LinComb, target: LinComb) -> None:
        self._expressions = expressions
        self._captured: Captured = expressions.captured
        self._source = source
        self._source_value = expressions.first_value[source]
        self.target = target
        self._wanted = tuple(expressions.atoms[index].value for index in target.atoms)
        self.nodes = self._between()

    @property
    def origins(self) -> tuple[str, ...]:
        """The parameters that the calls read, in order."""
        constants = self._captured.constants
        read = [ref for node in self.nodes for ref in node.references() if isinstance(ref, Const)]
        return merged(*(constants[const.id].origins for const in read))

    @property
    def pools(self) -> tuple[Node, ...]:
        """Max pooling calls on the way, in order."""
        return tuple(node for node in self.nodes if kind_of(node.op) is Kind.MAX_POOL)

    @property
    def pads(self) -> tuple[Node, ...]:
        """Constant padding on the way, in order."""
        return tuple(node for node in self.nodes if kind_of(node.op) is Kind.PAD)

    @property
    def moves(self) -> tuple[Node, ...]:
        """All calls that move elements about, in order: pooling, views, padding."""
        return tuple(node for node in self.nodes if kind_of(node.op) in MOVES)

    def uses(self, base: str) -> tuple[Node, ...]:
        """The calls of the operator named `base`."""
        return tuple(node for node in self.nodes if base_of(node.op) == base)

    def run(self, rows: torch.Tensor, pad_row: bool = False) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
        """The target (rows, channels) in float64, for float32 `rows` (rows, channels) of the source.

        Also, for each pooling call, by its output value, the table of what is pooled. With `pad_row` the
        last row is no value of the source: it holds the constant that padding puts there.
        """
        tables = {self._source_value: Table(rows, self._expressions.shape(self._source))}
        pooled: dict[int, torch.Tensor] = {}
        with torch.no_grad():
            for node in self.nodes:
                table = self._step(node, tables, pad_row)
                tables[node.outputs[0]] = table
                if kind_of(node.op) is Kind.MAX_POOL:
                    pooled[node.outputs[0]] = table.data
        total = torch.full((1, 1), self.target.constant, dtype=torch.float64)
        for value, (_, coefficient) in zip(self._wanted, self.target.terms, strict=True):
            total = total + coefficient * tables[value].data.double()
        return total.expand(rows.shape[0], -1), pooled

    def _between(self) -> tuple[Node, ...]:
        needed = set(self._wanted)
        chosen: list[Node] = []
        for node in reversed(self._captured.nodes):
            if not needed.intersection(node.outputs) or self._is_source(node.outputs[0]):
                continue
            chosen.append(node)
            needed.update(ref.id for ref in node.references() if isinstance(ref, Value))
        chosen.reverse()
        return tuple(chosen)

    def _is_source(self, value: int) -> bool:
        return self._expressions.of[value] == self._source

    def _step(self, node: Node, tables: dict[int, Table], pad_row: bool) -> Table:
        kind = kind_of(node.op)
        if kind in MOVES:
            table = self._table(node.args[0], node, tables)
            if kind is Kind.VIEW:
                return _viewed(table, node)
            data = _with_padding(table.data, node) if kind is Kind.PAD and pad_row else table.data
            return Table(data, node.shapes[0])
        known = kind is Kind.ELEMENTWISE or base_of(node.op) in IDENTITIES or base_of(node.op) in CONSTANTS
        if not known:
            raise NotPerChannelError(node, "it does not treat each element by itself")
        args = tuple(self._decode(arg, node, tables) for arg in node.args)
        named = {name: self._decode(arg, node, tables) for name, arg in node.kwargs}
        return _folded(_call(node, args, named), node.shapes[0])

    def _table(self, arg: Arg, node: Node, tables: dict[int, Table]) -> Table:
        if isinstance(arg, Value):
            if self._is_source(arg.id):
                return tables[self._source_value]
            if arg.id in tables:
                return tables[arg.id]
        raise NotPerChannelError(node, "it also reads something else that depends on the input")

    def _decode(self, arg: Arg, node: Node, tables: dict[int, Table]) -> object:
        if isinstance(arg, Value):
            table = self._table(arg, node, tables)
            return _unfolded(table)
        if isinstance(arg, tuple):
            return [self._decode(item, node, tables) for item in arg]
        if isinstance(arg, Const) and base_of(node.op) not in BATCH_NORMS:
            tensor = self._captured.constants[arg.id].tensor
            if tensor.numel() == 1:
                return tensor.reshape(())
            column = per_channel(tensor, node.shapes[0])
            if column is None:
                raise NotPerChannelError(node, "a parameter differs between positions of one channel")
            return column.reshape(1, -1, *(1,) * (len(node.shapes[0]) - 2))
        return decode(arg, self._captured)


def _call(node: Node, args: tuple[object, ...], named: dict[str, object]) -> torch.Tensor:
    if base_of(node.op) in ("expand", "expand_as"):
        assert isinstance(args[0], torch.Tensor)
        return args[0]
    return call(node.op, args, named)


def _is_wide(shape: tuple[int, ...]) -> bool:
    """Whether a channel of `shape` has several positions: then torch runs over them, else over channels."""
    return any(size > 1 for size in shape[2:])


def _unfolded(table: Table) -> torch.Tensor:
    """The table in the rank of its value: rows along the height where there is one, else along the batch."""
    extra = len(table.shape) - 2
    if not _is_wide(table.shape):
        return table.data.reshape(*table.data.shape, *(1,) * extra)
    return table.data.t().contiguous().reshape(1, table.data.shape[1], -1, *(1,) * (extra - 1))


def _folded(tensor: torch.Tensor, shape: tuple[int, ...]) -> Table:
    if tensor.dim() == 0:
        return Table(tensor.reshape(1, 1), shape)
    if not _is_wide(shape):
        return Table(tensor.reshape(tensor.shape[0], tensor.shape[1]), shape)
    return Table(tensor.reshape(tensor.shape[1], -1).t(), shape)


def _viewed(table: Table, node: Node) -> Table:
    """The table after a view: the same, or each channel's column once for each position it flattens."""
    shape = node.shapes[0]
    if shape[1] == table.shape[1]:
        return Table(table.data, shape)
    positions = shape[1] // table.shape[1]
    if len(shape) != 2 or shape[1] != positions * table.shape[1]:
        raise NotPerChannelError(node, f"it makes {list(shape)} of {list(table.shape)}")
    return Table(table.data.repeat_interleave(positions, dim=1), shape)


def _with_padding(data: torch.Tensor, node: Node) -> torch.Tensor:
    value = node.args[2] if len(node.args) > 2 else dict(node.kwargs).get("value", 0.0)
    assert isinstance(value, int | float)
    last = torch.full_like(data[-1:], float(value))
    return torch.cat((data[:-1], last))
