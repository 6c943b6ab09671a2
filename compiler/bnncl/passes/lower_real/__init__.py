"""Lowers real arithmetic to integers: the pass from stage TRACED to stage INTEGER.

Every float value becomes an integer value with a meaning, real = scale[c] * q + offset[c]. Affine maps
only change the meaning and cost nothing; a value is requantised where an op needs few bits, a common
scale or its zero at q = 0. One rule per op, in `rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Stage
from bnncl.ir.values import Storage
from bnncl.passes.base import Pass
from bnncl.passes.input_format import InputFormat
from bnncl.passes.lower_real.rules import RULES
from bnncl.passes.lower_real.scope import Scope
from bnncl.passes.lower_real.settings import RealWidths
from bnncl.passes.ranges import Ranges


@dataclass(frozen=True)
class LowerReal(Pass):
    """Gives every real value an integer form, by the input's format and the ranges of the values."""

    input_format: InputFormat
    ranges: Ranges
    widths: RealWidths

    name = "lower-real"
    needs = Stage.TRACED
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph in integers; its output is int16 with a meaning of one scale."""
        scope = Scope(graph, self.input_format, self.ranges, self.widths)
        for op in graph.ops:
            rule = RULES.get(type(op))
            if rule is None:
                scope.keep(op)
            else:
                rule(scope, op)
        outputs = tuple(scope.as_scores(name) for name in graph.outputs)
        return _finished(graph, scope, outputs)


def _finished(graph: Graph, scope: Scope, outputs: tuple[str, ...]) -> Graph:
    values = scope.values
    for made, wanted in zip(outputs, graph.outputs, strict=True):
        values[made] = replace(values[made], storage=Storage.OUTPUT)
        assert made == wanted, "the scores keep their name"
    order = dict.fromkeys([*graph.inputs, *(op.output for op in scope.ops)])
    return Graph(
        graph.name,
        Stage.INTEGER,
        graph.inputs,
        outputs,
        tuple(scope.ops),
        {name: values[name] for name in order},
    )


__all__ = ["LowerReal", "Op", "RealWidths", "TensorType", "Value"]
