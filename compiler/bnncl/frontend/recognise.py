"""From a captured aten graph to the compiler's own graph, by value and structure, never by class names."""

from __future__ import annotations

from dataclasses import replace

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.atoms import Atom
from bnncl.frontend.captured import Captured
from bnncl.frontend.expressions import Expressions
from bnncl.frontend.layout import ir_shape
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lower_conv import read_conv
from bnncl.frontend.lower_moves import check_view
from bnncl.frontend.lower_real import check_nonlinear, is_affine
from bnncl.frontend.lower_slopes import check_pointwise
from bnncl.frontend.lower_sums import concatenated
from bnncl.frontend.lower_values import Lowering
from bnncl.frontend.lowering import Context, Refused, unsupported
from bnncl.frontend.operators import Kind
from bnncl.frontend.recognised import Lowered, Recognised
from bnncl.frontend.unfolding import Unfolding
from bnncl.frontend.windows import average_pool_window, constant_padding, only_read, slice_window
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import Float
from bnncl.ir.verify import verify
from bnncl.ops.conv import BinaryConv, GroupedConv

_ANCHORS = (Kind.CONV, Kind.AVERAGE_POOL, Kind.CONCAT)
_INCREASING = ("sigmoid", "tanh", "log_sigmoid_forward", "softplus")


def recognise(captured: Captured, name: str = "model", unfold: str | None = None) -> Recognised:
    """The graph, in stage TRACED, that `captured` computes: from value `input` to value `scores`.

    With `unfold`, a torch module path, what that module computes behind its first sign, and all that
    follows from it, is not folded into thresholds: signs rise once, and filters are ±1.

    Raises UnsupportedModel with every problem that was found: `unsupported-op`, `unsupported-view`,
    `unsupported-padding`, `unsupported-levels`, `unsupported-step`, `sign-tie`, `pool-not-monotone`,
    `unsupported-input`, `output-not-scores`.
    """
    expressions = Expressions(captured)
    recogniser = _Recogniser(expressions, name, None if unfold is None else Unfolding.of(expressions, unfold))
    return recogniser.run()


