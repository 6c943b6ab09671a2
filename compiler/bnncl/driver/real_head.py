"""Takes the last linear layer off a traced graph, as real numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.driver.samples import spread
from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary
from bnncl.ir.values import Value
from bnncl.ops.conv import BinaryConv, Conv, RealConv
from bnncl.ops.elementwise import RealAffine
from bnncl.ops.flatten import Flatten
from bnncl.ops.window import Window

_LOGIT = 2.0
_ALIKE = 1e-9
"""Features that differ by less, by their size, differ by rounding alone."""

_SAMPLES, _WORK = 256, 4e9


@dataclass(frozen=True, eq=False)
class RealHead:
    """Logits (classes,) = weights (classes, I) @ features + bias, in float64; `module` is torch's path.

    `reach` is the magnitude that weights of a new head are expected to grow to; None: that of the largest.
    """

    weights: Array
    bias: Array
    module: str
    reach: float | None = None

    def anew(self, features: Array) -> RealHead:
        """With the reach of a head that starts from nothing, on features (N, ..., I) such as are to come.

        Weights of that magnitude, along the root mean square distance of features from their mean, make a
        logit of 2: few weights of a trained softmax are larger, whatever the model's own head looked like.
        """
        flat = features.reshape(len(features), -1).astype(np.float64)
        distance = _root_mean_square(flat - flat.mean(0))
        tells = distance > _ALIKE * _root_mean_square(flat)
        return replace(self, reach=_LOGIT / distance) if tells else self

    def on(self, features: Value) -> RealHead:
        """The same logits from stored features q: binary ones, or int8 ones in units of their one scale.

        W @ (s * q + o) + b = (W * s) @ q + (W @ o + b).
        """
        meaning = features.meaning
        if meaning is None or not isinstance(features.type.domain, Binary):
            return self
        count = features.type.channels
        scale, offset = (np.broadcast_to(part, count) for part in (meaning.scale, meaning.offset))
        reach = None if self.reach is None else self.reach * float(scale.max())
        return replace(
            self, weights=self.weights * scale, bias=self.bias + self.weights @ offset, reach=reach
        )


def _root_mean_square(vectors: Array) -> float:
    return float(np.sqrt(np.square(vectors).sum(1).mean()))


def separate(graph: Graph) -> tuple[Graph, RealHead]:
    """The TRACED graph up to the head's features, and the head; UnsupportedModel (`no-head`).

    The head is the last convolution, if it is 1x1 on a vector and only affine maps stand behind it.
    """
    scale, offset = np.ones(1), np.zeros(1)
    op = graph.producer(graph.outputs[0])
    while isinstance(op, RealAffine | Flatten):
        if isinstance(op, RealAffine):
            offset = scale * op.offset.data + offset
            scale = scale * op.scale.data
        op = graph.producer(op.x)
    if not isinstance(op, Conv) or not _is_linear(graph, op):
        raise UnsupportedModel(_no_head(graph, op))
    weights = op.filter.data.astype(np.float64).reshape(op.out_channels, -1) * scale[:, None]
    bias = np.zeros(op.out_channels) + offset
    if isinstance(op, RealConv) and op.bias is not None:
        bias = bias + scale * op.bias.data
    before = graph.with_ops(graph.ops[: graph.ops.index(op)])
    return replace(before, outputs=(op.x,)), RealHead(weights, bias, op.module)


def to_learn(graph: Graph, x: Array, *, new: bool) -> tuple[Graph, RealHead]:
    """As `separate`; a `new` head has the reach that suits its features of real inputs `x` (N, H, W, C)."""
    before, head = separate(graph)
    if not new:
        return before, head
    some = spread(x, before, most=_SAMPLES, work=_WORK)
    return before, head.anew(run(before, {before.inputs[0]: some})[before.outputs[0]])


def _is_linear(graph: Graph, op: Conv) -> bool:
    plain = op.window == Window() and isinstance(op, RealConv | BinaryConv)
    return plain and graph.type_of(op.x).shape[:2] == (1, 1) and op.x not in graph.inputs


def _no_head(graph: Graph, op: Op | None) -> Problem:
    return Problem(
        "no-head",
        "the model does not end in a linear layer",
        (op.module if op is not None else "") or graph.outputs[0],
        "Learning changes the last linear layer; only batch norm and scaling may stand behind it.",
        "End the model in torch.nn.Linear, or compile it without --train.",
    )
