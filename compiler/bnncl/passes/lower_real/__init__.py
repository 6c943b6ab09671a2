"""Lowers real arithmetic to integers: the pass from stage TRACED to stage INTEGER.

Every float value becomes an integer value with a meaning, real = scale[c] * q + offset[c]. Affine maps
only change the meaning and cost nothing; a value is requantised where an op needs few bits, a common
scale or its zero at q = 0. One rule per op, in `rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Stage
from bnncl.ir.types import Float
from bnncl.ir.values import Storage
from bnncl.ops.add import RealAdd
from bnncl.ops.concat import RealConcat
from bnncl.passes.base import Pass
from bnncl.passes.input_format import InputFormat
from bnncl.passes.lower_real.rules import RULES
from bnncl.passes.lower_real.scope import Scope
from bnncl.passes.lower_real.settings import RealWidths
from bnncl.passes.ranges import Ranges


@dataclass(frozen=True)
class LowerReal(Pass):
    """Gives every real value an integer form, by the input's format and the ranges of the values.

    The output is scores: int16 with one scale. With `feature_bits` it is the features of a head instead:
    bits stay bits, other numbers become 8-bit ones of so many bits (2..8) with one scale and zero at q = 0,
    int8 unless `unsigned_features` lets those that are never negative be uint8. Their scale is
    `feature_step` where it is given, else what their range asks for.
    """

    input_format: InputFormat
    ranges: Ranges
    widths: RealWidths
    feature_bits: int | None = None
    unsigned_features: bool = False
    feature_step: float | None = None

    name = "lower-real"
    needs = Stage.TRACED
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph in integers."""
        scope = Scope(graph, self.input_format, self.ranges, self.widths)
        for op in graph.ops:
            rule = RULES.get(type(op))
            if rule is None:
                scope.keep(op)
            elif not scope.is_carried(op.output):
                rule(scope, op)
            if _is_stream(graph, op.output):
                scope.narrow(op.output)
        outputs = tuple(self._output(scope, name) for name in graph.outputs)
        return _finished(graph, scope, outputs)

    def _output(self, scope: Scope, traced: str) -> str:
        if self.feature_bits is None:
            return scope.as_scores(traced)
        return scope.as_features(
            traced, self.feature_bits, unsigned=self.unsigned_features, step=self.feature_step
        )


def _is_stream(graph: Graph, name: str) -> bool:
    """Whether a real value goes into a sum or the like, and elsewhere: all then read the same few bits."""
    readers = graph.readers(name)
    sums = [reader for reader in readers if isinstance(reader, RealAdd | RealConcat)]
    return isinstance(graph.type_of(name).domain, Float) and 0 < len(sums) < len(readers)


def _finished(graph: Graph, scope: Scope, outputs: tuple[str, ...]) -> Graph:
    values = scope.values
    for made, traced in zip(outputs, graph.outputs, strict=True):
        values[made] = replace(values[made], storage=Storage.OUTPUT, meaning=scope.meaning_of(traced))
    order = dict.fromkeys([*graph.inputs, *(op.output for op in scope.ops)])
    return Graph(
        graph.name,
        Stage.INTEGER,
        graph.inputs,
        outputs,
        tuple(scope.ops),
        {name: values[name] for name in order},
    )


__all__ = ["LowerReal", "RealWidths"]
