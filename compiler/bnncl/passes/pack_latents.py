"""Puts a cut of packed numbers between a graph and the head that reads its output."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import Int
from bnncl.ir.values import Storage, Value
from bnncl.ops.elementwise import Requantize
from bnncl.ops.pack import Pack, Unpack
from bnncl.passes.base import Pass
from bnncl.passes.lower_real.rescale import to_common_scale


@dataclass(frozen=True)
class PackLatents(Pass):
    """Packs the output, 8-bit numbers of `bits` bits, and unpacks it again: the packed value is the cut.

    A head of `feature_bits` bits, fewer than `bits`, reads the numbers rescaled. Inference takes the same
    path as training, so all samples, new and replayed, are seen through the same numbers. Without `bits` the
    graph stays as it is.
    """

    bits: int | None
    feature_bits: int

    name = "pack-latents"
    needs = Stage.INTEGER
    gives = Stage.INTEGER

    def run(self, graph: Graph) -> Graph:
        """The graph with the cut behind its last op."""
        if self.bits is None:
            return graph
        (name,) = graph.outputs
        source = replace(graph.values[name], storage=Storage.ARENA)
        module = source.module
        made: list[Op] = [
            Pack(output=f"{name}_latent", module=module, x=name, bits=self.bits),
            Unpack(output=f"{name}_replayed", module=module, x=f"{name}_latent"),
        ]
        values = [source]
        for op in made:
            type_ = op.infer(values[-1].type)
            values.append(Value(op.output, type_, Storage.ARENA, source.meaning, module))
        if self.bits > self.feature_bits:
            narrower, value = self._narrowed(values[-1], f"{name}_narrow")
            made.append(narrower)
            values.append(value)
        values[-1] = replace(values[-1], storage=Storage.OUTPUT)
        return replace(graph.with_ops([*graph.ops, *made], values), outputs=(made[-1].output,))

    def _narrowed(self, source: Value, name: str) -> tuple[Op, Value]:
        """Real zero stays 0, so that the numbers keep one scale."""
        domain, meaning = source.type.domain, source.meaning
        assert isinstance(domain, Int)
        assert meaning is not None
        limit = float(meaning.scale[0]) * domain.hi
        bits, unsigned = self.feature_bits, domain.lo >= 0
        limits = (0.0 if unsigned else -limit, limit)
        rescale, made = to_common_scale(source, meaning, limits, bits, unsigned=unsigned)
        op = Requantize(output=name, module=source.module, x=source.name, rescale=replace(rescale, bits=8))
        return op, Value(name, op.infer(source.type), Storage.ARENA, made, source.module)
