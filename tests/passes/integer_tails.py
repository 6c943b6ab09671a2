"""Tails in integers, run by the interpreter: gradients of samples, and steps of learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.numerics.heads import forward_copy
from bnncl.ops.tail.parameters import Accumulate, FilterSum
from bnncl.passes.tail.forward import Forward, lower_forward
from bnncl.passes.tail.program import DELTA, ROWS, HeadShape, Tail, initial, learning_tail
from bnncl.passes.tail.settings import TailSettings

from .tails import TAILS, latents

CLASSES, WEIGHT_BITS = 5, 11
States = dict[str, np.ndarray]


@dataclass
class Learned:
    """One tail with a fixed head of random weights, and samples that it gets wrong."""

    forward: Forward
    tail: Tail
    head: HeadShape
    settings: TailSettings
    samples: np.ndarray
    rows: np.ndarray
    delta: np.ndarray

    @property
    def states(self) -> States:
        return initial(self.tail.states)

    def graph(self, name: str) -> Graph:
        return next(graph for graph in self.tail.training if graph.name == name)

    def weights(self) -> np.ndarray:
        """Real weights of the forward copies, (classes, features)."""
        head = self.head
        copy = forward_copy(self.rows[0, 0], head.q_backward, head.q_forward)
        unit = 2.0 ** (head.q_backward - head.q_forward - head.weight_exponent)
        return copy[:, : head.features - head.bias_features] * unit

    def feature_gradients(self) -> np.ndarray:
        """Real gradients of the features, (N, F)."""
        delta = self.delta.reshape(len(self.delta), -1) * 2.0 ** (1 - self.head.q_backward)
        return delta @ self.weights()

    def sample(self, states: States, samples: np.ndarray, delta: np.ndarray) -> States:
        """Every value of the graph `sample`, run on a batch."""
        graph = self.graph("sample")
        given = {self.forward.graph.inputs[0]: samples, DELTA: delta, ROWS: self.rows, **states}
        return run(graph, {name: given[name] for name in graph.inputs})

    def gradients(self) -> States:
        """Real gradients of all that is trained, summed over the samples, by the state's name."""
        values = self.sample(self.states, self.samples, self.delta)
        owners = {state.name: state.of for state in self.tail.states}
        found = {}
        for op in self.graph("sample").ops:
            if isinstance(op, Accumulate | FilterSum):
                found[owners[op.acc]] = values[op.output][0] * 2.0**op.exponent
        return found


def learned(tail: Graph, count: int = 12, *, bias_features: int = 1, **settings: object) -> Learned:
    """The traced tail in integers, with the settings given."""
    chosen = TailSettings(**{"samples": count, **settings})  # type: ignore[arg-type]
    samples = latents(tail, count)
    forward = lower_forward(tail, latents(tail, 48, seed=8), chosen)
    features = forward.graph.type_of(forward.graph.outputs[0]).elements + bias_features
    bits = chosen.q_backward
    limit = (1 << (bits - 1)) - 1
    exponent = WEIGHT_BITS + bits - 16
    head = HeadShape(CLASSES, features, bias_features, chosen.q_forward, bits, exponent, limit)
    rng = np.random.default_rng(3)
    rows = np.rint(rng.normal(0, 1.0, (1, 1, CLASSES, features)) * 2.0**exponent).astype(np.int64)
    rows = np.clip(rows, -limit, limit)
    delta = wrong(rng, count, bits)
    made = learning_tail(forward, head, chosen, (samples, delta, rows))
    return Learned(forward, made, head, chosen, samples, rows, delta)


def wrong(rng: np.random.Generator, count: int, bits: int) -> np.ndarray:
    """Gradients of logits, (N, 1, 1, classes), of samples whose class was thought unlikely."""
    odds = np.exp(rng.normal(0, 1.5, (count, CLASSES)))
    odds /= odds.sum(1, keepdims=True)
    odds[np.arange(count), odds.argmin(1)] -= 1
    half = 1 << (bits - 1)
    return np.clip(np.rint(odds * half), -half, half - 1).astype(np.int64)[:, None, None]


def change(graph: Graph, states: States, **read: np.ndarray) -> States:
    """Run `graph` and put what it made of `states` into them; returns every value."""
    given = {**states, **read}
    values = run(graph, {name: given[name] for name in graph.inputs})
    for op in graph.ops:
        if op.changes_state:
            states[op.inputs[0].removesuffix("_new")] = values[op.output]
    return values


def cursor(step: int, samples: int, seed: int = 1) -> np.ndarray:
    return np.array([seed, step, samples]).reshape(1, 1, 1, 3)


def example_program(name: str = "bireal", **settings: object) -> Tail:
    """The graphs and states of one small tail."""
    return learned(TAILS[name](0), **settings).tail
