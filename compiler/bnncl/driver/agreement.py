"""How true the integers are to PyTorch, layer by layer, on the calibration data."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.driver.options import top_class
from bnncl.driver.samples import spread
from bnncl.frontend.model import TracedModel
from bnncl.interp import given, run
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array
from bnncl.ops.conv import BinaryConv, GroupedConv
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import Threshold
from bnncl.passes.choose_polarity import Densities, binary_densities
from bnncl.passes.input_format import InputFormat

_SAMPLES = 256
_WORK = 8e9


@dataclass(frozen=True)
class NearThreshold:
    """Where a binary layer with weights ±a gives another bit than PyTorch for the same input.

    `bits` of `of` differ. A float32 sum of n terms ±a depends on their order, so PyTorch's own sum is
    no function of the integer that it stands for: these bits lie within n * 2**-23 of their threshold.
    """

    value: str
    module: str
    bits: int
    of: int


@dataclass(frozen=True, eq=False)
class Agreement:
    """Shares of equal elements by value name (0..1), of equal top classes, and ±a bits that differ.

    `densities` are the shares of -1 that the integers had on the same samples.
    """

    samples: int
    by_value: dict[str, float]
    top_class: float
    near_threshold: tuple[NearThreshold, ...]
    densities: Densities


def measure(model: TracedModel, program: Program, input_format: InputFormat, x: Array) -> Agreement:
    """Compare `program` with torch on at most 256 of the real inputs `x` (N, H, W, C)."""
    integer = program.graphs[0]
    x = spread(x, integer, most=_SAMPLES, work=_WORK)
    wanted, scores = model.torch_run(x)
    got = run(integer, given(program, input_format.quantise(x)))
    by_value = {name: float((wanted[name] == got[name]).mean()) for name in integer.values if name in wanted}
    top = float((top_class(scores) == top_class(got[integer.outputs[0]])).mean())
    near = near_threshold(model.graph, wanted)
    return Agreement(len(x), by_value, top, near, binary_densities(integer, got))


def near_threshold(traced: Graph, wanted: dict[str, Array]) -> tuple[NearThreshold, ...]:
    """Bits of each binary layer that differ from torch's when the layer is fed what torch fed it."""
    found: list[NearThreshold] = []
    local: dict[str, Array] = {}
    for op in traced.ops:
        sources = [wanted.get(name, local.get(name)) for name in op.inputs]
        if any(source is None for source in sources):
            continue
        local[op.output] = op.evaluate(*[source for source in sources if source is not None])
        if op.output in wanted and _after_binary(traced, op.output):
            differing = int((local[op.output] != wanted[op.output]).sum())
            if differing:
                found.append(NearThreshold(op.output, op.module, differing, wanted[op.output].size))
    return tuple(found)


def _after_binary(graph: Graph, name: str) -> bool:
    """Whether the value is the thresholded, perhaps pooled, accumulator of a binary convolution."""
    op = graph.producer(name)
    while isinstance(op, Threshold | MaxPool | Flatten):
        op = graph.producer(op.x)
    return isinstance(op, BinaryConv | GroupedConv)
