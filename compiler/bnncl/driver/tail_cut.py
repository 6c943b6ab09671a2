"""Cuts a traced graph in front of a torch module: bits or numbers are made first, all behind them learns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from bnncl.diagnostics import Collector, Problem, UnsupportedModel, UsageError
from bnncl.driver.tail_numbers import numbers_of, pooled_in_front
from bnncl.driver.tail_rules import belongs_any, check_tail
from bnncl.driver.tail_shortcut import ELEMENTWISE, bit_means, by_element, leading_to
from bnncl.frontend.unfolding import belongs, unknown_module
from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Binary
from bnncl.ir.values import Constant, Storage
from bnncl.ir.verify import verify
from bnncl.ops.conv import Conv
from bnncl.ops.elementwise import RealAffine
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold, Threshold


@dataclass(frozen=True, eq=False)
class CutModel:
    """A TRACED graph in two: `encode`, from input to bits or numbers, the `cut`, and `tail`, on to features.

    `shortcuts` are the values of the tail that stand, as m[c] + s[c] * bit, for the real numbers beside the
    bits that the whole graph calls `replaced`. `fixed` names the parameters of the module that stay in front
    of the cut and do not learn, such as the offset of its first sign.
    """

    encode: Graph
    tail: Graph
    cut: str
    shortcuts: tuple[str, ...]
    replaced: tuple[str, ...]
    fixed: tuple[str, ...]


def cut_before(
    graph: Graph,
    module: str,
    calibration: Array,
    *,
    head: Collection[str] = (),
    modules: Collection[str] = (),
    numbers: bool = False,
) -> CutModel:
    """Cut `graph`, which ends in the features of the head, before the torch module `module`.

    The cut is the value that the module's first sign makes, or the bits that its first convolution reads;
    where those are only pooled, the pooled ones. Whatever else crosses must be a real number that the
    bits are the sign of, element by element: in the tail, scale and offset of the bits take its place,
    such that it is E[x | bit], by channel, on `calibration`, real inputs (N, H, W, C). Where a channel
    has the same bit throughout, scale is 0 and offset the mean. So a sample just seen and a replayed one
    are computed alike. With `numbers` the cut is the real number that those bits are the sign of, or the
    one that it is computed from element by element, where something else reads that; nothing is replaced.

    `graph` is TRACED and unfolded from `module` on. `head` names the torch modules taken off its end,
    `modules` all that there are, as not each has an op of its own.
    UsageError: `unknown-train-module`, `train-behind-head`. UnsupportedModel, all problems at once:
    `no-cut-in-module`, `train-module-in-front`, `path-round-the-cut` and those of `check_tail`.
    With `numbers` also UsageError `latents-are-bits`.
    """
    _check_module(graph, module, head, modules)
    parts = _choose(graph, module, numbers=numbers)
    problems = Collector()
    problems.extend(parts.problems)
    encode = _encode(graph, parts.cut)
    fixed = tuple(_parameters(encode.ops, module))
    taken = [op for op in graph.ops if op.output in parts.tail]
    if fixed and not any(True for _ in _parameters(taken, module)):
        problems.add(_in_front(module, fixed))
    problems.extend(check_tail(graph, parts.tail, parts.replaced, module))
    problems.raise_as(UnsupportedModel)
    tail, shortcuts = _tail(graph, parts, calibration)
    if numbers:
        encode, tail = pooled_in_front(encode, tail)
    return CutModel(verify(encode), verify(tail), encode.outputs[0], shortcuts, parts.replaced, fixed)


def taken_off(graph: Graph, before: Graph) -> tuple[str, ...]:
    """The torch modules of the ops that `graph` has and `before`, its beginning, has not."""
    kept = {op.output for op in before.ops}
    return tuple(dict.fromkeys(op.module for op in graph.ops if op.output not in kept and op.module))


def _check_module(graph: Graph, module: str, head: Collection[str], modules: Collection[str]) -> None:
    if any(belongs(op.module, module) for op in graph.ops):
        return
    if belongs_any(head, module):
        message = f"{module} is the head, or stands behind it"
        hint = "Name a binary layer in front of the head, or leave --train at head."
        raise UsageError(Problem("train-behind-head", message, "--train", "The head learns anyway.", hint))
    problem = unknown_module(module, [*(op.module for op in graph.ops), *modules])
    if problem is not None:
        raise UsageError(problem)
    raise UnsupportedModel(_no_cut(module))


@dataclass(frozen=True, eq=False)
class _Parts:
    """What a cut does: names of the values made in the tail, and of the real ones that bits replace there."""

    cut: str
    tail: frozenset[str]
    replaced: tuple[str, ...]
    problems: tuple[Problem, ...]


def _choose(graph: Graph, module: str, *, numbers: bool) -> _Parts:
    """The last of the possible cuts that nothing goes round; where there is none, the first.

    With `numbers` the nearest to the bits of those that nothing goes round, or the nearest of all.
    """
    first = next(_candidates(graph, module), None)
    if first is None:
        raise UnsupportedModel(_no_cut(module))
    if numbers:
        found = [_part(graph, module, cut) for cut in numbers_of(graph, first, module)]
        return next((parts for parts in found if not parts.problems), found[0])
    found = [_part(graph, module, cut) for cut in _pooled(graph, first)]
    return next((parts for parts in reversed(found) if not parts.problems), found[0])


def _candidates(graph: Graph, module: str) -> Iterator[str]:
    """The bits that the module makes from real numbers or reads, in order."""
    for op in graph.ops:
        if not belongs(op.module, module):
            continue
        if isinstance(op, Threshold | RealThreshold):
            yield op.output
        elif isinstance(op, Conv) and _is_binary(graph, op.x):
            yield op.x


def _pooled(graph: Graph, cut: str) -> Iterator[str]:
    """The bits before and behind the max pools that alone read each other around `cut`, in order."""
    op = graph.producer(cut)
    while isinstance(op, MaxPool) and graph.readers(op.x) == (op,):
        cut, op = op.x, graph.producer(op.x)
    yield cut
    readers = graph.readers(cut)
    while len(readers) == 1 and isinstance(readers[0], MaxPool):
        yield readers[0].output
        readers = graph.readers(readers[0].output)


def _part(graph: Graph, module: str, cut: str) -> _Parts:
    """Everything that follows from `cut`, and beside it what can be computed from its bits alone."""
    behind: dict[str, None] = {}
    for op in graph.ops:
        if any(name == cut or name in behind for name in op.inputs):
            behind[op.output] = None
    pull = _Pull(graph, module, cut)
    problems = []
    for op in [op for op in graph.ops if op.output in behind]:
        for name in op.inputs:
            if name != cut and name not in behind and not pull.reaches(name):
                problems.append(_round(graph, cut, name, op))
    replaced = tuple(name for name in graph.values if name in pull.replaced)
    return _Parts(cut, frozenset(behind) | pull.pulled, replaced, tuple(dict.fromkeys(problems)))


class _Pull:
    """Takes ops beside the cut into the tail, up to real numbers that the bits of the cut stand for."""

    def __init__(self, graph: Graph, module: str, cut: str) -> None:
        self._graph, self._module, self._cut = graph, module, cut
        self._above = frozenset(by_element(graph, cut)) if _is_binary(graph, cut) else frozenset()
        self.pulled: set[str] = set()
        self.replaced: set[str] = set()

    def reaches(self, name: str) -> bool:
        """Whether `name` can be computed from the cut; takes in what that needs."""
        if name == self._cut or name in self.replaced or name in self.pulled:
            return True
        op = self._graph.producer(name)
        if self._stands_for(name) and not self._is_of_tail(op, name):
            self.replaced.add(name)
            return True
        if op is None or not all([self.reaches(each) for each in op.inputs]):
            return False
        self.pulled.add(name)
        return True

    def _stands_for(self, name: str) -> bool:
        return not self._above.isdisjoint(by_element(self._graph, name))

    def _is_of_tail(self, op: Op | None, name: str) -> bool:
        """Whether the op is better trained than replaced, or cannot be: its result is bits."""
        mine = isinstance(op, ELEMENTWISE) and belongs(op.module, self._module)
        return _is_binary(self._graph, name) or (mine and name not in self._above)


def _is_binary(graph: Graph, name: str) -> bool:
    return isinstance(graph.type_of(name).domain, Binary)


def _encode(graph: Graph, cut: str) -> Graph:
    ops = leading_to(graph, (cut,))
    made = replace(graph.values[cut], storage=Storage.OUTPUT)
    return replace(graph, name="encode", outputs=(cut,)).with_ops(ops, [made])


def _parameters(ops: Iterable[Op], module: str) -> Iterator[str]:
    """Names of the parameters of `module` behind the constants of `ops`, each once."""
    names = (name for op in ops for _, held in op.constants() for name in held.origins)
    yield from dict.fromkeys(name for name in names if belongs(name, module))


def _tail(graph: Graph, parts: _Parts, calibration: Array) -> tuple[Graph, tuple[str, ...]]:
    builder = GraphBuilder("tail", Stage.TRACED, replace(graph.values[parts.cut], storage=Storage.INPUT))
    means = bit_means(graph, parts.cut, parts.replaced, calibration)
    instead: dict[str, str] = {}
    for number, name in enumerate(parts.replaced):
        producer = graph.producer(name)
        low, high = means[name]
        instead[name] = builder.add(
            RealAffine(
                output=_unused(graph, f"{parts.cut}_shortcut" + (f"_{number + 1}" if number else "")),
                module=producer.module if producer else "",
                x=parts.cut,
                scale=Constant((high - low) / 2),
                offset=Constant((high + low) / 2),
            )
        )
    for op in graph.ops:
        if op.output in parts.tail:
            meaning = graph.values[op.output].meaning
            builder.add(_reading(op, lambda name: instead.get(name, name)), meaning=meaning)
    return builder.finish(*graph.outputs), tuple(instead.values())


def _unused(graph: Graph, name: str) -> str:
    while name in graph.values:
        name += "_"
    return name


def _reading(op: Op, renamed: Callable[[str], str]) -> Op:
    changed = {field: renamed(getattr(op, field)) for field in ("x", "y") if hasattr(op, field)}
    return replace(op, **changed)


def _no_cut(module: str) -> Problem:
    return Problem(
        "no-cut-in-module",
        "the module takes no sign, and no convolution in it reads bits",
        module,
        "Samples are stored as the bits in front of a module; here there are none.",
        "Name a block that begins with a sign, or a layer behind one.",
    )


def _in_front(module: str, fixed: tuple[str, ...]) -> Problem:
    return Problem(
        "train-module-in-front",
        f"all parameters of the module lie in front of its sign ({', '.join(fixed)})",
        module,
        "The replay memory keeps the bits behind that sign: what makes them cannot learn.",
        "Name the layer that makes the numbers which the module reads, or a block that holds both.",
    )


def _round(graph: Graph, cut: str, name: str, reader: Op) -> Problem:
    producer = graph.producer(name)
    made = (producer.module if producer else "") or name
    kind = "bits" if _is_binary(graph, cut) else "numbers"
    return Problem(
        "path-round-the-cut",
        f"it reads a value of {made} that cannot be computed from the {kind} of the cut",
        reader.module or reader.output,
        f"A replayed sample is nothing but the {kind} of {graph.values[cut].module or cut}.",
        "Put the cut before the block in which both paths begin.",
    )
