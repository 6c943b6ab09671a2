"""The forward half of a tail that learns: real numbers become integers over states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.types import Packed, element_range
from bnncl.ir.values import StateArray, Value
from bnncl.ops.elementwise import Requantize
from bnncl.ops.pack import Unpack
from bnncl.passes.lower_real.rescale import make_rescale
from bnncl.passes.tail.rules import RULES, narrow
from bnncl.passes.tail.scope import Scope, floor_log2
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.simplify import (
    behind_convolutions,
    distinct_names,
    merged_affines,
    signs_before_pools,
)


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


def lower_forward(
    tail: Graph, latents: Array, settings: TailSettings, stored: Value | None = None
) -> Forward:
    """The TRACED `tail` in integers; ranges and statistics are those of `latents` (N, H, W, C) of ±1.

    Its one output becomes int8 of one scale, the features of a head. Where the tail begins with numbers,
    latents are integers of the packed value `stored`, in units of a power of two.
    """
    tail = distinct_names(signs_before_pools(merged_affines(tail)))
    source = tail.values[tail.inputs[0]]
    unit = 1.0 if stored is None or stored.meaning is None else float(stored.meaning.scale[0])
    scope = Scope(settings, run(tail, {source.name: latents * unit}), behind_convolutions(tail))
    if stored is None:
        scope.values[source.name] = source
        scope.names[source.name] = source.name
        scope.exponents[source.name] = 0
    else:
        _unpacked(scope, source.name, stored, floor_log2(1 / unit))
        source = stored
    for op in tail.ops:
        RULES[type(op)](scope, op)
    narrow(scope, tail.outputs[0])
    graph = scope.finish(source, tail.outputs[0])
    training = frozenset(scope.training)
    return Forward(graph, tuple(scope.states), scope.exponents, scope.slopes, scope.masks, training)


def _unpacked(scope: Scope, traced: str, stored: Value, exponent: int) -> None:
    """Let `traced` be carried by the numbers of `stored`, of no more bits than values have."""
    domain, bits = stored.type.domain, scope.settings.q_forward
    assert isinstance(domain, Packed)
    scope.values[stored.name] = stored
    unpack = Unpack(output=f"{traced}_replayed", module=stored.module, x=stored.name)
    scope.add(unpack, exponent, traced=traced)
    if domain.bits <= bits:
        return
    drop, top = domain.bits - bits, scope.settings.top
    channels = stored.type.channels
    factor, span = np.full(channels, 2.0**-drop), element_range(scope.values[unpack.output].type.domain)
    rescale = make_rescale(factor, np.zeros(channels), span, (-top, top), 8)
    narrow = Requantize(output=f"{traced}_narrow", module=stored.module, x=unpack.output, rescale=rescale)
    scope.add(narrow, exponent - drop, traced=traced)


__all__ = ["Forward", "behind_convolutions", "lower_forward", "merged_affines", "signs_before_pools"]
