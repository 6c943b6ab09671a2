"""The graphs of a tail besides a sample's: what ends a minibatch or an experience, and what makes caches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import Int
from bnncl.ir.values import StateArray, Storage, Value
from bnncl.kernels.learned_head import CURSOR as NOW
from bnncl.ops.tail.parameters import CURSOR, Accumulate, Clear, Copy, FilterSum, SignBits, Update
from bnncl.passes.tail.forward import Forward
from bnncl.passes.tail.settings import TailSettings

FIRST_STREAM = 16
"""Streams of random numbers below are others'."""

_MULTIPLIER_BITS = 30
_MOST_SHIFT = 32


def straight(
    name: str,
    sources: tuple[str, ...],
    ops: Iterable[Op],
    values: Mapping[str, Value],
    outputs: tuple[str, ...] = (),
) -> Graph:
    """A graph of `ops`, whose inputs are `sources` and then all else that they read and do not make."""
    ops = tuple(ops)
    made = {op.output for op in ops}
    read = dict.fromkeys(each for op in ops for each in op.inputs if each not in made)
    inputs = (*sources, *(each for each in read if each not in sources))
    order = dict.fromkeys([*inputs, *(op.output for op in ops)])
    return Graph(name, Stage.INTEGER, inputs, outputs, ops, {each: values[each] for each in order})


def update_graph(
    forward: Forward, sample: Graph, states: tuple[StateArray, ...], settings: TailSettings
) -> Graph:
    """After a minibatch: steps of SGD, caches made anew, and sums of gradients back to 0."""
    by_name, made = {state.name: state for state in states}, _Changes(states)
    sums = [op for op in sample.ops if isinstance(op, Accumulate | FilterSum)]
    for number, op in enumerate(sums):
        state = by_name[by_name[op.acc].of]
        made.add(_step(state, op, FIRST_STREAM + number, forward, settings))
    made.add_signs(working=True)
    for op in sums:
        made.add(Clear(output=f"{op.acc}_new", module=op.module, x=op.acc))
    made.values[NOW] = Value(NOW, CURSOR, Storage.INPUT)
    return straight("update", (NOW,), made.ops, made.values)


def commit_graph(states: tuple[StateArray, ...]) -> Graph:
    """What was trained is kept."""
    made = _Changes(states)
    for state in states:
        if state.role == "kept":
            made.add(Copy(output=f"{state.name}_new", module=state.module, x=state.name, y=state.of))
    made.add_signs(working=False)
    return straight("commit", (), made.ops, made.values)


def abort_graph(states: tuple[StateArray, ...]) -> Graph:
    """What was kept is trained from again, as far as there is a copy of it."""
    made = _Changes(states)
    for state in states:
        if state.role == "kept":
            made.add(Copy(output=f"{state.of}_new", module=state.module, x=state.of, y=state.name))
    made.add_signs(working=True, changed_only=True)
    for state in states:
        if state.role == "gradient":
            made.add(Clear(output=f"{state.name}_new", module=state.module, x=state.name))
    return straight("abort", (), made.ops, made.values)


def rebuild_graph(states: tuple[StateArray, ...]) -> Graph:
    """All caches."""
    made = _Changes(states)
    made.add_signs(working=True)
    made.add_signs(working=False)
    return straight("rebuild", (), made.ops, made.values)


class _Changes:
    """Ops that overwrite states, each at most once."""

    def __init__(self, states: tuple[StateArray, ...]) -> None:
        self._states = states
        self.ops: list[Op] = []
        self.values = {
            state.name: Value(state.name, state.type, Storage.STATE, state.meaning, state.module)
            for state in states
        }
        self._newest: dict[str, str] = {}

    def add(self, op: Op) -> None:
        """Append `op`."""
        self.ops.append(op)
        self._newest[op.inputs[0]] = op.output
        self.values[op.output] = replace(self.values[op.inputs[0]], name=op.output)

    def add_signs(self, *, working: bool, changed_only: bool = False) -> None:
        """Caches of what is being trained, or of what was kept, from the newest latents."""
        for state in self._states:
            wanted = state.role == "signs" and working != state.name.endswith("_kept")
            if wanted and (state.of in self._newest or not changed_only):
                latent = self._newest.get(state.of, state.of)
                turned = state.name.endswith("_signs_t")
                about = {"output": f"{state.name}_new", "module": state.module}
                self.add(SignBits(**about, x=state.name, y=latent, transposed=turned))


def _step(
    state: StateArray,
    summed: Accumulate | FilterSum,
    stream: int,
    forward: Forward,
    settings: TailSettings,
) -> Update:
    assert isinstance(state.type.domain, Int)
    value = settings.rate_of(state.role)[0] * 2.0 ** (summed.exponent + forward.exponents[state.name])
    shift = int(np.clip(_MULTIPLIER_BITS - math.ceil(math.log2(value)), 1, _MOST_SHIFT))
    multiplier = round(math.ldexp(value, shift))
    if not settings.samples <= multiplier < 2**31:
        raise UsageError(_bad_rate(settings, state, too_large=multiplier >= 2**31))
    return Update(
        output=f"{state.name}_new",
        module=state.module,
        x=state.name,
        acc=summed.acc,
        cursor=NOW,
        multiplier=multiplier,
        shift=shift,
        limit=state.type.domain.hi,
        stochastic=settings.stochastic,
        stream=stream,
        rule=settings.rule if state.role == "latent" else "accumulate",
    )


def _bad_rate(settings: TailSettings, state: StateArray, *, too_large: bool) -> Problem:
    rate, option = settings.rate_of(state.role)
    return Problem(
        "bad-rate",
        f"a learning rate of {rate:g} is too {'large' if too_large else 'small'} for {state.name}",
        option,
        "One step would change parameters by more than they can hold, or by nothing.",
        "Rates of 0.001 to 0.1 are usual.",
    )
