"""The forward half of a tail that learns: real numbers become integers over states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.values import StateArray
from bnncl.passes.tail.rules import RULES, narrow
from bnncl.passes.tail.scope import Scope
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.simplify import behind_convolutions, merged_affines, signs_before_pools


@dataclass(frozen=True, eq=False)
class Forward:
    """A tail's forward graph in integers, over the states that are trained.

    `graph` reads the cut and `states`; what is in `training` it makes for gradients alone. `exponents`,
    `slopes` and `masks` as in `Scope`.
    """

    graph: Graph
    states: tuple[StateArray, ...]
    exponents: Mapping[str, int]
    slopes: Mapping[str, Array]
    masks: Mapping[str, str]
    training: frozenset[str]


def lower_forward(tail: Graph, latents: Array, settings: TailSettings) -> Forward:
    """The TRACED `tail` in integers; ranges and statistics are those of `latents` (N, H, W, C) of ±1.

    Its one output becomes int8 of one scale, the features of a head.
    """
    tail = signs_before_pools(merged_affines(tail))
    scope = Scope(settings, run(tail, {tail.inputs[0]: latents}), behind_convolutions(tail))
    source = tail.values[tail.inputs[0]]
    scope.values[source.name] = source
    scope.names[source.name] = source.name
    scope.exponents[source.name] = 0
    for op in tail.ops:
        RULES[type(op)](scope, op)
    narrow(scope, tail.outputs[0])
    graph = scope.finish(source, tail.outputs[0])
    training = frozenset(scope.training)
    return Forward(graph, tuple(scope.states), scope.exponents, scope.slopes, scope.masks, training)


__all__ = ["Forward", "behind_convolutions", "lower_forward", "merged_affines", "signs_before_pools"]
