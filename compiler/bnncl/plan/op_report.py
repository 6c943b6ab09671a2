"""What the report says of one op: where it comes from, what it computes, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bnncl.ir.graph import Graph
from bnncl.ir.types import Int, Packed, Shape, TensorType, storage_range
from bnncl.kernels.base import KernelCall, calls
from bnncl.ops.conv import BinaryConv
from bnncl.plan.bounds import Bound, accumulator_bound, macs, product_bound
from bnncl.plan.memory import MemoryPlan
from bnncl.targets import Target


@dataclass(frozen=True)
class OpReport:
    """One op: where it comes from, what it computes, what it costs.

    MACs and `instructions` (predicted, on the first target) are for one inference; sizes are in bytes.
    `density` is the share of -1 that a binary convolution was seen to read, None elsewhere and where nothing
    was measured; `worst_instructions` are those of the input that takes longest. Of the output's channels,
    `negated` are stored negated.
    `place` and `offset` say where the output lies. `accumulator` bounds the 32-bit sum, `product` the
    64-bit product of a rescale. `agreement` is the share of elements that equal PyTorch's, 0..1, or None
    where it was not measured.
    """

    index: int
    module: str
    op: str
    kernel: str
    output: str
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    domain: str
    binary_macs: int
    integer_macs: int
    parameter_bytes: int
    scratch_bytes: int
    output_bytes: int
    place: str
    offset: int
    accumulator: Bound | None
    product: Bound | None
    density: float | None
    negated: int
    instructions: int
    worst_instructions: int
    agreement: float | None


@dataclass(frozen=True)
class Measured:
    """What was compared with PyTorch: shares of equal elements by value name, and of equal top classes.

    `negated` are the numbers of channels that are stored negated since -1 was the more frequent number.
    """

    by_value: Mapping[str, float]
    top_class: float | None
    negated: Mapping[str, int] = field(default_factory=dict)


UNMEASURED = Measured({}, None)


def op_report(graph: Graph, plan: MemoryPlan, index: int, target: Target, measured: Measured) -> OpReport:
    """What the report says of op `index` of the SELECTED `graph` under `plan`."""
    call = calls(graph)[index]
    types = graph.input_types(call)
    out = graph.type_of(call.output)
    binary, integer = macs(call.op, types)
    where = plan.locations[call.output]
    return OpReport(
        index=index,
        module=call.op.module,
        op=type(call.op).__name__,
        kernel="" if call.kernel.is_alias else call.kernel.symbol,
        output=call.output,
        in_shapes=tuple(each.shape for each in types),
        out_shape=out.shape,
        domain=domain_text(out),
        binary_macs=binary,
        integer_macs=integer,
        parameter_bytes=parameter_bytes(call, types),
        scratch_bytes=plan.scratch[index],
        output_bytes=out.stored_bytes,
        place=where.place.value,
        offset=where.offset,
        accumulator=accumulator_bound(call.op, types),
        product=product_bound(call.op, types),
        density=call.op.density if isinstance(call.op, BinaryConv) else None,
        negated=measured.negated.get(call.output, 0),
        instructions=call.kernel.cost(call.op, types, target),
        worst_instructions=call.kernel.worst_cost(call.op, types, target),
        agreement=measured.by_value.get(call.output),
    )


def domain_text(type_: TensorType) -> str:
    """The numbers of a value and how they are stored: `binary`, `uint8`, `int16 -100..100`."""
    domain = type_.domain
    if isinstance(domain, Packed):
        return f"packed to {domain.bits} bits {domain.lo}..{domain.hi}"
    if not isinstance(domain, Int):
        return "binary"
    stored = type_.ctype.removesuffix("_t")
    full = (domain.lo, domain.hi) == storage_range(domain.bits, signed=domain.signed)
    return stored if full else f"{stored} {domain.lo}..{domain.hi}"


def parameter_bytes(call: KernelCall, types: tuple[TensorType, ...]) -> int:
    """Bytes of the constant arrays of `call`."""
    return sum(int(array.data.nbytes) for array in call.kernel.bind(call.op, types).arrays)