class _Recogniser:
    def __init__(self, expressions: Expressions, name: str, unfolding: Unfolding | None) -> None:
        self._expressions = expressions
        self._live = expressions.live()
        self._input_view = _input_view(expressions, self._live)
        shape = self._input_view.shape if self._input_view else expressions.captured.input_shape
        if ir_shape(shape) is None:
            raise UnsupportedModel(
                Problem(
                    "unsupported-input",
                    f"an input of shape {list(shape)} is neither a vector nor a map",
                    "the input",
                    hint="give it as (N, features), (N, channels, length) or (N, channels, height, width)",
                )
            )
        self._ctx = Context(expressions, name, shape, unfolding)
        self._lowering = Lowering(self._ctx, expressions, self._input_view)

    def run(self) -> Recognised:
        ctx = self._ctx
        target = self._scores()
        needed = self._needed(target)
        self._lowering.needed = needed
        computed = {each.only_atom for each in needed}
        for atom in self._live:
            self._check(atom, target, computed)
        for atom in self._live:
            if atom.kind in _ANCHORS:
                self._try(LinComb.atom(atom.index))
        scores = self._try(target)
        ctx.problems.raise_as(UnsupportedModel)
        assert scores is not None
        graph = self._finish(scores)
        ctx.observed["scores"] = self._expressions.first_value[target]
        if not any(isinstance(op, BinaryConv | GroupedConv) for op in graph.ops):
            ctx.note(
                "no-binary-layer", "the whole model", "no layer is binary: nothing is compressed to bits"
            )
        used = {op.output for op in graph.ops}
        return Recognised(
            graph,
            tuple((value, held) for value, held in ctx.observed.items() if value in used),
            tuple(ctx.notes),
            tuple(ctx.roundings.values()),
            ctx.input_shape,
        )

    def _scores(self) -> LinComb:
        """What the scores are computed from, without a softmax or another increasing function on top."""
        target = self._expressions.output
        while len(target.terms) == 1 and target.terms[0][1] > 0:
            atom = self._expressions.atoms[target.terms[0][0]]
            if atom.kind is not Kind.NORMALISE and (not atom.op or atom.base not in _INCREASING):
                break
            if self._expressions.is_finite(only_read(atom)):
                break
            message = f"{atom.base} at the end is left out: the order of the scores is the same without it"
            self._ctx.note("output-function-dropped", atom.module, message)
            target = only_read(atom)
        return target

    def _needed(self, target: LinComb) -> frozenset[LinComb]:
        """The real-valued combinations that something else reads than a sign: they must be computed."""
        expressions = self._expressions
        seen: set[LinComb] = set()
        needed: set[LinComb] = set()
        waiting = [target]
        while waiting:
            combination = waiting.pop()
            if combination in seen:
                continue
            seen.add(combination)
            if expressions.is_finite(combination):
                waiting += [source.value for source in expressions.sources(combination)]
                continue
            needed.add(combination)
            waiting += self._reads(combination)
        return frozenset(needed)

    def _reads(self, combination: LinComb) -> list[LinComb]:
        """What a combination is computed from."""
        expressions = self._expressions
        if combination.only_atom is None:
            return [part for part, _ in expressions.parts(combination)]
        atom = expressions.atoms[combination.atoms[0]]
        reads = [read for read in atom.reads() if read.terms]
        only = expressions.dominator(LinComb.atom(atom.index)) if len(reads) > 1 else None
        return reads if only is None else [only]

    def _check(self, atom: Atom, target: LinComb, computed: set[int | None]) -> None:
        """Note what is plainly unsupported, also behind something else that is."""
        expressions = self._expressions
        try:
            if atom.kind is Kind.OTHER or (atom.kind is Kind.NORMALISE and not self._is_above(atom, target)):
                raise unsupported(atom)
            if atom.kind is Kind.CONV:
                read_conv(self._ctx, atom)
            elif atom.kind is Kind.AVERAGE_POOL:
                average_pool_window(atom, expressions.shape(only_read(atom)))
            elif atom.kind is Kind.VIEW and atom is not self._input_view:
                check_view(atom, expressions.shape(only_read(atom)), atom.shape)
            elif atom.kind in (Kind.PAD, Kind.SLICE, Kind.CONCAT):
                self._check_geometry(atom)
            elif atom.kind is Kind.ELEMENTWISE and atom.index in computed and not is_affine(atom):
                self._check_elementwise(atom)
        except Refused as refused:
            self._ctx.problems.add(refused.problem)

    def _check_geometry(self, atom: Atom) -> None:
        if atom.kind is Kind.PAD:
            constant_padding(atom)
        elif atom.kind is Kind.SLICE:
            slice_window(atom, self._expressions.shape(only_read(atom)), atom.shape)
        else:
            concatenated(atom)

    def _check_elementwise(self, atom: Atom) -> None:
        if len([read for read in atom.reads() if read.terms]) > 1:
            check_pointwise(self._ctx, atom)
        else:
            check_nonlinear(self._ctx, atom)

    def _is_above(self, atom: Atom, target: LinComb) -> bool:
        return all(index < atom.index for index in target.atoms)

    def _try(self, combination: LinComb) -> Lowered | None:
        try:
            return self._lowering.lower(combination)
        except Refused as refused:
            self._ctx.problems.add(refused.problem)
            return None

    def _finish(self, scores: Lowered) -> Graph:
        ctx = self._ctx
        height, width, _ = ctx.shape(scores)
        if height * width != 1 or scores.order is not None or scores.padding is not None:
            raise UnsupportedModel(
                Problem(
                    "output-not-scores",
                    f"the output is a map of {height}x{width}, not one score for each class",
                    hint="end the model in a linear layer or in global pooling",
                )
            )
        if isinstance(ctx.domain(scores), Float) and scores.is_plain and scores.name != "input":
            return verify(_renamed(ctx.builder.finish(scores.name), scores.name, ctx.observed))
        last = ctx.real(scores).name
        return verify(_renamed(ctx.builder.finish(last), last, ctx.observed))


def _renamed(graph: Graph, old: str, observed: dict[str, int]) -> Graph:
    """The graph with value `old` called `scores`."""
    if old in observed:
        observed["scores"] = observed.pop(old)
    ops = [_with_name(op, old) for op in graph.ops]
    value = replace(graph.values[old], name="scores")
    return replace(graph, outputs=("scores",)).with_ops(ops, [value])


def _with_name(op: Op, old: str) -> Op:
    changed = {name: "scores" for name in ("output", "x", "y") if getattr(op, name, None) == old}
    return replace(op, **changed) if changed else op


def _input_view(expressions: Expressions, live: tuple[Atom, ...]) -> Atom | None:
    """A view that is all that reads the input, and gives it the shape of a map."""
    readers = [atom for atom in live if any(0 in read.atoms for read in atom.reads())]
    if len(readers) != 1 or readers[0].kind is not Kind.VIEW:
        return None
    view, before = readers[0], ir_shape(expressions.captured.input_shape)
    after = ir_shape(view.shape)
    if after is None or only_read(view).only_atom != 0 or expressions.output.only_atom == 0:
        return None
    flattens = before is not None and after == (1, 1, before[0] * before[1] * before[2])
    return None if flattens or after == before else view
