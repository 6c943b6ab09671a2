"""Holds the constants in a compiled program against those the compiler packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.emit.ctext import identifier, unique
from bnncl.ir.graph import Graph
from bnncl.kernels.base import ConstArray, calls
from bnncl.toolchain.elf import symbol_bytes
from bnncl.verification.stored import dtype_of


@dataclass(frozen=True)
class ConstantDifference:
    """A constant that is not what was packed: which op's, and where in its logical tensor."""

    op: int
    value: str
    module: str
    array: str
    where: str
    expected: int
    actual: int

    def __str__(self) -> str:
        return (
            f"op {self.op} ({self.value}, module {self.module or '-'}): constant {self.array} at "
            f"{self.where}: expected {self.expected}, was {self.actual}"
        )


def differing_constants(graph: Graph, name: str, elf: Path) -> tuple[ConstantDifference, ...]:
    """The first difference in each constant array of the program `elf` of the model `name`."""
    found: list[ConstantDifference] = []
    words = unique(identifier(call.output) for call in calls(graph))
    for index, (call, word) in enumerate(zip(calls(graph), words, strict=True)):
        for array in call.kernel.bind(call.op, graph.input_types(call)).arrays:
            stored = np.frombuffer(symbol_bytes(elf, f"{name}_{word}_{array.name}"), dtype_of(array.ctype))
            place = _first_difference(array, stored)
            if place is not None:
                found.append(ConstantDifference(index, call.output, call.op.module, array.name, *place))
    return tuple(found)


def _first_difference(array: ConstArray, stored: np.ndarray) -> tuple[str, int, int] | None:
    expected = array.data.astype(stored.dtype)
    if len(expected) != len(stored):
        return f"its end ({len(stored)} elements)", len(expected), len(stored)
    differing = np.flatnonzero(expected != stored)
    if not len(differing):
        return None
    element = int(differing[0])
    wanted, was = int(expected[element]), int(stored[element])
    changed = wanted ^ was
    bit = (changed & -changed).bit_length() - 1
    if array.places.index.ndim == 1:
        return array.places.locate(element), wanted, was
    return array.places.locate(element, bit), 1 - 2 * (wanted >> bit & 1), 1 - 2 * (was >> bit & 1)
