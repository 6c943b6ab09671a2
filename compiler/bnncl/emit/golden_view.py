"""Known answers in C: inputs, the output of every op, scores."""

from __future__ import annotations

import zlib

from bnncl.emit.ctext import comment, identifier, initializer, string
from bnncl.emit.layout import element_bits, stored_len
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.stored import stored
from bnncl.emit.views import GoldenOpView, GoldenView
from bnncl.ir.types import Int, Packed
from bnncl.kernels.base import KernelCall, calls


def golden_view(spec: ProjectSpec) -> GoldenView:
    """The vectors of the golden test: the first sample in full, of the others CRC-32s."""
    graph = spec.graph
    source = graph.type_of(graph.inputs[0])
    samples = len(spec.golden.inputs)
    assert samples >= 1, "a project needs a golden sample"
    ops = tuple(
        _op_view(spec, index, call) for index, call in enumerate(calls(graph)) if not call.kernel.is_alias
    )
    return GoldenView(
        samples=samples,
        input_len=stored_len(source),
        inputs=tuple(initializer(stored(sample, source)) for sample in spec.golden.inputs),
        ops=ops,
        op_count=len(ops),
        scores=tuple(", ".join(scores(spec, sample)) for sample in range(samples)),
        has_crcs=samples > 1,
    )


def scores(spec: ProjectSpec, sample: int) -> tuple[str, ...]:
    """The expected scores of a golden sample."""
    graph = spec.graph
    return initializer(stored(spec.golden.values[graph.outputs[0]][sample], graph.type_of(graph.outputs[0])))


def _op_view(spec: ProjectSpec, index: int, call: KernelCall) -> GoldenOpView:
    type_ = spec.graph.type_of(call.output)
    vectors = [stored(sample, type_) for sample in spec.golden.values[call.output]]
    op = type(call.op).__name__
    where = call.op.module or call.output
    domain = type_.domain
    shape = (1, 1, vectors[0].size) if isinstance(domain, Packed) else type_.shape
    return GoldenOpView(
        index=index,
        test=f"op_{index}_{op}_{identifier(where)}",
        label=string(comment(f"op {index} ({op}, {where})")),
        bits=element_bits(type_),
        signed="true" if isinstance(domain, Int) and domain.signed else "false",
        height=shape[0],
        width=shape[1],
        channels=shape[2],
        ctype=type_.ctype,
        count=vectors[0].size,
        lines=initializer(vectors[0]),
        crcs=", ".join(f"0x{zlib.crc32(vector.tobytes()):08x}u" for vector in vectors[1:]),
    )
