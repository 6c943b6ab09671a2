"""All graphs of a tail that learns, its states, and the exponents that calibration gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant, StateArray, Storage, Value
from bnncl.ir.verify import verify
from bnncl.numerics.gradients import bit_length
from bnncl.ops.tail.backward import HeadInputGradient
from bnncl.ops.tail.exponents import BlockExponent, FixedExponent
from bnncl.ops.tail.parameters import (
    CURSOR,
    Accumulate,
    AccumulateFilter,
    Clear,
    Copy,
    SignBits,
    Update,
)
from bnncl.passes.tail.forward import Forward
from bnncl.passes.tail.gradients import sweep_back
from bnncl.passes.tail.scope import floor_log2
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.sweep import Sweep, needed_values

DELTA, ROWS, NOW = "delta", "tw", "cursor"
"""Inputs of the graphs that are no states of the tail: gradient of the logits, head, and minibatch."""

FIRST_STREAM = 16
_HEADROOM_BITS = 1
_MULTIPLIER_BITS = 30
_MOST_SHIFT = 32
_RATE_BITS = 8


@dataclass(frozen=True)
class HeadShape:
    """What the gradient of a head's inputs depends on: rows, widths, and what the weights stand for.

    A real weight is W * 2**-weight_exponent; `features` counts the bias, if there is one.
    """

    max_classes: int
    features: int
    bias_features: int
    q_forward: int
    q_backward: int
    weight_exponent: int
    weight_limit: int

    @property
    def delta(self) -> TensorType:
        """Gradients of the logits of one sample."""
        half = 1 << (self.q_backward - 1)
        return TensorType((1, 1, self.max_classes), Int(-half, half - 1, 16))

    @property
    def rows(self) -> TensorType:
        """The weights being trained."""
        limit = self.weight_limit
        return TensorType((1, self.max_classes, self.features), Int(-limit, limit, 16))


@dataclass(frozen=True, eq=False)
class Tail:
    """A tail that learns: its forward graph over what was kept, the graphs of learning, and all states."""

    forward: Graph
    training: tuple[Graph, ...]
    states: tuple[StateArray, ...]


def kept(name: str) -> str:
    """The name of what the last commit kept of the parameter `name`."""
    return f"{name}_kept"


def learning_tail(
    forward: Forward, head: HeadShape, settings: TailSettings, examples: tuple[Array, Array, Array]
) -> Tail:
    """The tail of `forward` with its backward half.

    `examples` are latents (N, H, W, C), gradients of the logits (N, 1, 1, classes) such as errors make at
    first, and head weights (1, 1, classes, features), from which the exponents of all sums are calibrated.
    UsageError (`bad-rate`) where the learning rate cannot be had.
    """
    sample, sweep = _sample(forward, head, settings)
    states = (*forward.states, *_kept_states(forward, settings), *_transposed(sweep), *sweep.sums)
    values = {**initial(states), DELTA: examples[1], ROWS: examples[2], forward.graph.inputs[0]: examples[0]}
    found = run(sample, {name: values[name] for name in sample.inputs})
    sample = _calibrated(forward, sample, found, settings)
    graphs = (
        sample,
        _update(forward, sample, states, settings),
        _commit(forward, states),
        _abort(forward, states),
        _rebuild(states),
    )
    return Tail(_over_kept(forward), tuple(verify(graph) for graph in graphs), states)


def initial(states: Iterable[StateArray]) -> dict[str, Array]:
    """What learning starts from, each state by name, (1, H, W, C)."""
    made: dict[str, Array] = {}
    held = tuple(states)
    for state in held:
        if state.initial is not None:
            made[state.name] = state.initial.data.astype(np.int64)[None]
        elif state.role == "gradient":
            made[state.name] = np.zeros((1, *state.type.shape), np.int64)
    for state in held:
        if state.role == "signs":
            latent = made[state.of]
            op = SignBits(output="", x="", y="", transposed=latent.shape[1:] != state.type.shape)
            turned = op.transposed or _turned(state, latent)
            made[state.name] = replace(op, transposed=turned).evaluate(latent, latent)
    return made


def _turned(state: StateArray, latent: Array) -> bool:
    return state.name.endswith("_signs_t")


def _sample(forward: Forward, head: HeadShape, settings: TailSettings) -> tuple[Graph, Sweep]:
    graph = forward.graph
    values = dict(graph.values)
    values[DELTA] = Value(DELTA, head.delta, Storage.INPUT)
    values[ROWS] = Value(ROWS, head.rows, Storage.STATE)
    sweep = Sweep(settings, forward, values, needed=needed_values(forward))
    for state in forward.states:
        if state.role == "latent":
            cache = sweep.transposed(state.name, state.module)
            out, taps, channels = state.type.shape
            values[cache] = Value(cache, TensorType((taps, channels, out), Binary()), Storage.STATE)
    start = FixedExponent(output="delta_e", value=-(head.q_backward - 1))
    sweep.add(start)
    wide = HeadInputGradient(
        output="features_g",
        x=DELTA,
        y=ROWS,
        q_forward=head.q_forward,
        q_backward=head.q_backward,
        bias_features=head.bias_features,
    )
    sweep.add(wide)
    copies = head.weight_exponent - (head.q_backward - head.q_forward)
    sweep.give(graph.outputs[0], sweep.narrow(wide.output, start.output, -copies, ""))
    sweep_back(sweep)
    ops = (*graph.ops, *sweep.ops)
    return _straight("sample", (graph.inputs[0], DELTA), ops, sweep.values, graph.outputs), sweep


def _straight(
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


def _kept_states(forward: Forward, settings: TailSettings) -> list[StateArray]:
    found = []
    for state in forward.states:
        if state.role == "parameter" or (state.role == "latent" and settings.keep_latents):
            found.append(replace(state, name=kept(state.name), role="kept", of=state.name))
    for state in forward.states:
        if state.role == "signs":
            of = kept(state.of) if settings.keep_latents else state.of
            found.append(replace(state, name=kept(state.name), of=of))
    return found


def _transposed(sweep: Sweep) -> list[StateArray]:
    read = {name for op in sweep.ops for name in op.inputs}
    return [
        StateArray(cache, sweep.type_of(cache), "signs", of=latent)
        for latent, cache in sweep.caches.items()
        if cache in read
    ]


def _least_exponents(forward: Forward, sample: Graph, settings: TailSettings) -> dict[str, int]:
    """The finest unit of each sum that an update can tell: its rate has _RATE_BITS bits or more."""
    finest = _RATE_BITS - _MOST_SHIFT + settings.samples.bit_length() - floor_log2(settings.rate)
    return {
        op.inputs[0]: finest - forward.exponents[op.inputs[0].removesuffix("_sum")]
        for op in sample.ops
        if op.changes_state
    }


def _calibrated(forward: Forward, sample: Graph, found: Mapping[str, Array], settings: TailSettings) -> Graph:
    """Exponents of sums, such that the largest number of each seen fills its limit but for a bit."""
    static = settings.gradient_scale == "static"
    least = _least_exponents(forward, sample, settings)
    fixed: dict[str, int] = {}
    ops: list[Op] = []
    for op in sample.ops:
        if isinstance(op, Accumulate):
            peak = _peak(found[op.x], found[op.x_exponent] + op.bias)
            op = replace(op, exponent=max(peak + _HEADROOM_BITS - op.limit.bit_length(), least[op.acc]))
        elif isinstance(op, AccumulateFilter):
            peak = _peak(found[op.gradient], found[op.gradient_exponent] + op.bias)
            op = replace(op, exponent=max(peak + _HEADROOM_BITS - op.limit.bit_length(), least[op.acc]))
        elif isinstance(op, BlockExponent) and static:
            fixed[op.output] = int(found[op.output].max()) + _HEADROOM_BITS
            op = replace(op, fixed=fixed[op.output])
        ops.append(op)
    return sample.with_ops(ops)


def _peak(numbers: Array, exponents: Array) -> int:
    """The number of bits before the point of the largest of real numbers."""
    bits = bit_length(numbers)
    there = bits.reshape(-1) > 0
    all_bits = (bits + exponents).reshape(-1)
    return int(all_bits[there].max()) if there.any() else 0


def _update(forward: Forward, sample: Graph, states: tuple[StateArray, ...], settings: TailSettings) -> Graph:
    by_name = {state.name: state for state in states}
    values = _state_values(states)
    values[NOW] = Value(NOW, CURSOR, Storage.INPUT)
    exponents = {op.acc: op.exponent for op in sample.ops if isinstance(op, Accumulate | AccumulateFilter)}
    ops: list[Op] = []
    for number, acc in enumerate(exponents):
        state = by_name[by_name[acc].of]
        ops.append(_step(state, acc, exponents[acc], FIRST_STREAM + number, forward, settings))
        values[ops[-1].output] = replace(values[state.name], name=ops[-1].output)
    ops += _signs(values, states, {op.inputs[0]: op.output for op in ops}, working=True)
    for acc in exponents:
        ops.append(Clear(output=f"{acc}_new", module=by_name[acc].module, x=acc))
        values[f"{acc}_new"] = replace(values[acc], name=f"{acc}_new")
    return _straight("update", (NOW,), ops, values)


def _step(
    state: StateArray, acc: str, exponent: int, stream: int, forward: Forward, settings: TailSettings
) -> Update:
    assert isinstance(state.type.domain, Int)
    value = settings.rate * 2.0 ** (exponent + forward.exponents[state.name])
    shift = int(np.clip(_MULTIPLIER_BITS - math.ceil(math.log2(value)), 1, _MOST_SHIFT))
    multiplier = round(math.ldexp(value, shift))
    if not settings.samples <= multiplier < 2**31:
        size = "large" if multiplier >= 2**31 else "small"
        why = "One step would change parameters by more than they can hold, or by nothing."
        raise UsageError(
            Problem(
                "bad-rate",
                f"a learning rate of {settings.rate:g} is too {size} for {state.name}",
                "--tail-rate",
                why,
                "Rates of 0.001 to 0.1 are usual.",
            )
        )
    return Update(
        output=f"{state.name}_new",
        module=state.module,
        x=state.name,
        acc=acc,
        cursor=NOW,
        multiplier=multiplier,
        shift=shift,
        limit=state.type.domain.hi,
        stochastic=settings.stochastic,
        stream=stream,
        rule=settings.rule if state.role == "latent" else "accumulate",
    )


def _commit(forward: Forward, states: tuple[StateArray, ...]) -> Graph:
    values = _state_values(states)
    ops: list[Op] = []
    for state in states:
        if state.role == "kept":
            ops.append(Copy(output=f"{state.name}_new", module=state.module, x=state.name, y=state.of))
            values[ops[-1].output] = replace(values[state.name], name=ops[-1].output)
    ops += _signs(values, states, {op.inputs[0]: op.output for op in ops}, working=False)
    return _straight("commit", (), ops, values)


def _abort(forward: Forward, states: tuple[StateArray, ...]) -> Graph:
    values = _state_values(states)
    ops: list[Op] = []
    for state in states:
        if state.role == "kept":
            ops.append(Copy(output=f"{state.of}_new", module=state.module, x=state.of, y=state.name))
            values[ops[-1].output] = replace(values[state.of], name=ops[-1].output)
    renamed = {op.inputs[0]: op.output for op in ops}
    ops += [op for op in _signs(values, states, renamed, working=True) if op.inputs[1] in renamed.values()]
    for state in states:
        if state.role == "gradient":
            ops.append(Clear(output=f"{state.name}_new", module=state.module, x=state.name))
            values[ops[-1].output] = replace(values[state.name], name=ops[-1].output)
    return _straight("abort", (), ops, values)


def _rebuild(states: tuple[StateArray, ...]) -> Graph:
    values = _state_values(states)
    ops = [*_signs(values, states, {}, working=True), *_signs(values, states, {}, working=False)]
    return _straight("rebuild", (), ops, values)


def _signs(
    values: dict[str, Value], states: tuple[StateArray, ...], renamed: Mapping[str, str], *, working: bool
) -> list[Op]:
    """The caches of what is being trained, or of what was kept, made anew from latents as `renamed`."""
    ops: list[Op] = []
    for state in states:
        if state.role != "signs" or working == state.name.endswith("_kept"):
            continue
        latent = renamed.get(state.of, state.of)
        turned = state.name.endswith("_signs_t")
        made = SignBits(
            output=f"{state.name}_new", module=state.module, x=state.name, y=latent, transposed=turned
        )
        values[made.output] = replace(values[state.name], name=made.output)
        ops.append(made)
    return ops


def _state_values(states: tuple[StateArray, ...]) -> dict[str, Value]:
    return {
        state.name: Value(state.name, state.type, Storage.STATE, state.meaning, state.module)
        for state in states
    }


def _over_kept(forward: Forward) -> Graph:
    """The forward graph of inference: over what was kept, without what only gradients need."""
    graph = forward.graph
    trained = {state.name for state in forward.states}
    rename: Callable[[str], str] = lambda name: kept(name) if name in trained else name  # noqa: E731
    ops = [renamed(op, rename) for op in graph.ops if op.output not in forward.training]
    values = {rename(name): replace(value, name=rename(name)) for name, value in graph.values.items()}
    return verify(_straight("forward", (graph.inputs[0],), ops, values, graph.outputs))


def renamed(op: Op, rename: Callable[[str], str]) -> Op:
    """`op` reading other values; what it makes keeps its name."""
    reads = set(op.inputs)
    changed = {
        field.name: rename(held)
        for field in fields(op)
        if field.name not in ("output", "module")
        and isinstance(held := getattr(op, field.name), str)
        and held in reads
    }
    return replace(op, **changed)


__all__ = ["DELTA", "NOW", "ROWS", "Constant", "HeadShape", "Tail", "initial", "kept", "learning_tail"]
