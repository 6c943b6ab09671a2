"""What may stand behind a replay cut: ops that have a gradient, and filters that can learn."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from bnncl.diagnostics import Problem
from bnncl.frontend.unfolding import belongs
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import Int
from bnncl.ops.add import RealAdd
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.threshold import RealThreshold

_TRAINED = (BinaryConv, RealAffine, RealAdd, RealPRelu, RealClamp, AveragePool, SumPool, Flatten)


def belongs_any(paths: Collection[str], module: str) -> bool:
    """Whether any of the torch modules `paths` is `module` or lies inside it."""
    return any(belongs(path, module) for path in paths)


def check_tail(
    graph: Graph, tail: Collection[str], replaced: Collection[str], module: str
) -> Iterator[Problem]:
    """Every reason why the ops that make the values `tail` of the TRACED `graph` cannot be trained.

    `replaced` are values that become real numbers there. Slugs: `tail-op`, `frozen-filter`,
    `shared-filter`, `nothing-to-train`.
    """
    ops = [op for op in graph.ops if op.output in tail]
    convs = [op for op in ops if isinstance(op, BinaryConv | RealConv) and _is_binary_filter(op)]
    for op in ops:
        why = _untrained(graph, op, replaced)
        if why:
            yield _tail_op(op, why)
    yield from _frozen(convs)
    yield from _shared(convs)
    if not convs:
        yield Problem(
            "nothing-to-train",
            "no binary filter stands between the cut and the head",
            module,
            "Only the head would learn.",
            "Name an earlier module, or leave --train at head.",
        )


def _is_binary_filter(op: BinaryConv | RealConv) -> bool:
    return isinstance(op, BinaryConv) or bool((np.abs(op.filter.data) == 1).all())


def _untrained(graph: Graph, op: Op, replaced: Collection[str]) -> str:
    """Why there is no gradient for `op`; empty where there is one."""
    if isinstance(op, SumPool) and op.x in replaced and isinstance(graph.type_of(op.x).domain, Int):
        return "a sum over accumulators in front of the cut"
    if isinstance(op, RealConv):
        if _is_binary_filter(op):
            return ""
        outside = "" if op.filter.latent is None else ", though binary but for a scale, outside the module,"
        return f"a convolution or linear layer with real-valued weights{outside}"
    if isinstance(op, MaxPool):
        return "" if op.minimum is None else "a max pool of numbers that fall as the sum of a filter rises"
    if isinstance(op, RealThreshold):
        rises = len(op.at.data) == 1 and bool(np.isfinite(op.at.data).all() and (op.first.data == -1).all())
        return "" if rises else "a sign that is no single rising step"
    return "" if isinstance(op, _TRAINED) else f"an op without a gradient ({type(op).__name__})"


def _tail_op(op: Op, why: str) -> Problem:
    return Problem(
        "tail-op",
        f"{why} stands behind the cut",
        op.module or op.output,
        "Gradients pass binary convolutions, sums, pools, scales and offsets, clamps, PReLU and signs.",
        "Name a later module.",
    )


def _frozen(convs: list[BinaryConv | RealConv]) -> Iterator[Problem]:
    for op in convs:
        if op.filter.latent is None:
            why = op.filter.frozen_because or "it has no latent weights"
            yield Problem(
                "frozen-filter",
                f"the filter cannot learn: {why}",
                op.module or op.output,
                "Training changes real-valued weights whose signs are the filter.",
                "Compute the filter from one parameter of its own size, or name a later module.",
            )


def _shared(convs: list[BinaryConv | RealConv]) -> Iterator[Problem]:
    """Filters that come from the same parameters: each would learn by itself."""
    seen: dict[tuple[str, ...], str] = {}
    for op in convs:
        first = seen.setdefault(op.filter.origins, op.output)
        if op.filter.origins and first != op.output:
            yield Problem(
                "shared-filter",
                f"the filter is used twice ({', '.join(op.filter.origins)})",
                op.module or op.output,
                "Each use would learn by itself.",
                "Give each layer a filter of its own, or name a later module.",
            )
