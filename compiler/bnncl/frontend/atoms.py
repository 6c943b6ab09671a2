"""The values of a captured graph that are no linear combination of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnncl.frontend.captured import Const
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.operators import Kind, base_of

Operand = LinComb | Const | int | float | bool | str | None | tuple["Operand", ...]


@dataclass(frozen=True, eq=False)
class Atom:
    """A value that is no linear combination of others: the input, or what a non-linear call returns.

    `operands` are the call's arguments with each value replaced by its combination; `named` are the
    keyword arguments. `value` is the captured value, `shape` its shape with the batch of 1. `noisy` says
    that the call reads a value whose straight-through arithmetic cancels here, but only up to rounding
    in PyTorch.
    """

    index: int
    kind: Kind
    op: str
    operands: tuple[Operand, ...]
    named: dict[str, Operand]
    value: int
    shape: tuple[int, ...]
    dtype: str
    module: str = ""
    line: str = ""
    noisy: bool = False

    @property
    def base(self) -> str:
        """`sign` for `aten.sign.default`."""
        return base_of(self.op)

    def reads(self) -> Iterator[LinComb]:
        """The combinations among the operands, in order."""
        yield from _combinations((*self.operands, *self.named.values()))


@dataclass(frozen=True)
class Source:
    """The nearest value below another from which that is computed, and the moves (atoms) on the way.

    `value` is an atom that mixes positions or channels, or a sum of several such values that something
    non-linear reads: two paths meet there, and only the sum goes on.
    """

    value: LinComb
    moves: tuple[int, ...] = ()


def _combinations(operand: Operand) -> Iterator[LinComb]:
    if isinstance(operand, LinComb):
        yield operand
    elif isinstance(operand, tuple):
        for item in operand:
            yield from _combinations(item)
