"""The C of the runtime: weights, the list of kernel calls, context and model information."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnncl.emit.ctext import comment, initializer, integer, string
from bnncl.emit.layout import Names, arena_pointer, describe, stored_len
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.views import (
    ArrayView,
    AssertView,
    CallView,
    InferView,
    InfoView,
    ParamsView,
    SectionView,
    StructView,
)
from bnncl.kernels.base import Binding, ConstArray, KernelCall, ParamStruct, Ref, calls
from bnncl.plan.bounds import Bound as Bounds
from bnncl.plan.learn_bounds import Proof
from bnncl.plan.memory import Place
from bnncl.plan.tail_bounds import tail_proofs

Bound = tuple[tuple[KernelCall, Binding], ...]
_WIDTH = 100


def array_views(names: Names, bound: Bound) -> tuple[ArrayView, ...]:
    """Every constant array of all graphs, in the order of the ops."""
    own = [(call, array) for call, binding in bound if not names.is_shared(call) for array in binding.arrays]
    symbols = [names.constant(call, array.name) for call, array in own]
    assert len(symbols) == len({*symbols}), "two constants of the same name"
    return tuple(_array_view(names, call, array) for call, array in own)


def _array_view(names: Names, call: KernelCall, array: ConstArray) -> ArrayView:
    symbol = names.constant(call, array.name)
    axes = " x ".join(f"{name} {size}" for name, size in array.places.axes)
    of = call.op.module or type(call.op).__name__
    return ArrayView(
        declaration=f"const {array.ctype} {symbol}[{array.data.size}]",
        about=comment(f"{of}: {array.name} ({axes})"),
        lines=initializer(array.data),
    )


def infer_view(spec: ProjectSpec, names: Names, bound: Bound) -> InferView:
    """The kernel calls of inference."""
    return InferView(
        headers=headers(bound), section=section_view(spec, call_views(spec, names, bound), bound)
    )


def params_view(spec: ProjectSpec, names: Names, bound: Bound) -> ParamsView:
    """What the calls of all graphs, `bound`, are given."""
    return ParamsView(
        headers=headers(bound),
        structs=tuple(
            _struct_view(names, call, struct)
            for call, binding in bound
            if not names.is_shared(call)
            for struct in binding.structs
        ),
        asserts=(
            *(
                each
                for op in spec.report.ops
                for each in _asserts(f"op{op.index}", op.accumulator, op.product)
            ),
            *(proof_view(proof) for proof in tail_proofs(spec.program)),
        ),
    )


def headers(bound: Bound) -> tuple[str, ...]:
    """The headers that declare what is called."""
    return tuple(sorted({call.kernel.header for call, _ in bound}))


def call_views(spec: ProjectSpec, names: Names, bound: Bound) -> tuple[CallView, ...]:
    """Every op of the graph."""
    by_output = {call.output: (call, binding) for call, binding in bound}
    return tuple(
        _call_view(spec, names, index, call, by_output.get(call.output))
        for index, call in enumerate(calls(spec.graph))
    )


def section_view(spec: ProjectSpec, views: tuple[CallView, ...], bound: Bound) -> SectionView:
    """The body of a function that runs `views`, of which `bound` are code."""
    places = {spec.plan.locations[call.output].place for call, _ in bound}
    return SectionView(
        calls=views,
        uses_arena=Place.ARENA in places,
        uses_scratch=any(_uses_scratch(binding) for _, binding in bound),
        scratch_word=spec.plan.arena_bytes // 4,
    )


def _uses_scratch(binding: Binding) -> bool:
    return any(isinstance(arg, Ref) and arg.kind == "scratch" for arg in binding.args)


def _struct_view(names: Names, call: KernelCall, struct: ParamStruct) -> StructView:
    fields = [f".{field} = {_field(names, call, held)}," for field, held in struct.fields]
    return StructView(struct.ctype, names.struct(call, struct.name), tuple(_wrap(fields)))


def _field(names: Names, call: KernelCall, held: int | Ref) -> str:
    return _pointer(names, call, held) if isinstance(held, Ref) else integer(held)


def _wrap(words: Sequence[str], width: int = _WIDTH) -> Iterator[str]:
    """`words` in lines of at most `width` characters where that is possible."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line += f" {word}" if line else word
    yield line


