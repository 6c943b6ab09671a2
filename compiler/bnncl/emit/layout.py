"""Names, pointers and shapes of the generated C: what several files must agree on."""

from __future__ import annotations

from bnncl.emit.ctext import comment, identifier, unique
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.views import ModelView
from bnncl.ir.graph import Graph
from bnncl.ir.types import Binary, Int, Packed, Shape, TensorType
from bnncl.kernels.base import Binding, KernelCall, calls
from bnncl.kernels.learned_head import head_of, known_rows
from bnncl.numerics.bits import WORD_BITS
from bnncl.plan.memory import MemoryPlan, Place


def model_view(spec: ProjectSpec) -> ModelView:
    """The model's names and origin."""
    graph = spec.graph
    source = graph.type_of(graph.inputs[0])
    return ModelView(
        name=spec.name,
        upper=spec.name.upper(),
        version=comment(spec.version),
        sha256=spec.model_sha256,
        settings=tuple(comment(f"{key} = {value}") for key, value in spec.settings),
        input_ctype=source.ctype,
        input_text=describe(source),
        classes=known_classes(graph),
        infer_head=_infer_head(spec.name),
        learns=head_of(graph) is not None,
        scores_len=f"{spec.name.upper()}_{'CLASSES' if head_of(graph) is None else 'MAX_CLASSES'}",
    )


def known_classes(graph: Graph) -> int:
    """Classes that the model knows at first; a head that learns has room for more."""
    head = head_of(graph)
    return graph.type_of(graph.outputs[0]).channels if head is None else known_rows(head)


def _infer_head(name: str) -> str:
    """The head of the function that infers, its parameters below one another."""
    upper, start = name.upper(), f"bnncl_status {name}_infer("
    parameters = (
        f"{name}_ctx *ctx",
        f"const {name}_input input[{upper}_INPUT_LEN]",
        f"int16_t scores[{upper}_MAX_CLASSES])",
    )
    return start + (",\n" + " " * len(start)).join(parameters)


def stored_len(type_: TensorType) -> int:
    """Stored elements of one sample: words where it is binary or packed."""
    return type_.stored_bytes // (4 if isinstance(type_.domain, Binary) else element_bits(type_) // 8)


def element_bits(type_: TensorType) -> int:
    """Bits of one logical element, 1 where it is binary; of one word where it is packed."""
    if isinstance(type_.domain, Packed):
        return WORD_BITS
    return type_.domain.bits if isinstance(type_.domain, Int) else 1


def shape_text(shape: Shape) -> str:
    """A shape as height x width x channels."""
    return "x".join(map(str, shape))


def describe(type_: TensorType) -> str:
    """A type as a reader of C wants it: shape and stored numbers."""
    domain = type_.domain
    if isinstance(domain, Int):
        return f"{shape_text(type_.shape)} {type_.ctype.removesuffix('_t')}"
    if isinstance(domain, Packed):
        return f"{shape_text(type_.shape)} packed to {domain.bits} bits"
    return f"{shape_text(type_.shape)} binary"


class Names:
    """The C names of a project's ops, constants and buffers."""

    def __init__(self, spec: ProjectSpec) -> None:
        self._spec = spec
        self._ops = {
            call.output: word
            for call, word in zip(
                calls(spec.graph),
                unique(identifier(call.output) for call in calls(spec.graph)),
                strict=True,
            )
        }

    def of_model(self, what: str) -> str:
        """The symbol of something there is one of."""
        return f"{self._spec.name}_{what}"

    def constant(self, call: KernelCall, array: str) -> str:
        """The symbol of a constant array of `call`."""
        return f"{self._spec.name}_{self._ops[call.output]}_{array}"

    def struct(self, call: KernelCall, struct: str) -> str:
        """The symbol of a struct of parameters of `call`."""
        return f"{self._ops[call.output]}_{struct}"

    def buffer(self, name: str) -> str:
        """The variable that points to a value in `<name>_infer`."""
        place = self._spec.plan.locations[name].place
        if place is Place.ARENA:
            return f"v{list(self._ops).index(name)}"
        return str(place.value)


def arena_pointer(graph: Graph, plan: MemoryPlan, name: str) -> str:
    """The C expression of the address of a value in the arena."""
    words = f"arena + {plan.locations[name].offset // 4}"
    ctype = graph.type_of(name).ctype
    return words if ctype == "uint32_t" else f"({ctype} *)({words})"


def bindings(graph: Graph) -> tuple[tuple[KernelCall, Binding], ...]:
    """Every kernel call that is code, with what it needs."""
    return tuple(
        (call, call.kernel.bind(call.op, graph.input_types(call)))
        for call in calls(graph)
        if not call.kernel.is_alias
    )
