"""What lowering works on: the graph being built, and everything known about its values."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Collector, Problem
from bnncl.frontend.atoms import Atom
from bnncl.frontend.captured import Const
from bnncl.frontend.expressions import Expressions
from bnncl.frontend.layout import ir_shape
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.recognised import Accumulator, Lowered, Note, Reals, Rounding
from bnncl.frontend.unfolding import Unfolding, values_of
from bnncl.ir.graph import GraphBuilder
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import Domain, Float, Shape, TensorType
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.ops.elementwise import RealAffine
from bnncl.ops.window import Window

_TAKEN = """
input scores auto break case char const continue default do double else enum extern float for goto if
inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while bool true false main
"""
"""Names that no value may have: words of C, and the names of the input and of the output."""


class Refused(Exception):
    """A step that cannot be lowered: carries the problem up to where all are collected."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def unsupported(atom: Atom, message: str = "", why: str = "", hint: str = "") -> Refused:
    """The refusal of an operator, with its torch name, module and source line."""
    text = message or f"{atom.op} is not supported"
    line = f" ({atom.line})" if atom.line else ""
    return Refused(
        Problem("unsupported-op", text + line, atom.module or "the model's own forward", why, hint)
    )


class Context:
    """One run of recognition: the growing graph, what its values mean, and what there is to say.

    With `unfolding`, what lies behind a replay cut is lowered step by step, ready to be trained.
    """

    def __init__(
        self,
        expressions: Expressions,
        name: str,
        input_shape: tuple[int, ...],
        unfolding: Unfolding | None = None,
    ) -> None:
        self.expressions = expressions
        self.unfolding = unfolding
        self.captured = expressions.captured
        shape = ir_shape(input_shape)
        assert shape is not None
        self.input_shape = input_shape
        start = Value("input", TensorType(shape, Float()), Storage.INPUT)
        self.builder = GraphBuilder(name, Stage.TRACED, start)
        self.problems = Collector()
        self.notes: list[Note] = []
        self.roundings: dict[str, Rounding] = {}
        self.observed: dict[str, int] = {}
        self.accumulators: dict[str, Accumulator] = {}
        self.lattices: dict[str, tuple[Accumulator, int]] = {}
        self.lowered: dict[LinComb, Lowered | Problem] = {}
        self.thresholds: dict[tuple[str, bytes, bytes], str] = {}
        self.reals: dict[tuple[str, bytes, bytes], str] = {}
        self.pools: dict[tuple[str, Window, bytes], str] = {}
        self._names = set(_TAKEN.split())
        self._stems = {"input": "input"}

    def name(self, hint: str) -> str:
        """A new C identifier like `hint`, which is often a torch module path."""
        stem = re.sub(r"\W", "_", hint).strip("_") or "layer"
        stem = f"layer_{stem}" if stem[0].isdigit() else stem
        chosen, number = stem, 2
        while chosen in self._names:
            chosen, number = f"{stem}_{number}", number + 1
        self._names.add(chosen)
        return chosen

    def derived(self, source: str, what: str) -> str:
        """A name for something computed from the value `source`, after the layer that it comes from."""
        stem = self._stems.get(source, source)
        chosen = self.name(f"{stem}_{what}")
        self._stems[chosen] = stem
        return chosen

    def add(self, op: Op, scale: Reals | None = None, offset: Reals | None = None) -> str:
        """Append `op`; scale and offset are what its result means, if not the plain number."""
        meaning = None
        if scale is not None and offset is not None and not ((scale == 1).all() and (offset == 0).all()):
            meaning = Meaning(scale, offset)
        return self.builder.add(op, meaning=meaning)

    def domain(self, lowered: Lowered) -> Domain:
        """Domain of the value of the graph behind `lowered`."""
        return self.builder.value(lowered.name).type.domain

    def shape(self, lowered: Lowered) -> Shape:
        """Shape of the value of the graph behind `lowered`."""
        return self.builder.value(lowered.name).type.shape

    def is_discrete(self, combination: LinComb) -> bool:
        """Whether a real number depends on the input through binary activations only."""
        waiting, seen = list(combination.atoms), set[int]()
        while waiting:
            atom = self.expressions.atoms[waiting.pop()]
            if atom.index == 0:
                return False
            for read in atom.reads():
                if not self.expressions.is_finite(read):
                    waiting.extend(set(read.atoms) - seen)
                    seen.update(read.atoms)
        return True

    def unfolds(self, combination: LinComb) -> bool:
        """Whether the combination lies behind the replay cut."""
        if self.unfolding is None:
            return False
        return not self.unfolding.behind.isdisjoint(values_of(self.expressions, combination))

    def touches(self, combination: LinComb) -> bool:
        """Whether the combination is computed in the module that the replay cut stands before, or from it."""
        if self.unfolding is None:
            return False
        return not self.unfolding.touched.isdisjoint(values_of(self.expressions, combination))

    def note(self, kind: str, where: str, message: str) -> None:
        """Say something once."""
        if (note := Note(kind, where, message)) not in self.notes:
            self.notes.append(note)

    def origins(self, *operands: object) -> tuple[str, ...]:
        """Parameters behind the constants among `operands`."""
        found = [self.captured.constants[op.id].origins for op in operands if isinstance(op, Const)]
        return tuple(dict.fromkeys(name for names in found for name in names))

    def observe(self, lowered: Lowered, combination: LinComb) -> None:
        """Remember that a value of the graph equals a captured one, if the two compare element by element."""
        value = self.builder.value(lowered.name)
        captured = self.expressions.first_value.get(combination)
        if captured is None or lowered.order is not None or lowered.padding is not None:
            return
        if ir_shape(self.expressions.shape(combination)) != value.type.shape:
            return
        meaning = value.meaning or Meaning.of(1.0)
        if np.allclose(meaning.scale, lowered.scale) and np.allclose(meaning.offset, lowered.offset):
            self.observed.setdefault(lowered.name, captured)

    def real(self, lowered: Lowered, combination: LinComb | None = None) -> Lowered:
        """The same as a float value of the graph itself: an affine op is put behind it if need be.

        `combination` is what the value stands for in the captured graph, where that is known.
        """
        if isinstance(self.domain(lowered), Float) and lowered.is_plain:
            return lowered
        key = (lowered.name, lowered.scale.tobytes(), lowered.offset.tobytes())
        if key not in self.reals:
            self.reals[key] = self._affine(lowered)
        name = self.reals[key]
        plain = Lowered.plain(name, len(lowered.scale), lowered.order)
        if combination is not None and lowered.padding is None:
            self.observe(plain, combination)
        return replace(plain, padding=lowered.padding)

    def _affine(self, lowered: Lowered) -> str:
        op = RealAffine(
            output=self.derived(lowered.name, "real"),
            module=lowered.module or self.builder.value(lowered.name).module,
            x=lowered.name,
            scale=Constant(lowered.scale, lowered.origins),
            offset=Constant(lowered.offset, lowered.origins),
        )
        return self.add(op)


def float64(array: NDArray[np.generic]) -> Reals:
    """`array` as float64."""
    return array.astype(np.float64)
