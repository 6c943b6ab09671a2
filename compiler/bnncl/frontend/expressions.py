"""A captured graph as linear combinations of non-linear atoms, equal ones shared."""

from __future__ import annotations

from bnncl.frontend.atoms import Atom, Operand, Source
from bnncl.frontend.captured import Arg, Captured, Const, Node, Value
from bnncl.frontend.lincomb import LinComb, product
from bnncl.frontend.operators import (
    CONSTANTS,
    DISCRETISERS,
    IDENTITIES,
    MOVES,
    ROUNDERS,
    Kind,
    base_of,
    kind_of,
)

_ARITHMETIC = ("add", "sub", "rsub", "neg", "mul", "div")


class Expressions:
    """Every value of a captured graph as a combination; `atoms` in order of execution."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.atoms: list[Atom] = []
        self.of: dict[int, LinComb] = {}
        self.first_value: dict[LinComb, int] = {}
        self._shapes: dict[int, tuple[int, ...]] = {captured.input: captured.input_shape}
        self._dtypes: dict[int, str] = {captured.input: captured.input_dtype}
        self._known: dict[object, LinComb] = {}
        self._finite: dict[int, bool] = {}
        self._sources: dict[int, tuple[Source, ...]] = {}
        self._multiples: dict[LinComb, list[LinComb]] = {}
        self._sums: dict[LinComb, tuple[LinComb, LinComb, float]] = {}
        self._noisy: set[int] = set()
        start = Atom(0, Kind.INPUT, "", (), {}, captured.input, captured.input_shape, captured.input_dtype)
        self.atoms.append(start)
        self._define(captured.input, LinComb.atom(0))
        for node in captured.nodes:
            self._add(node)

    @property
    def output(self) -> LinComb:
        """The combination that the model returns."""
        return self.of[self.captured.output]

    def shape(self, combination: LinComb) -> tuple[int, ...]:
        """Captured shape of a combination that is some captured value, batch of 1 included."""
        return self._shapes[self.first_value[combination]]

    def value_shape(self, value: int) -> tuple[int, ...]:
        """Captured shape of a value, batch of 1 included."""
        return self._shapes[value]

    def module(self, combination: LinComb) -> str:
        """The torch module in which the combination was first computed."""
        value = self.first_value[combination]
        return next((node.module for node in self.captured.nodes if value in node.outputs), "")

    def live(self) -> tuple[Atom, ...]:
        """The atoms that the output depends on, in order of execution."""
        needed = set(self.output.atoms)
        for atom in reversed(self.atoms):
            if atom.index in needed:
                for read in atom.reads():
                    needed.update(read.atoms)
        return tuple(atom for atom in self.atoms if atom.index in needed)

    def is_finite(self, combination: LinComb) -> bool:
        """True if every path from the input to the combination crosses a discretiser."""
        return all(self._finite[index] for index in combination.atoms)

    def sources(self, combination: LinComb) -> tuple[Source, ...]:
        """Where the combination comes from, element by element but for moves."""
        return tuple(dict.fromkeys(found for index in combination.atoms for found in self._sources[index]))

    def parts(self, combination: LinComb) -> tuple[tuple[LinComb, float], ...]:
        """What a combination is a sum of, but for a constant, with factors.

        A value that is a multiple of it, but for a constant; else what the model adds up, else its atoms.
        """
        first = self.representative(combination)
        if first != combination:
            return ((first, combination.terms[0][1] / first.terms[0][1]),)
        if combination in self._sums:
            left, right, factor = self._sums[combination]
            return (left, 1.0), (right, factor)
        return tuple((LinComb.atom(index), factor) for index, factor in combination.terms)

    def dominator(self, combination: LinComb) -> LinComb | None:
        """The nearest value below that all paths to the combination cross, each element by itself.

        None if the combination mixes positions or channels, or reads several values.
        """
        waiting = dict.fromkeys(self._below(combination))
        while len(waiting) > 1:
            last = max(waiting, key=lambda each: self.first_value[each])
            del waiting[last]
            below = self._below(last)
            if not below or any(self.atoms[index].kind in MOVES for index in last.atoms):
                return None
            waiting.update(dict.fromkeys(below))
        return next(iter(waiting), None)

    def _below(self, combination: LinComb) -> tuple[LinComb, ...]:
        """What the combination reads in one step; nothing where that mixes positions or channels."""
        if combination.only_atom is None:
            return tuple(part for part, _ in self.parts(combination))
        atom = self.atoms[combination.only_atom]
        through = atom.kind is Kind.ELEMENTWISE or atom.kind in MOVES
        return tuple(self.representative(read) for read in atom.reads() if read.terms) if through else ()

    def representative(self, combination: LinComb) -> LinComb:
        """The first value of the model that is a multiple of the combination, but for a constant."""
        return self.multiples(combination)[0]

    def multiples(self, combination: LinComb) -> tuple[LinComb, ...]:
        """The values of the model that are multiples of the combination, but for a constant, in order."""
        return tuple(self._multiples.get(combination.direction, (combination,)))

    def _define(self, value: int, combination: LinComb) -> None:
        self.of[value] = combination
        if combination not in self.first_value:
            self.first_value[combination] = value
            self._multiples.setdefault(combination.direction, []).append(combination)
        for index in combination.atoms:
            if index not in self._sources:
                self._classify(self.atoms[index])

    def _classify(self, atom: Atom) -> None:
        reads = list(atom.reads())
        through = atom.kind is Kind.ELEMENTWISE or atom.kind in MOVES
        self._sources[atom.index] = self._through(atom) if through else (Source(LinComb.atom(atom.index)),)
        discrete = atom.base in DISCRETISERS if atom.op else False
        rounded = bool(atom.op) and atom.base in ROUNDERS and all(self._bounded(read) for read in reads)
        inherits = through and bool(reads) and all(self.is_finite(read) for read in reads)
        self._finite[atom.index] = discrete or rounded or inherits

    def _through(self, atom: Atom) -> tuple[Source, ...]:
        found: dict[Source, None] = {}
        for read in atom.reads():
            below = self.sources(read)
            found.update(dict.fromkeys(below if len(below) < 2 else (Source(self.representative(read)),)))
        move = (atom.index,) if atom.kind in MOVES else ()
        return tuple(Source(each.value, each.moves + move) for each in found)

    def _bounded(self, combination: LinComb) -> bool:
        return all(self._is_bounded_atom(self.atoms[index]) for index in combination.atoms)

    def _is_bounded_atom(self, atom: Atom) -> bool:
        if atom.kind in MOVES or (atom.op and atom.base in ROUNDERS):
            return all(self._bounded(read) for read in atom.reads())
        if atom.op and atom.base == "clamp":
            limits = [*atom.operands[1:], *atom.named.values()]
            return len([limit for limit in limits if limit is not None]) == 2
        return self._finite[atom.index] or (
            bool(atom.op) and atom.base in ("hardtanh", "sigmoid", "tanh", "hardsigmoid", "relu6")
        )

    def _add(self, node: Node) -> None:
        for value, shape, dtype in zip(node.outputs, node.shapes, node.dtypes, strict=True):
            self._shapes[value], self._dtypes[value] = shape, dtype
        combination = self._linear(node)
        if combination is not None:
            if self._adds_noise(node, combination):
                self._noisy.add(node.outputs[0])
            self._define(node.outputs[0], combination)
            return
        if kind_of(node.op) in MOVES and self._reads_noise(node):
            self._noisy.add(node.outputs[0])
        for number in range(len(node.outputs)):
            self._define(node.outputs[number], self._atom(node, number))

    def _reads_noise(self, node: Node) -> bool:
        return any(isinstance(ref, Value) and ref.id in self._noisy for ref in node.references())

    def _adds_noise(self, node: Node, result: LinComb) -> bool:
        """Whether operands cancel in the result: in PyTorch their rounding stays."""
        read = {ref.id for ref in node.references() if isinstance(ref, Value)}
        before = {index for value in read for index in self.of[value].atoms}
        return self._reads_noise(node) or (len(read) > 1 and not before <= set(result.atoms))

    def _linear(self, node: Node) -> LinComb | None:
        """The result of `node` as a combination of what it reads; None if it is an atom of its own."""
        base = base_of(node.op) if node.op.startswith("aten.") else ""
        if base in CONSTANTS:
            return LinComb((), CONSTANTS[base])
        if base in ("full_like", "fill"):
            number = self._number(node.args[1])
            return None if number is None else LinComb((), number)
        if base in IDENTITIES or base == "copy":
            return self._converted(node, node.args[1 if base == "copy" else 0])
        return self._arithmetic(node, base) if base in _ARITHMETIC else None

    def _converted(self, node: Node, source: Arg) -> LinComb | None:
        if not isinstance(source, Value) or self._shapes[source.id] != node.shapes[0]:
            return None
        from_type, to_type = self._dtypes[source.id], node.dtypes[0]
        widening = to_type in ("float32", "float64") or to_type == from_type
        widening = widening or (from_type == "bool" and to_type != "float16")
        return self.of[source.id] if widening else None

    def _arithmetic(self, node: Node, base: str) -> LinComb | None:
        if "bool" in node.dtypes or any(name == "rounding_mode" for name, _ in node.kwargs):
            return None
        if base == "neg":
            operand = self._operand(node.args[0], node)
            return None if operand is None else operand.scaled(-1.0)
        left, right = self._operand(node.args[0], node), self._operand(node.args[1], node)
        if left is None or right is None:
            return None
        if base in ("mul", "div"):
            return product(left, right, divide=base == "div")
        alpha = node.args[2] if len(node.args) > 2 else dict(node.kwargs).get("alpha", 1)
        assert isinstance(alpha, int | float)
        if base == "add":
            return self._plus(left, right, float(alpha))
        first, second = (right, left) if base == "rsub" else (left, right)
        return self._plus(first, second, -float(alpha))

    def _plus(self, left: LinComb, right: LinComb, factor: float) -> LinComb:
        """`left` + factor * right; remembered as their sum where both have a part in it."""
        total = left.plus(right, factor)
        whole = left.terms and right.terms and {*left.atoms, *right.atoms} == {*total.atoms}
        if whole and total not in self.first_value:
            self._sums.setdefault(total, (left, right, factor))
        return total

    def _operand(self, arg: Arg, node: Node) -> LinComb | None:
        """An argument as a combination: a number, or a value of the result's shape."""
        if isinstance(arg, Value):
            combination = self.of[arg.id]
            same = self._shapes[arg.id] == node.shapes[0]
            return combination if same or not combination.terms else None
        number = self._number(arg)
        return None if number is None else LinComb((), number)

    def _number(self, arg: Arg) -> float | None:
        if isinstance(arg, Value):
            combination = self.of[arg.id]
            return combination.constant if not combination.terms else None
        if isinstance(arg, Const):
            tensor = self.captured.constants[arg.id].tensor
            return float(tensor.double().item()) if tensor.numel() == 1 else None
        return float(arg) if isinstance(arg, int | float) else None

    def _atom(self, node: Node, number: int) -> LinComb:
        operands = tuple(self._resolve(arg) for arg in node.args)
        named = {name: self._resolve(arg) for name, arg in node.kwargs}
        key = (node.op, number, operands, tuple(named.items()))
        if key not in self._known:
            kind = kind_of(node.op) if number == 0 else Kind.OTHER
            atom = Atom(
                len(self.atoms),
                kind,
                node.op,
                operands,
                named,
                node.outputs[number],
                node.shapes[number],
                node.dtypes[number],
                node.module,
                node.line,
                self._reads_noise(node),
            )
            self.atoms.append(atom)
            self._known[key] = LinComb.atom(atom.index)
        return self._known[key]

    def _resolve(self, arg: Arg) -> Operand:
        if isinstance(arg, Value):
            return self.of[arg.id]
        if isinstance(arg, tuple):
            return tuple(self._resolve(item) for item in arg)
        return arg
