"""Holds the constants in a compiled program against those the compiler packed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.emit.layout import OpWords
from bnncl.emit.stored import stored
from bnncl.emit.tail_view import INITIAL, initial_symbol
from bnncl.ir.graph import Program
from bnncl.kernels.base import ConstArray, calls
from bnncl.kernels.packing import dense
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


def differing_constants(program: Program, name: str, elf: Path) -> tuple[ConstantDifference, ...]:
    """The first difference in each constant array of the program `elf` of the model `name`."""
    return (*_of_ops(program, name, elf), *_of_states(program, name, elf))


def _of_ops(program: Program, name: str, elf: Path) -> Iterator[ConstantDifference]:
    words = OpWords(program)
    for graph in program.graphs:
        for index, call in enumerate(calls(graph)):
            if words.is_shared(call):
                continue
            for array in call.kernel.bind(call.op, graph.input_types(call)).arrays:
                held = symbol_bytes(elf, f"{name}_{words[call]}_{array.name}")
                place = _first_difference(array, np.frombuffer(held, dtype_of(array.ctype)))
                if place is not None:
                    yield ConstantDifference(index, call.output, call.op.module, array.name, *place)


def _of_states(program: Program, name: str, elf: Path) -> Iterator[ConstantDifference]:
    """What a tail that learns begins with."""
    for state in program.states:
        if state.initial is not None:
            axes = ("row", "tap", "channel")
            numbers = stored(state.initial.data, state.type).reshape(state.type.shape)
            array = dense(INITIAL, state.type.ctype, numbers, axes)
            held = symbol_bytes(elf, initial_symbol(name, state))
            place = _first_difference(array, np.frombuffer(held, dtype_of(array.ctype)))
            if place is not None:
                yield ConstantDifference(0, state.name, state.module, INITIAL, *place)


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
