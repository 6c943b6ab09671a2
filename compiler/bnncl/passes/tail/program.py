"""All graphs of a tail that learns, and its states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import StateArray, Storage, Value
from bnncl.ir.verify import verify
from bnncl.kernels.learned_head import CURSOR as NOW
from bnncl.kernels.learned_head import DELTA, ROWS
from bnncl.ops.tail.backward import HeadInputGradient
from bnncl.ops.tail.exponents import FixedExponent
from bnncl.ops.tail.parameters import SignBits
from bnncl.passes.tail.calibrate import calibrated
from bnncl.passes.tail.ends import abort_graph, commit_graph, rebuild_graph, straight, update_graph
from bnncl.passes.tail.forward import Forward
from bnncl.passes.tail.gradients import sweep_back
from bnncl.passes.tail.settings import TailSettings
from bnncl.passes.tail.sweep import Sweep, needed_values


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
    sample = calibrated(forward, sample, found, settings)
    graphs = (
        sample,
        update_graph(forward, sample, states, settings),
        commit_graph(states),
        abort_graph(states),
        rebuild_graph(states),
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
        if state.role == "kept":
            made[state.name] = made[state.of].copy()
    for state in held:
        if state.role == "signs":
            caches = SignBits(output="", x="", y="", transposed=state.name.endswith("_signs_t"))
            made[state.name] = caches.evaluate(made[state.of], made[state.of])
    return made


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
    return straight("sample", (graph.inputs[0], DELTA), ops, sweep.values, graph.outputs), sweep


def _kept_states(forward: Forward, settings: TailSettings) -> list[StateArray]:
    found = []
    for state in forward.states:
        if state.role == "parameter" or (state.role == "latent" and settings.keep_latents):
            found.append(replace(state, name=kept(state.name), role="kept", of=state.name, initial=None))
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


def _over_kept(forward: Forward) -> Graph:
    """The forward graph of inference: over what was kept, without what only gradients need."""
    graph = forward.graph
    trained = {state.name for state in forward.states}
    rename: Callable[[str], str] = lambda name: kept(name) if name in trained else name  # noqa: E731
    ops = [renamed(op, rename) for op in graph.ops if op.output not in forward.training]
    values = {rename(name): replace(value, name=rename(name)) for name, value in graph.values.items()}
    return verify(straight("forward", (graph.inputs[0],), ops, values, graph.outputs))


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


__all__ = ["DELTA", "NOW", "ROWS", "HeadShape", "Tail", "initial", "kept", "learning_tail"]