def aligned_call(symbol: str, args: Sequence[str]) -> str:
    """A call statement, its arguments below one another where they take several lines."""
    indent = len(symbol) + 1
    ends = [*("," for _ in args[1:]), ");"]
    lines = _wrap([arg + end for arg, end in zip(args, ends, strict=True)], _WIDTH - indent)
    return f"{symbol}(" + ("\n" + " " * (4 + indent)).join(lines)


def _call_view(
    spec: ProjectSpec, names: Names, index: int, call: KernelCall, bound: tuple[KernelCall, Binding] | None
) -> CallView:
    graph = spec.graph
    out = graph.type_of(call.output)
    local = ""
    if spec.plan.locations[call.output].place is Place.ARENA:
        pointer = arena_pointer(graph, spec.plan, call.output)
        local = f"{out.ctype} *const {names.buffer(call.output)} = {pointer};"
    reads = ", ".join(describe(each) for each in graph.input_types(call))
    origin = f"module {call.op.module}" if call.op.module else call.output
    about = (comment(f"op {index}, {origin}: {type(call.op).__name__}"), f"{reads} -> {describe(out)}")
    if bound is None:
        return CallView(index, (*about, "the same bytes: no code"), False, local, "", "", 0)
    args = [argument(names, call, arg) for arg in bound[1].args]
    return CallView(
        index=index,
        about=tuple(about),
        code=True,
        local=local,
        call=aligned_call(call.kernel.symbol, args),
        output=names.buffer(call.output),
        size=out.stored_bytes,
    )


def argument(names: Names, call: KernelCall, arg: Ref | int) -> str:
    """An argument of a call in inference; what is neither a value nor scratch is the same in every graph."""
    if not isinstance(arg, Ref):
        return integer(arg)
    if arg.kind in ("config", "head"):
        return f"&{names.of_model('head_config')}" if arg.kind == "config" else "&head"
    if arg.kind in ("array", "struct"):
        return _pointer(names, call, arg)
    if arg.kind == "input":
        return names.buffer(call.inputs[int(arg.name or "0")])
    return names.buffer(call.output) if arg.kind == "output" else "scratch"


def _pointer(names: Names, call: KernelCall, to: Ref) -> str:
    assert to.kind in ("array", "struct"), to
    return names.constant(call, to.name) if to.kind == "array" else f"&{names.struct(call, to.name)}"


def proof_view(proof: Proof) -> AssertView:
    """That the variable of a proof holds its interval."""
    name, low, high, bits = proof
    if bits < 0:
        return AssertView(f"{integer(high)} <= UINT{-bits}_MAX", f"{name}_fits")
    limits = f"{integer(low)} >= INT{bits}_MIN && {integer(high)} <= INT{bits}_MAX"
    return AssertView(limits, f"{name}_fits")


def _asserts(op: str, accumulator: Bounds | None, product: Bounds | None) -> Iterator[AssertView]:
    for what, found in (("accumulator", accumulator), ("product", product)):
        if found is not None:
            bits = found.bits
            condition = f"{integer(found.lo)} >= INT{bits}_MIN && {integer(found.hi)} <= INT{bits}_MAX"
            yield AssertView(condition, f"{op}_{what}_fits_int{bits}")


def info_view(spec: ProjectSpec) -> InfoView:
    """Context and model information."""
    source = spec.graph.type_of(spec.graph.inputs[0])
    return InfoView(
        has_labels=bool(spec.labels),
        labels=tuple(string(label) for label in spec.labels),
        fingerprint=f"0x{spec.model_sha256[:8]}u",
        input_len=stored_len(source),
        weight_bytes=spec.report.weight_bytes,
    )
