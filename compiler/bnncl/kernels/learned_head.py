"""The head that learns: the call that scores, and the graphs before and behind the cut.

Not in the registry: scoring is one function of many that share a head's state (`bnncl/learn.h`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.kernels.base import Binding, ConstArray, Kernel, KernelCall, Ref
from bnncl.kernels.packing import dense
from bnncl.ops.learned_head import LearnedHead
from bnncl.targets import Target

_INSTRUCTIONS_A_WEIGHT = 5

DELTA, ROWS, CURSOR = "delta", "tw", "cursor"
"""What graphs of a tail that learns are given beside latent and states: the gradient of a sample's logits,
the working head's rows, and what an update knows of its minibatch (`ops.tail.parameters.CURSOR`)."""


class LearnedHeadKernel(Kernel):
    """Scores by the consolidated rows, which learning changes; constants are what it starts from."""

    symbol = "bnncl_learn_scores"
    header = "bnncl/learn.h"
    constant_time = True

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Features of one bit or of 8, with or without sign."""
        if not isinstance(op, LearnedHead):
            return False
        domain = types[0].domain
        return isinstance(domain, Binary) or (isinstance(domain, Int) and domain.bits == 8)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Factory state as constants; configuration and head are arguments that the project defines."""
        assert isinstance(op, LearnedHead)
        arrays = tuple(array for array in _arrays(op) if array.data.size)
        return Binding(arrays, (), (Ref("config"), Ref("head"), Ref("input", "0"), Ref("output")))

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """A few instructions for each weight of the classes known at first."""
        assert isinstance(op, LearnedHead)
        return _INSTRUCTIONS_A_WEIGHT * op.config.features * known_rows(op)


def known_rows(op: LearnedHead) -> int:
    """Rows up to the last class that is known at first, 0 where none is; the others begin as zeros."""
    return int(np.max(np.flatnonzero(op.past.data > 0), initial=-1)) + 1


def _arrays(op: LearnedHead) -> tuple[ConstArray, ...]:
    rows = known_rows(op)
    words = np.ascontiguousarray(op.replay_latents.data).view("<u4").astype(np.uint32)
    return (
        dense("weights", "int16_t", op.weights.data[:rows], ("class", "feature")),
        dense("past", "uint32_t", op.past.data[:rows], ("class",)),
        dense("met", "uint32_t", op.met.data[:rows], ("class",)),
        dense("replay_labels", "uint16_t", op.replay_labels.data, ("slot",)),
        dense("replay_latents", "uint32_t", words, ("slot", "word")),
    )


def head_of(graph: Graph) -> LearnedHead | None:
    """The head that learns of an INTEGER or SELECTED graph: its last op, or None."""
    last = graph.ops[-1] if graph.ops else None
    op = last.op if isinstance(last, KernelCall) else last
    return op if isinstance(op, LearnedHead) else None


@dataclass(frozen=True, eq=False)
class Parts:
    """A graph whose head learns, cut in three: `encode` gives the cut, `tail` the head's inputs.

    Where the tail learns, too, the states that it reads are further inputs of it.
    `tail` has no ops where the cut is what the head reads.
    """

    encode: Graph
    tail: Graph
    head: LearnedHead

    @property
    def latent(self) -> TensorType:
        """The value that is kept as latents."""
        return self.encode.type_of(self.head.cut)

    @property
    def features(self) -> TensorType:
        """What the head reads."""
        return self.tail.type_of(self.head.x)


def parts(graph: Graph) -> Parts:
    """The three parts of a graph that ends in a LearnedHead."""
    head = head_of(graph)
    assert head is not None, f"{graph.name} does not learn"
    at = next(index for index, op in enumerate(graph.ops) if op.output == head.cut) + 1
    source, *states = graph.inputs
    encode = replace(graph, name="encode", inputs=(source,), outputs=(head.cut,)).with_ops(graph.ops[:at])
    tail = replace(graph, name="tail", inputs=(head.cut, *states), outputs=(head.x,)).with_ops(
        graph.ops[at:-1]
    )
    return Parts(encode, tail, head)


def forward_ops(sample: Graph) -> int:
    """How many ops of the graph `sample` come before the head: those before the first gradient."""
    return next(index for index, op in enumerate(sample.ops) if DELTA in op.inputs)
