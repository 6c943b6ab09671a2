"""Learning of all that stands behind the cut, op by op: the reference for the steps of a tail that learns.

PAPERS section 4. What the ops compute is theirs; what a sample, an update, a commit and an abort consist of
are graphs of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.interp.head import HeadLearner, Latent, Phase
from bnncl.interp.latents import from_latents
from bnncl.interp.states import Line, States, change, initial
from bnncl.ir.graph import Program
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Int
from bnncl.ir.values import Role, StateArray
from bnncl.kernels.learned_head import CURSOR, DELTA, ROWS, forward_ops, parts
from bnncl.numerics.bits import pack


@dataclass
class TailLearner(HeadLearner):
    """The state of a `program` whose tail learns with its head.

    A unit of work is one op, the head of a sample, or the update of one of its rows.
    `item` counts the samples of a minibatch that have been taken, `op` the units of the sample or of the
    update. `states` are the program's arrays by name, each (1, height, width, channels).
    """

    program: Program = field(kw_only=True)
    states: States = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.states = initial(self.program)
        self._parts = parts(self.program.graphs[0])
        self._sample_graph = self.program.graph("sample")
        self._update_graph = self.program.graph("update")
        self._before_head = forward_ops(self._sample_graph)
        self._line = Line(self._sample_graph, self.states)
        self._label = 0

    def _forward(self) -> None:
        ops, new = self._sample_graph.ops, self._sizes()[0]
        if self.op == 0:
            self._take(*self._pick(new))
        if self.op == self._before_head:
            self._score()
        else:
            self._do(ops[self.op - (self.op > self._before_head)])
        self.op += 1
        if self.op == len(ops) + 1:
            self.op = 0
            self.item += 1
            if self.item % self.config.between_updates == 0 or self.item == sum(self._sizes()):
                self.phase = Phase.UPDATE

    def _take(self, latent: Latent, label: int) -> None:
        """Begin with a sample."""
        cut = from_latents(latent[None], self._parts.latent)
        self._line = Line(self._sample_graph, self.states, {self._parts.head.cut: cut})
        self._label = label

    def _score(self) -> None:
        """The head of a sample: what its ops so far made, to the gradient of the logits."""
        features = self._line.values[self._parts.head.x].reshape(-1)
        delta = self._add(self._parts.head.with_bias(features), self._label)
        self._line.values |= {DELTA: delta.reshape(1, 1, 1, -1), ROWS: self.tw[None, None]}

    def _update(self) -> None:
        ops, classes = self._update_graph.ops, self.config.max_classes
        if self.op < classes:
            self._update_row(self.op)
        else:
            if self.op == classes:
                self._line = Line(self._update_graph, self.states, {CURSOR: self._minibatch()})
            self._do(ops[self.op - classes])
        self.op += 1
        if self.op == classes + len(ops):
            self.op, self.phase = 0, Phase.FORWARD
            self._deltas, self._inputs = [], []
            if self.item == sum(self._sizes()):
                self._next_batch()

    def _minibatch(self) -> Array:
        """What an update knows of its minibatch."""
        found = [self.seed, self._noise_step(), sum(self._sizes())]
        return np.array(found, np.int64).reshape(1, 1, 1, 3)

    def _noise_step(self) -> int:
        """Updates within one minibatch have random words of their own."""
        turn = (self.item - 1) // self.config.between_updates
        return (self.steps + (turn << 24)) % 2**32

    def _do(self, op: Op) -> Array:
        """One op of a sample or of an update."""
        return self._line.do(op)

    def commit(self) -> None:
        """Consolidate the head, keep what else was trained; status BAD_STATE before all steps are done."""
        super().commit()
        change(self.program.graph("commit"), self.states)

    def abort(self) -> None:
        """Give the open experience up: all is as after the last commit, or LOST where nothing keeps that."""
        if self.phase is Phase.LOST:
            return
        trained = self.in_training
        super().abort()
        if trained:
            change(self.program.graph("abort"), self.states)
            self.phase = Phase.IDLE if self.goes_back else Phase.LOST

    @property
    def goes_back(self) -> bool:
        """Whether there is a copy of all that is trained, so that an abort can go back to it."""
        kept = {state.of for state in self.program.states if state.role == "kept"}
        return all(state.name in kept for state in self.program.states if _is_trained(state))

    def load(self, trained: States) -> None:
        """Take latent weights and parameters over, and make what follows from them."""
        for name, held in trained.items():
            self.states[name][:] = held.reshape(self.states[name].shape)
        change(self.program.graph("commit"), self.states)
        change(self.program.graph("rebuild"), self.states)

    def caches(self) -> States:
        """The caches that follow from the rest of the state, by name, as they should be.

        Within an update those of what is being trained lag behind. Signs that are all that was kept of a
        filter follow from its weights as long as nothing is trained.
        """
        wanted = {name: array.copy() for name, array in self.states.items()}
        change(self.program.graph("rebuild"), wanted)
        caches = [state for state in self.program.states if state.role == "signs"]
        return {state.name: wanted[state.name] for state in caches if not self._lags(state)}

    def _lags(self, cache: StateArray) -> bool:
        """Whether the filter behind a cache may have changed since."""
        trained = {state.name for state in self.program.states if _is_trained(state)}
        if cache.of not in trained:
            return False
        if cache.name in {op.inputs[0] for op in self._update_graph.ops}:
            return self.phase is Phase.UPDATE
        return self.in_training or self.phase is Phase.LOST

    def caches_hold(self) -> bool:
        """Whether the caches are what follows from the rest of the state."""
        return all(np.array_equal(self.states[name], wanted) for name, wanted in self.caches().items())

    def _cursor(self) -> list[int]:
        return [*super()._cursor(), self.op]

    def canonical(self) -> bytes:
        """As of a head, with `op` behind the cursor, and behind all that what else was learned.

        In the order of the program's states: what is trained and what was kept of it; in a minibatch, the
        sums of gradients.
        """
        state = super().canonical() + self._bytes("latent", "parameter", "kept")
        in_minibatch = self.phase in (Phase.FORWARD, Phase.UPDATE)
        return state + self._bytes("gradient") if in_minibatch else state

    def packed_caches(self) -> bytes:
        """The caches as they are, in the order of the program's states."""
        return self._bytes("signs")

    def _bytes(self, *roles: Role) -> bytes:
        states = [state for state in self.program.states if state.role in roles]
        return b"".join(as_bytes(self.states[state.name], state) for state in states)


def _is_trained(state: StateArray) -> bool:
    return state.role in ("latent", "parameter")


def as_bytes(array: Array, state: StateArray) -> bytes:
    """A state as it lies in memory, little-endian; binary ones in words."""
    domain = state.type.domain
    if isinstance(domain, Int):
        return array.astype(f"<{'i' if domain.signed else 'u'}{domain.bits // 8}").tobytes()
    return pack(array).astype("<u4").tobytes()


__all__ = ["TailLearner", "as_bytes"]
